"""Points by line: they add up to the decision, follow what lines earn, and name what excludes a line."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import Money, Rounding
from app.domain.decisions import Decision
from app.domain.engine.earning import earn
from app.domain.engine.line_shares import LineExclusion, LineShare, line_shares
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.products import Products
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.validation import DraftedClause, TermsError
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests import strategies as some
from tests.builders import a_clause, a_line, a_purchase, pounds, some_terms
from tests.soak_settings import property_settings

TEA = Categories(include=frozenset({"tea"}))
NO_MUG = Products(exclude=frozenset({"mug"}))


def shared(terms: Terms, *lines: Line) -> list[LineShare]:
    """The shares of a purchase of these lines."""
    facts = a_purchase(*lines)
    return list(line_shares(earn(terms=terms, facts=facts).without_personal_values(), terms=terms, facts=facts))


def points(found: Sequence[LineShare]) -> list[int]:
    """The points of every line."""
    return [share.shares[Unit.POINTS] for share in found]


def priced(*prices: str) -> list[Line]:
    """A line for each price."""
    return [a_line(number, price=price) for number, price in enumerate(prices, start=1)]


def test_points_are_shared_by_largest_remainder_with_ties_to_the_lower_line() -> None:
    each = some_terms(a_clause(PointsPerAmount(20, pounds("1.00"))))
    assert points(shared(each, *priced("33.34", "33.33", "33.33"))) == [667, 667, 666]
    first = some_terms(a_clause())
    assert points(shared(first, *priced("0.50", "0.50", "0.50"))) == [1, 1, 0]
    assert points(shared(first, *priced("1.20", "1.90", "1.90"))) == [1, 2, 2]
    assert points(shared(first, *priced("0.10", "0.20"))) == [0, 0]


def test_cap_scales_points_by_line() -> None:
    capped = some_terms(a_clause(), ("cap", (), PointsCap(10, CapScope.PURCHASE)))
    assert points(shared(capped, *priced("30.00", "10.00", "20.00"))) == [5, 2, 3]


def test_lines_rounded_separately_keep_their_points() -> None:
    by_line = some_terms(a_clause(), ("round", (), RoundingRule(Rounding.HALF_UP, RoundingScope.LINE)))
    assert points(shared(by_line, *priced("10.40", "0.50", "0.40"))) == [10, 1, 0]


def test_points_for_the_whole_purchase_follow_the_amounts_of_its_clause() -> None:
    visit = some_terms(a_clause(PointsPerVisit(9), NO_MUG))
    lines = [a_line(1, price="20.00"), a_line(2, price="99.00", sku="mug"), a_line(3, price="10.00")]
    assert points(shared(visit, *lines)) == [6, 0, 3]
    bonus = some_terms(a_clause(), ("more", (), BonusPoints(10)))
    assert points(shared(bonus, *priced("20.00", "30.00"))) == [24, 36]


def test_multiplier_points_go_to_the_multiplied_lines() -> None:
    terms = some_terms(a_clause(), ("tea", (TEA,), PointsMultiplier(Decimal(3))))
    lines = [a_line(1, price="10.00"), a_line(2, price="10.00", categories=("tea",))]
    assert points(shared(terms, *lines)) == [10, 30]


def test_budget_points_are_shared_among_their_lines() -> None:
    part = Budget(5, BudgetMode.PARTIAL)
    terms = some_terms(("more", (TEA, part), BonusPoints(50)), a_clause())
    lines = [a_line(1, price="10.00"), a_line(2, price="10.00", categories=("tea",))]
    assert points(shared(terms, *lines)) == [10, 15]


def test_excluded_lines_name_the_excluding_clause() -> None:
    terms = some_terms(a_clause(None, NO_MUG), ("stamp", (TEA,), Stamps(2, StampOccasion.ITEM)))
    lines = [
        a_line(1, price="10.00", quantity="3", categories=("tea",)),
        a_line(2, price="10.00", sku="mug"),
        a_line(3, price="4.00", kind=LineKind.SHIPPING),
        a_line(4, price="4.00", kind=LineKind.REWARD),
        a_line(5, price="0.10"),
    ]
    found = shared(terms, *lines)
    assert points(found) == [30, 0, 0, 0, 0]
    assert [share.shares[Unit.STAMPS] for share in found] == [6, 0, 0, 0, 0]
    kind, goods = LineExclusion.KIND_NOT_COUNTED, LineExclusion.GOODS_NOT_COUNTED
    amounts = terms.policy_clauses[CountedAmounts].key
    assert [(share.exclusion, share.clauses) for share in found] == [
        (None, ()),
        (goods, ("spend", "stamp")),
        (kind, (amounts,)),
        (kind, (amounts,)),
        (None, ()),
    ]


def test_free_lines_and_lines_paid_with_points_say_so() -> None:
    terms = some_terms(a_clause(PointsPerVisit(5)))
    free, paid = shared(terms, *priced("0.00", "8.00"))
    assert (free.exclusion, free.clauses, points([free])) == (
        LineExclusion.NOTHING_PAID,
        (terms.policy_clauses[CountedAmounts].key,),
        [0],
    )
    assert (paid.exclusion, points([paid])) == (None, [5])
    facts = a_purchase(*priced("8.00"), payments=(Payment(PaymentKind.POINTS, 800),))
    (share,) = line_shares(earn(terms=terms, facts=facts), terms=terms, facts=facts)
    assert (share.exclusion, points([share])) == (LineExclusion.NOTHING_PAID, [0])


def test_lines_without_points_are_excluded_only_if_every_clause_excludes_them() -> None:
    terms = some_terms(a_clause(None, TEA))
    (share,) = shared(terms, a_line(1))
    assert (share.exclusion, share.clauses) == (LineExclusion.GOODS_NOT_COUNTED, ("spend",))
    (share,) = shared(some_terms(a_clause(PointsPerAmount(1, pounds("100.00")))), a_line(1))
    assert (share.exclusion, points([share])) == (None, [0])


def by_hand(total: int, weights: Sequence[Fraction]) -> list[int]:
    """Largest remainder one point at a time, each to the line with the largest claim."""
    whole = sum(weights)
    exact = [total * weight / whole if whole else Fraction(0) for weight in weights]
    found = [int(share) for share in exact]
    for _ in range(total - sum(found)):
        owed = [share - have if have == int(share) else Fraction(-1) for share, have in zip(exact, found, strict=True)]
        found[owed.index(max(owed))] += 1
    return found


@given(
    prices=st.lists(st.integers(1, 5_000), min_size=1, max_size=6),
    each=st.integers(1, 30),
    cap=st.none() | st.integers(1, 100),
    items=st.booleans(),
)
def test_shares_equal_those_worked_out_by_hand(prices: list[int], each: int, cap: int | None, items: bool) -> None:
    effect = PointsPerItem(each) if items else PointsPerAmount(each, Money(100, "GBP"))
    limit = [("cap", (), PointsCap(cap, CapScope.PURCHASE))] if cap is not None else []
    lines = [
        a_line(number, quantity=str(number if items else 1))._replace(unit_price=price)
        for number, price in enumerate(prices, start=1)
    ]
    terms = some_terms(a_clause(effect), *limit)
    total = earn(terms=terms, facts=a_purchase(*lines)).points
    weights = [Fraction(line.number * each if items else line.unit_price * each) for line in lines]
    assert points(shared(terms, *lines)) == by_hand(total, weights)


@given(clauses=some.drafts(), stamps=st.booleans(), facts=some.purchases())
@property_settings(75)
def test_points_of_all_lines_add_up_to_the_decision(
    clauses: list[DraftedClause], stamps: bool, facts: PurchaseFacts
) -> None:
    if stamps:
        clauses = [*clauses, ("stamps", (), Stamps(2, StampOccasion.ITEM))]
    try:
        terms = some_terms(*clauses)
    except TermsError:
        return
    made = earn(terms=terms, facts=facts)
    found = line_shares(made, terms=terms, facts=facts)
    assert [share.line.number for share in found] == [line.number for line in facts.lines]
    for unit in terms.units:
        shares = [share.shares[unit] for share in found]
        assert sum(shares) == made.amount(unit)
        assert min(shares) >= 0
    assert all(not any(share.shares.values()) for share in found if share.exclusion is not None)
    assert found == line_shares(Decision.from_data(made.to_data()), terms=terms, facts=facts), (
        "the same from the stored decision"
    )


@pytest.mark.parametrize("kind", [kind for kind in LineKind if kind is not LineKind.GOODS])
def test_ineligible_kinds_are_excluded_by_the_eligibility_clause(kind: LineKind) -> None:
    terms = some_terms(a_clause())
    first, second = shared(terms, a_line(1), a_line(2, kind=kind))
    assert (first.exclusion, points([first])) == (None, [10])
    assert (second.exclusion, points([second])) == (LineExclusion.KIND_NOT_COUNTED, [0])
