"""Terms: versioned, immutable sets of numbered clauses. What a customer reads is what decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, TypeVar

from app.domain.amounts import AmountError
from app.domain.calendar import Period
from app.domain.clause_numbers import numbered
from app.domain.clauses import Clause as Clause
from app.domain.conditions import AboutCustomer, Condition
from app.domain.conditions.birthday_window import BirthdayWindow
from app.domain.conditions.budget import Budget
from app.domain.conditions.every_nth_visit import EveryNthVisit
from app.domain.conditions.first_purchase import FirstPurchase
from app.domain.conditions.locations import Locations
from app.domain.conditions.member_for import MemberFor
from app.domain.conditions.tier_at_least import TierAtLeast
from app.domain.counting import Basis, Counted
from app.domain.drafting import TermsError as TermsError
from app.domain.drafting import checked, kept
from app.domain.effects import STANDARD, STANDARD_OF_TIERS, ClauseKind, Earning, Effect, Extra
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.points_cap import PointsCap
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.stamps import Stamps
from app.domain.effects.tier import Tier
from app.domain.facts import PurchaseFacts
from app.domain.persons import Aspect
from app.domain.units import Unit

E = TypeVar("E", bound=Effect)


@dataclass(frozen=True)
class Asked:
    """What terms ask about a customer: the periods in which uses of a clause and points earned are counted.

    `about` are conditions on who it is. Clauses, by key, count `pieces`, look at rewards `held`, give for `birthdays`.
    """

    enrolment: bool = False
    visits: bool = False
    uses: Mapping[str, Period] = field(default_factory=dict)
    earned: tuple[Period, ...] = ()
    about: tuple[AboutCustomer, ...] = ()
    pieces: tuple[str, ...] = ()
    tier: bool = False
    held: frozenset[str] = frozenset()
    birthdays: Mapping[str, tuple[BirthdayWindow, ...]] = field(default_factory=dict)

    @property
    def aspects(self) -> frozenset[Aspect]:
        """What of the person has to be read."""
        return frozenset(one.aspect for one in self.about)

    @property
    def nothing(self) -> bool:
        """Whether it takes no look at the customer."""
        return not (self.enrolment or self.visits or self.uses or self.earned or self.about or self.pieces or self.tier)

    @cached_property
    def using(self) -> frozenset[str]:
        """The keys of the clauses of which every use is kept."""
        return self.held | self.uses.keys() | self.birthdays.keys()


@dataclass(frozen=True)
class Terms:
    """One version, from `effective_from` (an instant) until the next one starts."""

    version: int
    effective_from: datetime
    currency: str
    zone: str
    clauses: tuple[Clause, ...]

    @classmethod
    def drafted(
        cls,
        *,
        version: int,
        effective_from: datetime,
        currency: str,
        zone: str,
        clauses: Sequence[tuple[str, Sequence[Condition], Effect]],
        even_unkept: bool = False,
    ) -> Terms:
        """A checked draft: clauses numbered in order, standard clauses that are left out added with their defaults.

        Raises TermsError with the way to what is wrong, UnkeptError for a clause that nothing would keep. With
        `even_unkept` such a draft can be read and compared; it is not for publishing.
        """
        checked(clauses, currency=currency)
        if not even_unkept:
            kept(clauses)
        given = {type(effect) for _, _, effect in clauses}
        taken = {key for key, _, _ in clauses}
        tiered = STANDARD_OF_TIERS if Tier in given else ()
        added = [
            (key if key not in taken else f"standard-{key}", (), effect)
            for key, effect in (*STANDARD, *tiered)
            if type(effect) not in given
        ]
        return cls(
            version=version,
            effective_from=effective_from.astimezone(UTC),
            currency=currency,
            zone=zone,
            clauses=numbered([*clauses, *added], zone=zone, since=effective_from),
        )

    @cached_property
    def _by_key(self) -> dict[str, Clause]:
        return {clause.key: clause for clause in self.clauses}

    @cached_property
    def printed(self) -> tuple[Clause, ...]:
        """The clauses that their text shows, in the order of their numbers: those that something in them can reach."""
        return tuple(clause for clause in self.clauses if clause.printed)

    @cached_property
    def _costs(self) -> dict[str, Clause]:
        return {clause.effect.reward: clause for clause in self.clauses if isinstance(clause.effect, RewardCost)}

    @cached_property
    def _policies(self) -> dict[type[Effect], Clause]:
        return {type(clause.effect): clause for clause in self.clauses if clause.kind is ClauseKind.POLICY}

    @cached_property
    def earning(self) -> tuple[tuple[Clause, Earning], ...]:
        """The earning clauses in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Earning))

    @cached_property
    def extras(self) -> tuple[tuple[Clause, Extra], ...]:
        """The clauses that give something on top, in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Extra))

    @cached_property
    def giving(self) -> tuple[Clause, ...]:
        """The clauses that give points: those that earn, then those that give something on top."""
        return tuple(clause for clause, _ in (*self.earning, *self.extras))

    @cached_property
    def stamping(self) -> tuple[tuple[Clause, Stamps], ...]:
        """The clauses that give stamps, in their order, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, Stamps))

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """What can be collected or spent under them: points, and stamps where a clause speaks of them."""
        costs = (clause.effect.unit for clause in self.clauses if isinstance(clause.effect, RewardCost))
        return (Unit.POINTS, Unit.STAMPS) if self.stamping or Unit.STAMPS in costs else (Unit.POINTS,)

    @cached_property
    def exclusive(self) -> bool:
        """Whether a clause that gives points waits to see which others fit."""
        return any(clause.exclusive for clause in self.giving)

    @cached_property
    def caps(self) -> tuple[tuple[Clause, PointsCap], ...]:
        """The clauses that limit what is earned, each with its effect."""
        return tuple((clause, clause.effect) for clause in self.clauses if isinstance(clause.effect, PointsCap))

    @cached_property
    def tiers(self) -> tuple[Tier, ...]:
        """The levels, lowest first."""
        found = (clause.effect for clause in self.clauses if isinstance(clause.effect, Tier))
        return tuple(sorted(found, key=lambda one: one.points))

    def tier_clause(self, tier: str) -> Clause:
        """The clause of the level with this key. Raises KeyError."""
        for clause in self.clauses:
            if isinstance(clause.effect, Tier) and clause.effect.tier == tier:
                return clause
        raise KeyError(tier)

    @cached_property
    def basis(self) -> Basis:
        """What counts as spent."""
        return self.policy(CountedAmounts).basis

    def counted(self, facts: PurchaseFacts) -> Counted:
        """A purchase reduced to what counts as spent. Raises AmountError where it is in a currency without a rate."""
        purchase = Counted.of(facts.paid_on_top(), basis=self.basis, program_zone=self.zone)
        if purchase.currency != self.currency:
            raise AmountError(f"no exchange rate from {purchase.currency} into {self.currency}")
        return purchase

    @cached_property
    def asked(self) -> Asked:
        """What has to be known of a customer to decide."""
        conditions = [one for clause in self.clauses for one in clause.leaves]
        periods = [cap.period for _, cap in self.caps if cap.period is not None]
        return Asked(
            enrolment=any(isinstance(one, MemberFor) for one in conditions),
            visits=any(isinstance(one, FirstPurchase | EveryNthVisit) for one in conditions),
            uses={clause.key: clause.limit.period for clause in self.clauses if clause.limit is not None},
            earned=tuple(dict.fromkeys(periods)),
            about=tuple(dict.fromkeys(one for one in conditions if isinstance(one, AboutCustomer))),
            pieces=tuple(clause.key for clause in self.clauses if clause.counts_pieces),
            tier=any(isinstance(one, TierAtLeast) for one in conditions),
            held=frozenset(clause.key for clause in self.clauses if clause.counts_rewards),
            birthdays={clause.key: clause.birthdays for clause in self.clauses if clause.birthdays},
        )

    @cached_property
    def budgets(self) -> Mapping[str, Budget]:
        """The budgets of the clauses that have one, by key, in the order of the keys."""
        found = {clause.key: clause.budget for clause in self.clauses if clause.budget is not None}
        return dict(sorted(found.items()))

    @cached_property
    def places(self) -> Mapping[str, str]:
        """What the locations that conditions name are called, by key."""
        named = [one for clause in self.clauses for one in clause.leaves if isinstance(one, Locations)]
        return {key: name for one in named for key, name in one.called().items()}

    def clause(self, key: str) -> Clause:
        """The clause of a key. Raises KeyError."""
        return self._by_key[key]

    def cost_of(self, reward: str) -> Clause | None:
        """The clause that prices the reward with this key, or None."""
        return self._costs.get(reward)

    def policy(self, kind: type[E]) -> E:
        """The standard clause's effect of this type."""
        effect = self._policies[kind].effect
        if not isinstance(effect, kind):
            raise TypeError(f"{kind.__name__} is no standard clause")
        return effect

    def has(self, kind: type[Effect]) -> bool:
        """Whether there is a standard clause of this type; one that came later is missing in older versions."""
        return kind in self._policies

    def policy_clause(self, kind: type[Effect]) -> Clause:
        """The standard clause of this type."""
        return self._policies[kind]

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
                one["key"],
                tuple(Condition.of_data(condition) for condition in one["conditions"]),
                Effect.of_data(one["effect"]),
            )
            for one in data["clauses"]
        ]
        effective_from = datetime.fromisoformat(data["effective_from"])
        return cls(
            version=data["version"],
            effective_from=effective_from,
            currency=data["currency"],
            zone=data["zone"],
            clauses=numbered(clauses, zone=data["zone"], since=effective_from),
        )


def units_of(versions: Iterable[Terms], *, up_to: Terms) -> tuple[Unit, ...]:
    """What a wallet counts in: the units that a version, or one before it, speaks of."""
    spoken_of = {unit for one in versions if one.version <= up_to.version for unit in one.units}
    return tuple(unit for unit in Unit if unit in spoken_of or unit in up_to.units)
