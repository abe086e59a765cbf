"""What clauses give for a purchase: exactly, in whole points, and within their budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, rounded, shared_out
from app.domain.customers.rule_facts import CustomerFacts
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope

_LINE = RoundingScope.LINE


class Award(NamedTuple):
    """What one clause would give: exactly, and in whole points when it is alone.

    `wanted` is what it would be without its budget, None where it has none. A gift out of a budget is whole by itself.
    """

    key: str
    exact: Exact
    points: int
    unlimited_points: int | None = None

    @property
    def limited(self) -> bool:
        """Whether its budget leaves less than it would be."""
        return self.unlimited_points is not None and self.points < self.unlimited_points


class Awards(NamedTuple):
    """What each clause that fits would give alone, what each one that counts does give, and whose budget is short.

    `base` and `multiple` are the earning clause and the multiplier that count, where of several only one of each does.
    """

    alone: dict[str, int]
    by_clause: dict[str, int]
    limited: dict[str, Award]
    base: str | None = None
    multiplier: str | None = None

    def counted_instead_of(self, key: str, *, multiplies: bool, in_turn: bool) -> tuple[str, ...]:
        """The clauses that count instead of one: the other of its kind or, where that gives less, both together."""
        own, other = (self.multiplier, self.base) if multiplies else (self.base, self.multiplier)
        if own is not None and own != key and (in_turn or self.by_clause.get(own, 0) >= self.alone[key]):
            return (own,)
        return tuple(clause for clause in (own, other) if clause is not None and self.by_clause.get(clause))


def award(key: str, parts: Parts, *, rounding: RoundingRule) -> Award:
    """The parts added up exactly, and rounded once or one by one; whole points are never below zero."""
    exact = parts.total()
    if rounding.scope is _LINE:
        points = sum(rounded(part, mode=rounding.mode) for part in parts.each())
    else:
        points = exact if exact.__class__ is int else rounded(exact, mode=rounding.mode)
    return Award(key, exact, points if points > 0 else 0)


def within_budget(award: Award, *, budget: Budget, customer_facts: CustomerFacts) -> Award:
    """The gift as far as its budget lasts: in part, or not at all, as the budget says."""
    left = budget.left(customer_facts, clause=award.key)
    if award.points <= left:
        return award._replace(unlimited_points=award.points)
    points = left if budget.mode is BudgetMode.PARTIAL else 0
    return Award(award.key, points, points, unlimited_points=award.points)


def combined(awards: Sequence[Award], *, rounding: RoundingRule) -> int:
    """Whole points of several clauses that count: a sum that is rounded once, or the sum of rounded lines."""
    if rounding.scope is _LINE or len(awards) < 2:
        return sum([award.points for award in awards])
    own = [award.points for award in awards if award.unlimited_points is not None]
    if len(own) == len(awards):
        return sum(own)
    return max(0, sum(own), rounded(sum([award.exact for award in awards]), mode=rounding.mode))


def allocate(awards: Sequence[Award], *, total: int, rounding: RoundingRule) -> dict[str, int]:
    """The points of every clause that counts; a sum that is rounded once is shared out to the clauses."""
    if rounding.scope is _LINE or len(awards) < 2:
        return {award.key: award.points for award in awards}
    others = [award for award in awards if award.unlimited_points is None]
    rest = total - sum([award.points for award in awards if award.unlimited_points is not None])
    shares = dict(
        zip([award.key for award in others], shared_out(rest, weights=[award.exact for award in others]), strict=True)
    )
    return {award.key: shares[award.key] if award.unlimited_points is None else award.points for award in awards}


def own_budget_usage(
    budget_usage: Sequence[tuple[str, int]], *, customer_facts: CustomerFacts
) -> tuple[tuple[str, int], ...]:
    """The part of what is taken from budgets that came back from the customer before: it is taken first."""
    own = ((key, min(points, customer_facts.share(key))) for key, points in budget_usage)
    return tuple((key, points) for key, points in own if points > 0)


def budget_usage(given: dict[str, int], *, points: int, budgets: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """What is taken from each budget, by the key of its clause, when caps leave `points` of all that is given.

    What the caps take is shared out to the clauses by largest remainder, so that no budget pays for what nobody gets.
    """
    shares = shared_out(points, weights=list(given.values())) if given else ()
    taken = dict(zip(given, shares, strict=True))
    return tuple((key, taken[key]) for key in budgets if taken.get(key))
