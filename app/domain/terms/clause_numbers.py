"""Clause numbers, and the references of conditions to other clauses; printed clauses are numbered first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from app.domain.calendar import local_date
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import Group, leaves
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects import STANDARD_CLAUSES
from app.domain.terms.effects.combination import Combination
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import Earning, Effect, Extra
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.validation import DraftedClause
from app.domain.units import Unit

_DEFAULT_BY_TYPE = {type(effect): effect for _, effect in STANDARD_CLAUSES}


def number_clauses(clauses: Sequence[DraftedClause], *, zone: str, since: datetime) -> tuple[Clause, ...]:
    """The clauses, numbered from 1 in their order, of terms that start at `since`; clauses that are not printed come last."""
    effects = tuple(effect for _, _, effect in clauses)
    units = units_of_effects(effects)
    unprinted_keys = {key for key, _, effect in clauses if _is_irrelevant_default(effect, clauses=clauses, units=units)}
    ordered_clauses = sorted(clauses, key=lambda clause: clause[0] in unprinted_keys)
    numbers = {key: number for number, (key, _, _) in enumerate(ordered_clauses, start=1)}
    resolver = _ReferenceResolver(numbers, tuple(effect for effect in effects if isinstance(effect, Tier)), zone, since)
    return tuple(
        Clause(
            key=key,
            number=str(numbers[key]),
            conditions=tuple(resolver.resolve(condition) for condition in conditions),
            effect=effect,
            units=units,
            is_printed=key not in unprinted_keys,
        )
        for key, conditions, effect in ordered_clauses
    )


def units_of_effects(effects: Iterable[Effect]) -> tuple[Unit, ...]:
    """The units that members collect or spend under these effects; a tier is reached with points."""
    units: set[Unit] = set()
    for effect in effects:
        if isinstance(effect, RewardCost):
            units.add(effect.unit)
        elif isinstance(effect, Earning | Extra | Tier):
            units.add(Unit.POINTS)
        elif isinstance(effect, Stamps):
            units.add(Unit.STAMPS)
    return tuple(unit for unit in Unit if unit in units)


def _is_irrelevant_default(effect: Effect, *, clauses: Sequence[DraftedClause], units: Sequence[Unit]) -> bool:
    """Whether a standard clause has its default and nothing in these clauses can make it apply."""
    if _DEFAULT_BY_TYPE.get(type(effect)) != effect:
        return False
    effects = [other for _, _, other in clauses]
    if isinstance(effect, Combination):
        earning_count = sum(isinstance(other, Earning) for other in effects)
        return earning_count < 2 and sum(isinstance(other, PointsMultiplier) for other in effects) < 2
    if isinstance(effect, RoundingRule):
        return not any(map(_makes_fractions, effects))
    if isinstance(effect, CountedAmounts):
        return not any(isinstance(other, Earning | Extra | Stamps) for other in effects) and not _measures_purchase(
            clauses
        )
    if isinstance(effect, OldPriceProtection):
        return not any(isinstance(other, RewardCost) and other.unit is Unit.POINTS for other in effects)
    return isinstance(effect, PointsValidity | RefundPolicy) and not units


def _makes_fractions(effect: Effect) -> bool:
    """Whether an effect may give fractions of points."""
    if isinstance(effect, PointsMultiplier):
        return effect.factor != effect.factor.to_integral_value()
    return isinstance(effect, PointsPerAmount)


def _measures_purchase(clauses: Sequence[DraftedClause]) -> bool:
    """Whether any condition depends on the quantity, the amount or the kind of goods."""
    condition_leaves = (leaf for _, conditions, _ in clauses for leaf in leaves(tuple(conditions)))
    return any(isinstance(leaf, MinimumSpend | MinimumQuantity) or leaf.selects_lines for leaf in condition_leaves)


class _ReferenceResolver:
    """Fills in what conditions take from other clauses of the terms, and from the calendar of their zone."""

    def __init__(self, numbers: Mapping[str, int], tiers: Sequence[Tier], zone: str, since: datetime) -> None:
        self._numbers = numbers
        self._tiers = tiers
        self._zone = zone
        self._first_day: date = local_date(since, zone_name=zone)

    def resolve(self, condition: Condition) -> Condition:
        """The condition with clause numbers, tier names, and days on which clocks skip hours."""
        if isinstance(condition, NotCombinedWith):
            return replace(condition, numbers=frozenset(self._numbers[key] for key in condition.clauses))
        if isinstance(condition, TierAtLeast):
            return condition.with_tier_data(self._tiers)
        if isinstance(condition, WeekdaysAndHours):
            return condition.with_skipped_hours(self._zone, since=self._first_day)
        if isinstance(condition, Group):
            return condition.with_conditions(tuple(map(self.resolve, condition.conditions)))
        return condition
