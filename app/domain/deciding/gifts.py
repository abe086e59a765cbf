"""What clauses give for a purchase: exactly, in whole points, and within their budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, rounded, shared_out
from app.domain.conditions.budget import Budget, BudgetMode
from app.domain.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.members import Member

_LINE = RoundingScope.LINE


class Gift(NamedTuple):
    """What one clause would give: exactly, and in whole points when it is alone.

    `wanted` is what it would be without its budget, None where it has none. A gift out of a budget is whole by itself.
    """

    key: str
    exact: Exact
    points: int
    wanted: int | None = None

    @property
    def short(self) -> bool:
        """Whether its budget leaves less than it would be."""
        return self.wanted is not None and self.points < self.wanted


class Given(NamedTuple):
    """What each clause that fits would give alone, what each one that counts does give, and whose budget is short.

    `base` and `multiple` are the earning clause and the multiplier that count, where of several only one of each does.
    """

    alone: dict[str, int]
    given: dict[str, int]
    short: dict[str, Gift]
    base: str | None = None
    multiple: str | None = None

    def instead_of(self, key: str, *, multiplies: bool, in_turn: bool) -> tuple[str, ...]:
        """The clauses that count instead of one: the other of its kind or, where that gives less, both together."""
        own, other = (self.multiple, self.base) if multiplies else (self.base, self.multiple)
        if own is not None and own != key and (in_turn or self.given.get(own, 0) >= self.alone[key]):
            return (own,)
        return tuple(clause for clause in (own, other) if clause is not None and self.given.get(clause))


def gift(key: str, parts: Parts, *, rounding: RoundingRule) -> Gift:
    """The parts added up exactly, and rounded once or one by one; whole points are never below zero."""
    exact = parts.total()
    if rounding.scope is _LINE:
        points = sum(rounded(part, mode=rounding.mode) for part in parts.each())
    else:
        points = exact if exact.__class__ is int else rounded(exact, mode=rounding.mode)
    return Gift(key, exact, points if points > 0 else 0)


def bounded(gift: Gift, *, budget: Budget, member: Member) -> Gift:
    """The gift as far as its budget lasts: in part, or not at all, as the budget says."""
    left = budget.left(member, clause=gift.key)
    if gift.points <= left:
        return gift._replace(wanted=gift.points)
    points = left if budget.mode is BudgetMode.PARTIAL else 0
    return Gift(gift.key, points, points, wanted=gift.points)


def together(gifts: Sequence[Gift], *, rounding: RoundingRule) -> int:
    """Whole points of several clauses that count: a sum that is rounded once, or the sum of rounded lines."""
    if rounding.scope is _LINE or len(gifts) < 2:
        return sum([gift.points for gift in gifts])
    own = [gift.points for gift in gifts if gift.wanted is not None]
    if len(own) == len(gifts):
        return sum(own)
    return max(0, sum(own), rounded(sum([gift.exact for gift in gifts]), mode=rounding.mode))


def shared(gifts: Sequence[Gift], *, total: int, rounding: RoundingRule) -> dict[str, int]:
    """The points of every clause that counts; a sum that is rounded once is shared out to the clauses."""
    if rounding.scope is _LINE or len(gifts) < 2:
        return {gift.key: gift.points for gift in gifts}
    others = [gift for gift in gifts if gift.wanted is None]
    rest = total - sum([gift.points for gift in gifts if gift.wanted is not None])
    shares = dict(
        zip(
            [gift.key for gift in others],
            shared_out(rest, weights=[gift.exact for gift in others]),
            strict=True,
        )
    )
    return {gift.key: shares[gift.key] if gift.wanted is None else gift.points for gift in gifts}


def own_part(spent: Sequence[tuple[str, int]], *, member: Member) -> tuple[tuple[str, int], ...]:
    """The part of what is taken from budgets that came back from the customer before: it is taken first."""
    own = ((key, min(points, member.share(key))) for key, points in spent)
    return tuple((key, points) for key, points in own if points > 0)


def spent(given: dict[str, int], *, points: int, budgets: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """What is taken from each budget, by the key of its clause, when caps leave `points` of all that is given.

    What the caps take is shared out to the clauses by largest remainder, so that no budget pays for what nobody gets.
    """
    shares = shared_out(points, weights=list(given.values())) if given else ()
    taken = dict(zip(given, shares, strict=True))
    return tuple((key, taken[key]) for key in budgets if taken.get(key))
