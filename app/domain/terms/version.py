"""Terms: versioned, immutable sets of numbered clauses. The printed clauses are the rules that decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from app.domain.amounts import AmountError
from app.domain.details import detail_of
from app.domain.purchases.eligible import AmountBasis, EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.clause_numbers import number_clauses
from app.domain.terms.conditions.budget import Budget
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.effects import STANDARD_CLAUSES, STANDARD_TIER_CLAUSES
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import ClauseKind, Earning, Effect, Extra
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.required_facts import RequiredFacts
from app.domain.terms.validation import check_enforceable, validate
from app.domain.units import Unit

E = TypeVar("E", bound=Effect)


@dataclass(frozen=True)
class Terms:
    """One version of the terms, in force from `effective_from` (an instant) until the next version starts."""

    version: int
    effective_from: datetime
    currency: str
    zone: str
    clauses: tuple[Clause, ...]

    @classmethod
    def from_draft(
        cls,
        *,
        version: int,
        effective_from: datetime,
        currency: str,
        zone: str,
        clauses: Sequence[tuple[str, Sequence[Condition], Effect]],
        allow_unenforced: bool = False,
    ) -> Terms:
        """Terms from a draft, which is validated; missing standard clauses are added with their defaults.

        Raises TermsError with the path to the error, UnenforcedClauseError for a clause that is not enforced yet. With
        `allow_unenforced` a draft with such clauses can be read and compared, but must not be published.
        """
        validate(clauses, currency=currency)
        if not allow_unenforced:
            check_enforceable(clauses)
        drafted_types = {type(effect) for _, _, effect in clauses}
        taken_keys = {key for key, _, _ in clauses}
        tier_clauses = STANDARD_TIER_CLAUSES if Tier in drafted_types else ()
        added_clauses = [
            (key if key not in taken_keys else f"standard-{key}", (), effect)
            for key, effect in (*STANDARD_CLAUSES, *tier_clauses)
            if type(effect) not in drafted_types
        ]
        return cls(
            version=version,
            effective_from=effective_from.astimezone(UTC),
            currency=currency,
            zone=zone,
            clauses=number_clauses([*clauses, *added_clauses], zone=zone, since=effective_from),
        )

    @cached_property
    def clause_by_key(self) -> Mapping[str, Clause]:
        """The clauses by their keys."""
        return {clause.key: clause for clause in self.clauses}

    @cached_property
    def printed_clauses(self) -> tuple[Clause, ...]:
        """The clauses that the text shows, in the order of their numbers: those that can apply."""
        return tuple(clause for clause in self.clauses if clause.is_printed)

    @cached_property
    def _clause_by_reward(self) -> dict[str, Clause]:
        return {clause.effect.reward: clause for clause in self.clauses if isinstance(clause.effect, RewardCost)}

    @cached_property
    def policy_clauses(self) -> Mapping[type[Effect], Clause]:
        """The standard clauses by the type of their effect. A version lacks the types that were added to Troth after it."""
        return {type(clause.effect): clause for clause in self.clauses if clause.kind is ClauseKind.POLICY}

    @cached_property
    def base_clauses(self) -> tuple[tuple[Clause, Earning], ...]:
        """The earning clauses, which multipliers can multiply, in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Earning))

    @cached_property
    def extra_clauses(self) -> tuple[tuple[Clause, Extra], ...]:
        """The bonuses and multipliers, which add to the base clauses, in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Extra))

    @cached_property
    def point_clauses(self) -> tuple[Clause, ...]:
        """The clauses that give points: base clauses, then extra clauses."""
        return tuple(clause for clause, _ in (*self.base_clauses, *self.extra_clauses))

    @cached_property
    def stamp_clauses(self) -> tuple[tuple[Clause, Stamps], ...]:
        """The clauses that give stamps, in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Stamps))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """The units that can be collected or spent: points in any case, and stamps if a clause gives or costs stamps."""
        cost_units = (clause.effect.unit for clause in self.clauses if isinstance(clause.effect, RewardCost))
        return (Unit.POINTS, Unit.STAMPS) if self.stamp_clauses or Unit.STAMPS in cost_units else (Unit.POINTS,)

    @cached_property
    def depends_on_other_clauses(self) -> bool:
        """Whether any point clause depends on which other clauses match."""
        return any(clause.depends_on_other_clauses for clause in self.point_clauses)

    @cached_property
    def caps(self) -> tuple[tuple[Clause, PointsCap], ...]:
        """The clauses that cap the points earned, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, PointsCap))

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers, lowest first."""
        tiers = (clause.effect for clause in self.clauses if isinstance(clause.effect, Tier))
        return tuple(sorted(tiers, key=lambda tier: tier.points))

    def tier_clause(self, tier: str) -> Clause:
        """The clause of the tier with this key. Raises KeyError."""
        for clause in self.clauses:
            if isinstance(clause.effect, Tier) and clause.effect.tier == tier:
                return clause
        raise KeyError(tier)

    @cached_property
    def basis(self) -> AmountBasis:
        """Which amounts count."""
        return self.policy_effect(CountedAmounts).basis

    @cached_property
    def rounding(self) -> RoundingRule:
        """How fractions of points become whole."""
        return self.policy_effect(RoundingRule)

    @cached_property
    def combination(self) -> CombinationMode:
        """Which of several earning clauses count."""
        return self.policy_effect(Combination).mode

    @cached_property
    def validity(self) -> PointsValidity:
        """How long points are valid."""
        return self.policy_effect(PointsValidity)

    def eligible_part(self, facts: PurchaseFacts) -> EligiblePurchase:
        """The eligible part of a purchase. Raises AmountError for a foreign currency without an exchange rate."""
        if facts.replaced_price is not None:
            facts = facts.exchange_difference()
        purchase = EligiblePurchase.of(facts, basis=self.basis, program_zone=self.zone)
        if purchase.currency != self.currency:
            raise AmountError(detail_of("NO_RATE", currency=purchase.currency, into=self.currency))
        return purchase

    @cached_property
    def required_facts(self) -> RequiredFacts:
        """The facts about a customer that decisions require."""
        return RequiredFacts.of(self.clauses)

    @cached_property
    def budgets(self) -> Mapping[str, Budget]:
        """The budgets of the clauses that have one, by key, in the order of the keys."""
        budgets = {clause.key: clause.budget for clause in self.clauses if clause.budget is not None}
        return dict(sorted(budgets.items()))

    @cached_property
    def location_names(self) -> Mapping[str, str]:
        """Names of the locations in conditions, by key."""
        location_conditions = [leaf for clause in self.clauses for leaf in clause.leaves if isinstance(leaf, Locations)]
        return {key: name for locations in location_conditions for key, name in locations.names_by_key().items()}

    def clause_of_reward(self, reward: str) -> Clause | None:
        """The clause that prices the reward with this key, or None."""
        return self._clause_by_reward.get(reward)

    def policy_effect(self, effect_type: type[E]) -> E:
        """The effect of this type, from its standard clause. Raises KeyError if the terms have no such clause."""
        effect = self.policy_clauses[effect_type].effect
        if not isinstance(effect, effect_type):
            raise TypeError(f"{effect_type.__name__} is no standard clause")
        return effect

    def to_data(self) -> dict[str, Any]:
        """The version as JSON."""
        return {
            "version": self.version,
            "effective_from": self.effective_from.isoformat(),
            "currency": self.currency,
            "zone": self.zone,
            "clauses": [clause.to_data() for clause in self.clauses],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Terms:
        """The version that `to_data` wrote."""
        clauses = [
            (
                clause["key"],
                tuple(Condition.from_data_of_any_kind(condition) for condition in clause["conditions"]),
                Effect.from_data_of_any_kind(clause["effect"]),
            )
            for clause in data["clauses"]
        ]
        effective_from = datetime.fromisoformat(data["effective_from"])
        return cls(
            version=data["version"],
            effective_from=effective_from,
            currency=data["currency"],
            zone=data["zone"],
            clauses=number_clauses(clauses, zone=data["zone"], since=effective_from),
        )
