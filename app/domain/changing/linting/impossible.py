"""Clauses whose conditions can never hold together, whatever the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from app.domain.changing.comparing import implied
from app.domain.changing.linting.finding import Finding, LintCode
from app.domain.conditions import Condition
from app.domain.conditions.channels import Channels
from app.domain.conditions.every_nth_visit import EveryNthVisit
from app.domain.conditions.first_purchase import FirstPurchase
from app.domain.conditions.groups import AllOf, ExceptWhen
from app.domain.conditions.listed import Listed
from app.domain.conditions.locations import Locations
from app.domain.conditions.minimum_quantity import MinimumQuantity
from app.domain.conditions.minimum_spend import MinimumSpend
from app.domain.conditions.not_combined_with import NotCombinedWith
from app.domain.conditions.payment_methods import PaymentMethods
from app.domain.conditions.products import Products
from app.domain.effects import Earning, Extra
from app.domain.effects.stamps import Stamps
from app.domain.terms import Clause, Terms


def never_fits(clause: Clause, *, terms: Terms) -> Finding | None:
    """A finding with two conditions that exclude one another, or with the clause that always stands in the way."""
    together = tuple(needed(clause.conditions))
    return (
        next(_exclusive(clause, together), None)
        or next(_nothing_counts(clause, together), None)
        or next(_always_yields(clause, together, terms=terms), None)
    )


def needed(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Every condition that must hold for all of them to hold."""
    for one in conditions:
        if isinstance(one, AllOf):
            yield from needed(one.conditions)
        else:
            yield one


def _exclusive(clause: Clause, together: Sequence[Condition]) -> Iterator[Finding]:
    for one, other in combinations(together, 2):
        if _excludes(one, other) or _excludes(other, one):
            yield Finding(LintCode.NEVER_HOLDS, clause, "exclusive", conditions={"one": (one,), "other": (other,)})


def _excludes(one: Condition, other: Condition) -> bool:
    if isinstance(one, Channels) and isinstance(other, Channels):
        return one.channels.isdisjoint(other.channels)
    if isinstance(one, Locations) and isinstance(other, Locations):
        return one.locations.isdisjoint(other.locations)
    if isinstance(one, PaymentMethods) and isinstance(other, PaymentMethods):
        return one.methods.isdisjoint(other.methods)
    return isinstance(one, FirstPurchase) and isinstance(other, EveryNthVisit)


def excludes_itself(clause: Clause) -> Iterator[Finding]:
    """An exception that takes away all that the other conditions leave: for members of a group, but not for them."""
    for exception in clause.conditions:
        if isinstance(exception, ExceptWhen):
            others = tuple(one for one in clause.conditions if one is not exception)
            if implied(others, exception.conditions):
                conditions = {"asked": others, "excepted": (exception,)}
                yield Finding(LintCode.EXCLUDES_ITSELF, clause, conditions=conditions)
                return


def _nothing_counts(clause: Clause, together: Sequence[Condition]) -> Iterator[Finding]:
    """Goods that leave no line to earn, to stamp or to measure."""
    measures = any(isinstance(one, MinimumSpend | MinimumQuantity) for one in together)
    if not (measures or isinstance(clause.effect, Earning | Extra | Stamps)):
        return
    listed = [one for one in together if isinstance(one, Listed)]
    for one, other in combinations(listed, 2):
        if one.kind == other.kind and (_leaves_nothing(one, other) or _leaves_nothing(other, one)):
            yield Finding(LintCode.NEVER_HOLDS, clause, "goods", conditions={"one": (one,), "other": (other,)})


def _leaves_nothing(one: Listed, other: Listed) -> bool:
    """Whether no line is in the first list and counts for the second; a line may be in several categories."""
    if not one.include:
        return False
    if one.include - one.exclude <= other.exclude:
        return True
    apart = (one.include - one.exclude).isdisjoint(other.include - other.exclude)
    return isinstance(one, Products) and bool(other.include) and apart


def _always_yields(clause: Clause, together: Sequence[Condition], *, terms: Terms) -> Iterator[Finding]:
    """A clause that fits wherever this one does, which this one is not combined with."""
    own = [one for one in clause.conditions if not isinstance(one, NotCombinedWith)]
    for one in together:
        if isinstance(one, NotCombinedWith):
            for key in sorted(one.clauses):
                other = terms.clause(key)
                if other.limit is None and implied(own, other.conditions):
                    yield Finding(LintCode.NEVER_HOLDS, clause, "yields", texts={"other": other.number})
