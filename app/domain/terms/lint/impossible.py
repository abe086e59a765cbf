"""Clauses whose conditions can never hold together, whatever the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from app.domain.terms.changes import implies
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, ExceptWhen
from app.domain.terms.conditions.listed_goods import ListedGoods
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.products import Products
from app.domain.terms.effects.effect import Earning, Extra
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.lint.finding import LintCode, LintFinding
from app.domain.terms.version import Terms


def never_fits_finding(clause: Clause, *, terms: Terms) -> LintFinding | None:
    """A finding if two conditions exclude one another, no goods are left, or another clause always takes precedence."""
    conditions = tuple(required_conditions(clause.conditions))
    return (
        next(_exclusive_conditions(clause, conditions), None)
        or next(_no_goods_left(clause, conditions), None)
        or next(_precedence_findings(clause, conditions, terms=terms), None)
    )


def required_conditions(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """The conditions that must all hold; AllOf groups are replaced by their conditions."""
    for condition in conditions:
        if isinstance(condition, AllOf):
            yield from required_conditions(condition.conditions)
        else:
            yield condition


def _exclusive_conditions(clause: Clause, conditions: Sequence[Condition]) -> Iterator[LintFinding]:
    for condition, other in combinations(conditions, 2):
        if _excludes(condition, other) or _excludes(other, condition):
            yield LintFinding(
                LintCode.NEVER_HOLDS, clause, "exclusive", conditions={"one": (condition,), "other": (other,)}
            )


def _excludes(condition: Condition, other: Condition) -> bool:
    """Whether the two surely never hold together. Some pairs are recognised in one of the two orders only."""
    if isinstance(condition, Channels) and isinstance(other, Channels):
        return condition.channels.isdisjoint(other.channels)
    if isinstance(condition, Locations) and isinstance(other, Locations):
        return condition.locations.isdisjoint(other.locations)
    if isinstance(condition, PaymentMethods) and isinstance(other, PaymentMethods):
        return condition.methods.isdisjoint(other.methods)
    return isinstance(condition, FirstPurchase) and isinstance(other, EveryNthVisit)


def self_exclusion_findings(clause: Clause) -> Iterator[LintFinding]:
    """A finding if an exception covers all that the other conditions allow, as in "for students, except students"."""
    for exception in clause.conditions:
        if isinstance(exception, ExceptWhen):
            other_conditions = tuple(condition for condition in clause.conditions if condition is not exception)
            if implies(other_conditions, exception.conditions):
                conditions = {"asked": other_conditions, "excepted": (exception,)}
                yield LintFinding(LintCode.EXCLUDES_ITSELF, clause, conditions=conditions)
                return


def _no_goods_left(clause: Clause, conditions: Sequence[Condition]) -> Iterator[LintFinding]:
    """A finding if two lists of goods leave no line that could earn, be stamped or be measured."""
    measures_goods = any(isinstance(condition, MinimumSpend | MinimumQuantity) for condition in conditions)
    if not (measures_goods or isinstance(clause.effect, Earning | Extra | Stamps)):
        return
    lists_of_goods = [condition for condition in conditions if isinstance(condition, ListedGoods)]
    for first, other in combinations(lists_of_goods, 2):
        if first.kind == other.kind and (_leaves_nothing(first, other) or _leaves_nothing(other, first)):
            yield LintFinding(LintCode.NEVER_HOLDS, clause, "goods", conditions={"one": (first,), "other": (other,)})


def _leaves_nothing(condition: ListedGoods, other: ListedGoods) -> bool:
    """Whether surely no line is selected by both. A line may be in several categories."""
    if not condition.include:
        return False
    if condition.include - condition.exclude <= other.exclude:
        return True
    are_disjoint = (condition.include - condition.exclude).isdisjoint(other.include - other.exclude)
    return isinstance(condition, Products) and bool(other.include) and are_disjoint


def _precedence_findings(clause: Clause, conditions: Sequence[Condition], *, terms: Terms) -> Iterator[LintFinding]:
    """A finding for each clause that fits whenever this clause does, and that this clause is not combined with."""
    own_conditions = [condition for condition in clause.conditions if not isinstance(condition, NotCombinedWith)]
    for condition in conditions:
        if isinstance(condition, NotCombinedWith):
            for key in sorted(condition.clauses):
                other = terms.clause_by_key[key]
                if other.use_limit is None and implies(own_conditions, other.conditions):
                    yield LintFinding(LintCode.NEVER_HOLDS, clause, "yields", texts={"other": other.number})
