"""What a new version means for customers, better or worse, clause by clause; derived from the rules.

A change is BETTER only if nobody can get less; one that helps some and harms others is WORSE.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.i18n import Phrasebook
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen, Group
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import ClauseKind, Earning, Effect, Extra
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_validity import ValidityStart
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod
from app.domain.terms.rule import fields_of
from app.domain.terms.version import Terms


class ChangeDirection(StrEnum):
    """Whether a change is for the better or for the worse of customers."""

    BETTER = "BETTER"
    NEUTRAL = "NEUTRAL"
    WORSE = "WORSE"


@dataclass(frozen=True, slots=True)
class ClauseChange:
    """A clause that was added (`before` None), removed (`after` None) or changed."""

    before: Clause | None
    after: Clause | None
    direction: ChangeDirection

    def statement(self, phrasebook: Phrasebook) -> str:
        """The change in words."""
        if self.before is None and self.after is not None:
            return phrasebook("change.added", after=self.after.statement(phrasebook))
        if self.after is None and self.before is not None:
            return phrasebook("change.removed", before=self.before.statement(phrasebook))
        if self.before is not None and self.after is not None:
            return phrasebook(
                "change.changed", before=self.before.statement(phrasebook), after=self.after.statement(phrasebook)
            )
        raise ValueError("a change has a clause on one side at least")


def clause_changes(before: Terms, after: Terms) -> tuple[ClauseChange, ...]:
    """The changes between two versions, whose clauses are matched by key."""
    comparison = _Comparison(before=before, after=after)
    added_or_changed = []
    for key, new in after.clause_by_key.items():
        old = before.clause_by_key.get(key)
        if old is None:
            added_or_changed.append(ClauseChange(None, new, comparison.direction_of_added(new)))
        elif _differs(old, new) or comparison.was_reordered(key):
            added_or_changed.append(ClauseChange(old, new, comparison.direction_of_changed(old, new)))
    removed_clauses = [clause for clause in before.clauses if clause.key not in after.clause_by_key]
    removed = [ClauseChange(clause, None, comparison.direction_of_removed(clause)) for clause in removed_clauses]
    return (*added_or_changed, *removed)


def overall_direction(changes: Sequence[ClauseChange]) -> ChangeDirection:
    """The direction of several changes together: WORSE if one of them is, otherwise BETTER if one of them is."""
    directions = {change.direction for change in changes}
    if ChangeDirection.WORSE in directions:
        return ChangeDirection.WORSE
    return ChangeDirection.BETTER if ChangeDirection.BETTER in directions else ChangeDirection.NEUTRAL


def _differs(old: Clause, new: Clause) -> bool:
    """Whether two clauses differ in what the owner supplied, and not only in what Troth filled in."""
    return _all_without_filled_in(old.conditions) != _all_without_filled_in(new.conditions) or old.effect != new.effect


def _all_without_filled_in(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    return tuple(_without_filled_in(condition) for condition in conditions)


def _without_filled_in(condition: Condition) -> Condition:
    """The condition with only what the owner supplied; the fields that Troth fills in have their defaults."""
    if isinstance(condition, Group):
        return condition.with_conditions(_all_without_filled_in(condition.conditions))
    filled_in = {field.name: field.default for field in fields_of(type(condition)) if not field.is_owner_supplied}
    return replace(condition, **filled_in) if filled_in else condition  # type: ignore[type-var]  # every rule is a dataclass


class _Comparison:
    """Compares two versions. Interactions between clauses decide whether a change can be assessed on its own."""

    def __init__(self, *, before: Terms, after: Terms) -> None:
        self._excluder_keys = {
            key for terms in (before, after) for clause in terms.clauses for key in _excluder_keys_of(clause)
        }
        # Which purchases use a limited clause depends on the clauses that compete with it.
        self._limited_keys = [
            clause.key
            for clause in before.clauses
            if clause.use_limit is not None and isinstance(clause.effect, Earning | PointsMultiplier)
        ]
        self._budgets = _SharedBudgets(before, after)
        # If more goods are eligible, another item is the nth, and limited uses for stamps may go to purchases with fewer items.
        self._counts_items = any(
            clause.counts_items or (clause.use_limit is not None and isinstance(clause.effect, Stamps))
            for clause in before.clauses
        )
        modes = {terms.combination for terms in (before, after)}
        self._first_counts = CombinationMode.FIRST in modes
        self._reordered_keys = _reordered_clause_keys(before, after) if self._first_counts else frozenset()
        # If a tier is reached sooner, clauses that require this tier match more purchases.
        self._tiers_harm = any(
            self._displaces(clause)
            or self._competes_for_limit(clause)
            or clause.use_limit is not None
            or self._budgets.are_affected_by(clause)
            for clause in (*before.clauses, *after.clauses)
            if any(isinstance(leaf, TierAtLeast) for leaf in clause.leaves)
        )
        validity = after.validity
        self._expiry_counts_from_activation = validity.expires and validity.since is not ValidityStart.EARNING

    def was_reordered(self, key: str) -> bool:
        """Whether the place of the clause among the others changed, and the first matching clause counts."""
        return key in self._reordered_keys

    def direction_of_added(self, clause: Clause) -> ChangeDirection:
        """The direction of a new clause; a clause that displaces others may harm."""
        harms = self._displaces(clause) or self._competes_for_limit(clause) or self._budgets.are_affected_by(clause)
        return ChangeDirection.BETTER if clause.effect.is_benefit and not harms else ChangeDirection.WORSE

    def direction_of_removed(self, clause: Clause) -> ChangeDirection:
        """The direction of a removed clause: better only if it was a burden and its removal harms nobody."""
        harms = self._shortens_validity(clause.effect) or self._budgets.are_affected_by(clause)
        return ChangeDirection.BETTER if clause.effect.is_burden and not harms else ChangeDirection.WORSE

    def direction_of_changed(self, old: Clause, new: Clause) -> ChangeDirection:
        """The direction of a changed clause: better only if conditions and effect are at least as good."""
        if self.was_reordered(new.key) or type(old.effect) is not type(new.effect):
            return ChangeDirection.WORSE
        is_wider, is_narrower = implies(old.conditions, new.conditions), implies(new.conditions, old.conditions)
        gives_no_less, gives_no_more = new.effect.at_least_as_good(old.effect), old.effect.at_least_as_good(new.effect)
        if is_wider and is_narrower and gives_no_less and gives_no_more:
            return ChangeDirection.NEUTRAL
        changes_limit_only = old.effect == new.effect and _without_limit(old) == _without_limit(new)
        if self._competes_for_limit(new) and not (changes_limit_only and self._limited_keys == [new.key]):
            return ChangeDirection.WORSE
        if self._changes_counted_items(old, new) or self._changes_matching(new):
            return ChangeDirection.WORSE
        if self._budgets.are_affected_by(new) and not self._budgets.are_only_enlarged(old, new):
            return ChangeDirection.WORSE
        if not (is_wider and gives_no_less) or (not is_narrower and self._widening_harms(old, new)):
            return ChangeDirection.WORSE
        if self._shortens_validity(new.effect) or (self._tiers_harm and isinstance(new.effect, Tier | TierPeriod)):
            return ChangeDirection.WORSE
        return ChangeDirection.BETTER

    def _shortens_validity(self, effect: Effect) -> bool:
        """Whether points that the effect makes available sooner also expire sooner."""
        return self._expiry_counts_from_activation and isinstance(effect, PendingPeriod)

    def _competes_for_limit(self, clause: Clause) -> bool:
        """Whether a change of the clause may shift which purchases use a limited clause."""
        competing = Earning | PointsMultiplier | Combination | CountedAmounts | RoundingRule
        return bool(self._limited_keys) and isinstance(clause.effect, competing)

    def _changes_counted_items(self, old: Clause, new: Clause) -> bool:
        """Whether the change counts other items, so that another one is the nth, or stops counting, so that each purchase counts once."""
        if isinstance(new.effect, CountedAmounts):
            return self._counts_items
        return old.counts_items and (not new.counts_items or old.selectors != new.selectors)

    def _changes_matching(self, clause: Clause) -> bool:
        """Whether clauses that displace others may match more purchases, because a change of the clause makes more goods eligible."""
        return isinstance(clause.effect, CountedAmounts) and (bool(self._excluder_keys) or self._first_counts)

    def _displaces(self, clause: Clause) -> bool:
        """Whether another clause may give less because this clause matches."""
        may_come_first = isinstance(clause.effect, Earning | PointsMultiplier) and self._first_counts
        return clause.key in self._excluder_keys or may_come_first

    def _widening_harms(self, old: Clause, new: Clause) -> bool:
        """Whether matching more purchases may cost somebody points."""
        if self._displaces(new):
            return True
        has_limit = old.use_limit is not None or new.use_limit is not None
        # With a limit, the uses of a period may now go to purchases that give less.
        is_limited_award = has_limit and isinstance(new.effect, Earning | Extra | Stamps)
        return is_limited_award and _without_limit(old) != _without_limit(new)


class _SharedBudgets:
    """The budgets that both versions have: points given to one customer are missing for others.

    If such a budget is used up faster or more slowly, this may harm somebody in either case: with less of it left, several
    small awards may replace a larger one, and with more of it left a larger one several small ones.
    """

    def __init__(self, before: Terms, after: Terms) -> None:
        shared_keys = before.budgets.keys() & after.budgets.keys()
        self._clauses = [clause for clause in before.clauses if clause.key in shared_keys]
        self._has_caps = bool(before.caps or after.caps)
        self._competing_keys = [
            {clause.key for clause in terms.point_clauses if isinstance(clause.effect, Earning | PointsMultiplier)}
            for terms in (before, after)
        ]

    def are_affected_by(self, clause: Clause) -> bool:
        """Whether a change of the clause may change how fast a budget is used up."""
        if not self._clauses:
            return False
        effect = clause.effect
        if isinstance(effect, CountedAmounts | RoundingRule) or clause.kind is ClauseKind.LIMIT:
            return True
        if any(other.key == clause.key or clause.key in _excluder_keys_of(other) for other in self._clauses):
            return True
        if self._has_caps and (clause.kind is ClauseKind.EARNING or isinstance(effect, Combination)):
            # The reduction by a cap is allocated to all awarding clauses.
            return True
        competing = Earning | PointsMultiplier | Combination
        return isinstance(effect, competing) and any(isinstance(other.effect, competing) for other in self._clauses)

    def are_only_enlarged(self, old: Clause, new: Clause) -> bool:
        """Whether only the budget of a clause grows, so that at no time less of it is left.

        True for a bonus, and for the only earning clause if the last award from the budget is given in part. False with a cap,
        because what is left of the budget then depends on the order of customers.
        """
        if self._has_caps or [clause.key for clause in self._clauses] != [new.key] or old.effect != new.effect:
            return False
        if _without_budget(old) != _without_budget(new) or old.budget is None or new.budget is None:
            return False
        if not new.budget.at_least_as_wide(old.budget):
            return False
        competes_alone = all(keys == {new.key} for keys in self._competing_keys) and isinstance(new.effect, Earning)
        return isinstance(new.effect, BonusPoints) or (competes_alone and new.budget.mode is BudgetMode.PARTIAL)


def _without_budget(clause: Clause) -> list[Condition]:
    return [condition for condition in clause.conditions if not isinstance(condition, Budget)]


def _without_limit(clause: Clause) -> list[Condition]:
    return [condition for condition in clause.conditions if not isinstance(condition, TimesPerPeriod)]


def _excluder_keys_of(clause: Clause) -> frozenset[str]:
    return frozenset(key for leaf in clause.leaves if isinstance(leaf, NotCombinedWith) for key in leaf.clauses)


def _reordered_clause_keys(before: Terms, after: Terms) -> frozenset[str]:
    """The keys of the earning clauses that both versions have, but at different places among these."""
    orders = []
    for terms, other in ((before, after), (after, before)):
        common_keys = {clause.key for clause in other.clauses}
        orders.append(
            [clause.key for clause in terms.clauses if clause.kind is ClauseKind.EARNING and clause.key in common_keys]
        )
    return frozenset(old for old, new in zip(*orders, strict=False) if old != new)


def implies(stronger: Sequence[Condition], weaker: Sequence[Condition]) -> bool:
    """Whether all `weaker` conditions surely hold, for as many lines, whenever all `stronger` ones hold. False if unknown."""
    return all(_always_holds(other) or any(_implies(condition, other) for condition in stronger) for other in weaker)


def _always_holds(condition: Condition) -> bool:
    return isinstance(condition, AllOf) and all(_always_holds(nested) for nested in condition.conditions)


def _implies(condition: Condition, other: Condition) -> bool:
    if isinstance(condition, AnyOf):
        return all(_implies(nested, other) for nested in condition.conditions)
    if isinstance(other, AllOf):
        return all(_implies(condition, nested) for nested in other.conditions)
    if isinstance(other, AnyOf):
        return any(_implies(condition, nested) for nested in other.conditions)
    if isinstance(condition, AllOf):
        return any(_implies(nested, other) for nested in condition.conditions)
    if isinstance(condition, ExceptWhen) and isinstance(other, ExceptWhen):
        # The exception shrinks if everything it covers was covered before.
        return implies(other.conditions, condition.conditions)
    if isinstance(condition, Group) or isinstance(other, Group):
        return False
    return other.at_least_as_wide(condition)
