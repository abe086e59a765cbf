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
    """The award of one clause: exact, and in whole points on its own.

    `unlimited_points` is the award without its budget, None if it has none. An award from a budget is rounded on its own.
    """

    key: str
    exact: Exact
    points: int
    unlimited_points: int | None = None

    @property
    def limited(self) -> bool:
        """Whether the budget reduces the award."""
        return self.unlimited_points is not None and self.points < self.unlimited_points


class Awards(NamedTuple):
    """The awards of a purchase, by clause key.

    `points_alone` are the points of each matching clause on its own, `by_clause` those of each clause that counts, `limited`
    the awards that a budget reduced. `base` and `multiplier` are the keys of the earning clause and of the multiplier that
    count; if several of them count, of the first.
    """

    points_alone: dict[str, int]
    by_clause: dict[str, int]
    limited: dict[str, Award]
    base: str | None = None
    multiplier: str | None = None

    def counted_instead_of(self, key: str, *, multiplies: bool, first_counts: bool) -> tuple[str, ...]:
        """The keys of the clauses that count instead of the clause `key`.

        That is the counting clause of the same kind (base or multiplier). If it gives less than the clause `key` alone, base
        and multiplier count together instead of it. `multiplies`: whether the clause `key` is a multiplier. `first_counts`:
        whether the terms let the first clause that fits count, not the best.
        """
        of_same_kind, of_other_kind = (self.multiplier, self.base) if multiplies else (self.base, self.multiplier)
        if (
            of_same_kind is not None
            and of_same_kind != key
            and (first_counts or self.by_clause.get(of_same_kind, 0) >= self.points_alone[key])
        ):
            return (of_same_kind,)
        return tuple(
            clause for clause in (of_same_kind, of_other_kind) if clause is not None and self.by_clause.get(clause)
        )


def award(key: str, parts: Parts, *, rounding: RoundingRule) -> Award:
    """The sum of the parts, rounded once or part by part; never below 0."""
    exact = parts.total()
    if rounding.scope is _LINE:
        points = sum(rounded(part, mode=rounding.mode) for part in parts.each())
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


def combine(awards: Sequence[Award], *, rounding: RoundingRule) -> dict[str, int]:
    """Whole points of several awards by clause key: rounded line by line, or shares of their sum, which is rounded once."""
    unbudgeted = [award for award in awards if award.unlimited_points is None]
    if rounding.scope is _LINE or len(awards) < 2 or not unbudgeted:
        return {award.key: award.points for award in awards}
    budgeted_points = sum([award.points for award in awards if award.unlimited_points is not None])
    total = max(0, budgeted_points, rounded(sum([award.exact for award in awards]), mode=rounding.mode))
    rest = total - budgeted_points
    shares = dict(
        zip(
            [award.key for award in unbudgeted],
            allocate_proportionally(rest, weights=[award.exact for award in unbudgeted]),
            strict=True,
        )
    )
    return {award.key: shares[award.key] if award.unlimited_points is None else award.points for award in awards}


def own_budget_usage(budget_usage: Sequence[tuple[str, int]], *, rule_facts: RuleFacts) -> tuple[tuple[str, int], ...]:
    """The part of budget usage that comes from the customer's own share, which is used before the common budget."""
    own_usage = ((key, min(points, rule_facts.own_budget_share(key))) for key, points in budget_usage)
    return tuple((key, points) for key, points in own_usage if points > 0)


def allocated_budget_usage(
    by_clause: dict[str, int], *, points: int, budgets: Iterable[str]
) -> tuple[tuple[str, int], ...]:
    """Budget usage by clause key when caps leave `points` of all the points in `by_clause`.

    `budgets` are the keys of the clauses with a budget. The reduction is allocated to all clauses by largest remainder, so
    that no budget pays for points that nobody gets.
    """
    shares = allocate_proportionally(points, weights=list(by_clause.values())) if by_clause else ()
    allocated = dict(zip(by_clause, shares, strict=True))
    return tuple((key, allocated[key]) for key in budgets if allocated.get(key))
