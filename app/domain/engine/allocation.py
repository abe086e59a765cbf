"""Awards of clauses for a purchase: exact, in whole points, and within budgets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, allocate_proportionally, rounded
from app.domain.customers.rule_facts import RuleFacts
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope

_LINE = RoundingScope.LINE


class Award(NamedTuple):
    """The award of the clause `key`: unrounded (`exact`), and rounded by itself (`points`).

    `unlimited_points` are the points without the clause's budget; None if the clause has no budget. An award from a budget
    is never rounded together with others.
    """

    key: str
    exact: Exact
    points: int
    unlimited_points: int | None = None

    @property
    def is_limited(self) -> bool:
        """Whether the budget reduces the award."""
        return self.unlimited_points is not None and self.points < self.unlimited_points


class Awards(NamedTuple):
    """The awards of a purchase, by clause key.

    `points_alone` are the points that each matching clause would give alone, `counted_points` those of each clause that
    counts, `limited_awards` the awards that a budget reduces. `base_key` and `multiplier_key` are the keys of the earning
    clause and of the multiplier that count, or of the first ones if several count; None if none counts.
    """

    points_alone: dict[str, int]
    counted_points: dict[str, int]
    limited_awards: dict[str, Award]
    base_key: str | None = None
    multiplier_key: str | None = None

    def counted_instead_of(self, key: str, *, is_multiplier: bool, first_counts: bool) -> tuple[str, ...]:
        """The keys of the clauses that count instead of the clause `key`.

        That is the counting clause of the same kind (base or multiplier). If this gives less than the clause `key` would give
        alone, it is base and multiplier together. `is_multiplier`: whether the clause `key` is a multiplier. `first_counts`:
        whether the terms let the first clause that fits count, not the best.
        """
        same_kind_key, other_kind_key = (
            (self.multiplier_key, self.base_key) if is_multiplier else (self.base_key, self.multiplier_key)
        )
        if (
            same_kind_key is not None
            and same_kind_key != key
            and (first_counts or self.counted_points.get(same_kind_key, 0) >= self.points_alone[key])
        ):
            return (same_kind_key,)
        return tuple(
            other_key
            for other_key in (same_kind_key, other_kind_key)
            if other_key is not None and self.counted_points.get(other_key)
        )


def rounded_award(key: str, parts: Parts, *, rounding: RoundingRule) -> Award:
    """The sum of the parts, rounded once or part by part; never below 0."""
    exact = parts.total()
    if rounding.scope is _LINE:
        points = sum(rounded(part, mode=rounding.mode) for part in parts.values())
    else:
        points = exact if exact.__class__ is int else rounded(exact, mode=rounding.mode)
    return Award(key, exact, points if points > 0 else 0)


def within_budget(award: Award, *, budget: Budget, rule_facts: RuleFacts) -> Award:
    """The award limited to its budget: in part or not at all, as the budget's mode says."""
    points_left = budget.points_left(rule_facts, clause=award.key)
    if award.points <= points_left:
        return award._replace(unlimited_points=award.points)
    points = points_left if budget.mode is BudgetMode.PARTIAL else 0
    return Award(award.key, points, points, unlimited_points=award.points)


def combined_points(awards: Sequence[Award], *, rounding: RoundingRule) -> dict[str, int]:
    """Whole points of several awards, by clause key: those of each award, or shares of the sum if the sum is rounded once."""
    unbudgeted_awards = [award for award in awards if award.unlimited_points is None]
    if rounding.scope is _LINE or len(awards) < 2 or not unbudgeted_awards:
        return {award.key: award.points for award in awards}
    budgeted_points = sum([award.points for award in awards if award.unlimited_points is not None])
    total = max(0, budgeted_points, rounded(sum([award.exact for award in awards]), mode=rounding.mode))
    unbudgeted_points = total - budgeted_points
    shares = dict(
        zip(
            [award.key for award in unbudgeted_awards],
            allocate_proportionally(unbudgeted_points, weights=[award.exact for award in unbudgeted_awards]),
            strict=True,
        )
    )
    return {award.key: shares[award.key] if award.unlimited_points is None else award.points for award in awards}


def own_budget_usage(budget_usage: Sequence[tuple[str, int]], *, rule_facts: RuleFacts) -> tuple[tuple[str, int], ...]:
    """The part of budget usage that comes from the customer's own share, which is used before the common budget."""
    own_usage = ((key, min(points, rule_facts.own_budget_share(key))) for key, points in budget_usage)
    return tuple((key, points) for key, points in own_usage if points > 0)


def allocated_budget_usage(
    points_by_clause: dict[str, int], *, points: int, budgets: Iterable[str]
) -> tuple[tuple[str, int], ...]:
    """Budget usage by clause key, after caps that leave only `points` of all the points in `points_by_clause`.

    `budgets` are the keys of the clauses with a budget. The reduction is allocated to all clauses by largest remainder, so
    that no budget pays for points that nobody gets.
    """
    shares = allocate_proportionally(points, weights=list(points_by_clause.values())) if points_by_clause else ()
    allocated = dict(zip(points_by_clause, shares, strict=True))
    return tuple((key, allocated[key]) for key in budgets if allocated.get(key))
