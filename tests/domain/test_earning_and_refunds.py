"""What purchases earn, by hand and by property, and what refunds claw back."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import Rounding
from app.domain.calendar import Weekday
from app.domain.decisions import Decision, DecisionOutcome, ReasonCode, Verdict
from app.domain.engine.earning import earn
from app.domain.engine.refund import outcome_from_snapshot
from app.domain.purchases.facts import FactsError, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import LineKind
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.version import Terms
from tests.builders import NOON, a_clause, a_line, a_purchase, pounds, some_terms

TEN_PERCENT = PointsPerAmount(points=1, per=pounds("10.00"))


@pytest.mark.parametrize(
    ("price", "effect", "points"),
    [
        ("9.49", PointsPerAmount(1, pounds("1.00")), 9),
        ("9.50", PointsPerAmount(1, pounds("1.00")), 10),
        ("0.49", PointsPerAmount(1, pounds("1.00")), 0),
        ("99.99", PointsPerFullAmount(5, pounds("10.00")), 45),
        ("100.00", PointsPerFullAmount(5, pounds("10.00")), 50),
        ("0.01", PointsPerVisit(3), 3),
        ("0.00", PointsPerVisit(3), 0),
    ],
)
def test_each_effect_gives_what_its_sentence_says(price: str, effect: PointsPerAmount, points: int) -> None:
    decision = earn(terms=some_terms(a_clause(effect)), facts=a_purchase(a_line(price=price)))
    assert decision.points == points
    assert decision.outcome is (DecisionOutcome.GRANTED if points else DecisionOutcome.NOTHING_EARNED)


@pytest.mark.parametrize(
    ("mode", "scope", "points"),
    [
        (Rounding.HALF_UP, RoundingScope.BASKET, 2),
        (Rounding.FLOOR, RoundingScope.BASKET, 1),
        (Rounding.HALF_EVEN, RoundingScope.BASKET, 2),
        (Rounding.HALF_UP, RoundingScope.LINE, 3),
        (Rounding.FLOOR, RoundingScope.LINE, 0),
        (Rounding.HALF_EVEN, RoundingScope.LINE, 0),
    ],
)
def test_rounding_follows_its_clause(mode: Rounding, scope: RoundingScope, points: int) -> None:
    terms = some_terms(a_clause(), ("r", (), RoundingRule(mode=mode, scope=scope)))
    assert earn(terms=terms, facts=a_purchase(*(a_line(n, price="0.50") for n in (1, 2, 3)))).points == points


@pytest.mark.parametrize(
    ("basis", "points"),
    [
        (CountedAmounts(), 100 - 10),
        (CountedAmounts(taxes=True), 119 - 12),
        (CountedAmounts(discounts_ignored=True), 100),
        (CountedAmounts(shipping=True), 100 - 10 + 5),
        (CountedAmounts(tips=True, deposits=True, gift_cards=True), 100 - 10 + 3 + 2 + 50),
    ],
)
def test_amount_basis_follows_its_clause(basis: CountedAmounts, points: int) -> None:
    lines = (
        a_line(1, price="119.00", tax_rate=Decimal("0.19"), discount=1190),
        a_line(2, price="5.00", kind=LineKind.SHIPPING),
        a_line(3, price="3.00", kind=LineKind.TIP),
        a_line(4, price="2.00", kind=LineKind.DEPOSIT),
        a_line(5, price="50.00", kind=LineKind.GIFT_CARD),
        a_line(6, price="9.00", kind=LineKind.REWARD),
    )
    assert earn(terms=some_terms(a_clause(), ("b", (), basis)), facts=a_purchase(*lines)).points == points


def test_part_paid_with_points_earns_nothing_and_cannot_exceed_the_total() -> None:
    half = a_purchase(
        a_line(price="100.00"), payments=(Payment(PaymentKind.POINTS, 5000), Payment(PaymentKind.GIFT_CARD, 5000))
    )
    assert earn(terms=some_terms(), facts=half).points == 50
    with pytest.raises(FactsError, match="POINTS_PAY_TOO_MUCH"):
        a_purchase(a_line(price="1.00"), payments=(Payment(PaymentKind.POINTS, 101),))


def test_best_clause_counts_or_all_are_added_and_rounded_once() -> None:
    clauses = (a_clause(TEN_PERCENT, key="a"), a_clause(TEN_PERCENT, key="b"), a_clause(TEN_PERCENT, key="c"))
    facts = a_purchase(a_line(price="5.00"))
    best = earn(terms=some_terms(*clauses), facts=facts)
    assert best.points == 1
    assert [reason.verdict for reason in best.reasons] == [Verdict.APPLIED, Verdict.EXCLUDED, Verdict.EXCLUDED]
    stacked = earn(terms=some_terms(*clauses, ("s", (), Combination(CombinationMode.STACK))), facts=facts)
    assert stacked.points == 2, "3 x 0.5, rounded once"
    assert [(reason.clause_key, reason.finding.observed) for reason in stacked.reasons] == [
        ("a", 1),
        ("b", 1),
        ("c", 0),
    ]


def test_every_failed_condition_is_listed_not_the_first() -> None:
    conditions = (
        WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(10), time(11)),
        MinimumSpend(pounds("20.00")),
        Categories(include=frozenset({"tea"})),
    )
    decision = earn(terms=some_terms(a_clause(None, *conditions)), facts=a_purchase())
    assert decision.outcome is DecisionOutcome.NOTHING_EARNED
    assert [(reason.finding.code, reason.condition) for reason in decision.reasons] == [
        (ReasonCode.OUTSIDE_TIME_WINDOW, (0,)),
        (ReasonCode.BELOW_MINIMUM_SPEND, (1,)),
        (ReasonCode.NO_ELIGIBLE_PRODUCT, (2,)),
    ]
    assert all(reason.finding.remedies for reason in decision.reasons)


def test_conditions_see_only_the_selected_lines_of_their_clause() -> None:
    clause = a_clause(None, MinimumSpend(pounds("20.00")), Categories(include=frozenset({"tea"})))
    tea = a_line(1, price="15.00", categories=("tea",))
    assert earn(terms=some_terms(clause), facts=a_purchase(tea, a_line(2, price="100.00"))).points == 0
    assert (
        earn(
            terms=some_terms(clause), facts=a_purchase(tea._replace(unit_price=2500), a_line(2, price="100.00"))
        ).points
        == 25
    )


prices = st.integers(0, 20_000)
lines = st.lists(st.tuples(prices, st.integers(1, 5), st.sampled_from([None, "0.07", "0.19"])), min_size=1, max_size=4)
effects = st.sampled_from(
    [
        PointsPerAmount(1, pounds("1.00")),
        PointsPerAmount(3, pounds("7.00")),
        PointsPerFullAmount(2, pounds("5.00")),
        PointsPerVisit(4),
    ]
)
scopes = st.sampled_from(list(RoundingScope))


def purchase(given_lines: list[tuple[int, int, str | None]]) -> PurchaseFacts:
    """A purchase of lines with prices in pence."""
    return a_purchase(
        *(
            a_line(number, quantity=str(quantity))._replace(unit_price=price, tax_rate=Decimal(rate) if rate else None)
            for number, (price, quantity, rate) in enumerate(given_lines, start=1)
        )
    )


@given(
    given_lines=lines,
    effect=effects,
    scope=scopes,
    minimum=st.integers(0, 30_000),
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), max_size=6),
)
def test_partial_refunds_end_like_a_full_one(
    given_lines: list[tuple[int, int, str | None]],
    effect: PointsPerAmount,
    scope: RoundingScope,
    minimum: int,
    steps: list[tuple[int, int]],
) -> None:
    conditions = (MinimumSpend(replace(pounds("1.00"), minor=minimum)),) if minimum else ()
    terms: Terms = some_terms(a_clause(effect, *conditions), ("r", (), RoundingRule(scope=scope)))
    sale = purchase(given_lines)
    earned = earn(terms=terms, facts=sale).points
    whole = {line.number: line.quantity for line in sale.lines}
    nothing = dict.fromkeys(whole, Decimal(0))
    full = outcome_from_snapshot(
        terms=terms,
        facts=sale,
        earned_points=earned,
        quantities_before=whole,
        quantities_after=nothing,
        available=10**9,
        occurred_at=NOON,
    )
    assert full.clawback_due == earned
    assert full.money == sale.total()
    kept, due, cash = whole, 0, 0
    for place, quantity in [*steps, *((line.number - 1, 5) for line in sale.lines)]:
        number = place % len(whole) + 1
        after = {**kept, number: max(Decimal(0), kept[number] - quantity)}
        part = outcome_from_snapshot(
            terms=terms,
            facts=sale,
            earned_points=earned,
            quantities_before=kept,
            quantities_after=after,
            available=10**9,
            occurred_at=NOON,
        )
        assert part.clawback_due >= 0
        assert part.money.minor >= 0
        kept, due, cash = after, due + part.clawback_due, cash + part.money.minor
        assert due <= earned
    assert kept == nothing
    assert (due, cash) == (full.clawback_due, full.money.minor)


@given(given_lines=lines, available=st.integers(0, 500))
def test_refund_takes_at_most_the_balance_and_shows_the_shortfall(
    given_lines: list[tuple[int, int, str | None]], available: int
) -> None:
    terms, sale = some_terms(), purchase(given_lines)
    earned = earn(terms=terms, facts=sale).points
    whole = {line.number: line.quantity for line in sale.lines}
    outcome = outcome_from_snapshot(
        terms=terms,
        facts=sale,
        earned_points=earned,
        quantities_before=whole,
        quantities_after={},
        available=available,
        occurred_at=NOON,
    )
    assert outcome.clawed_back == min(earned, available)
    assert outcome.shortfall == earned - outcome.clawed_back
    first = outcome.decision.reasons[0]
    assert first.clause_key == "refunds"
    assert first.verdict is (Verdict.APPLIED if outcome.shortfall == 0 else Verdict.LIMITED)


@given(given_lines=lines, effect=effects)
def test_facts_terms_and_decisions_survive_being_stored(
    given_lines: list[tuple[int, int, str | None]], effect: PointsPerAmount
) -> None:
    sale, terms = purchase(given_lines), some_terms(a_clause(effect, MinimumSpend(pounds("3.00"))))
    decision = earn(terms=terms, facts=sale)
    assert PurchaseFacts.from_data(sale.to_data()) == sale
    assert Terms.from_data(terms.to_data()) == terms
    assert Decision.from_data(decision.to_data()) == decision
    assert earn(terms=Terms.from_data(terms.to_data()), facts=PurchaseFacts.from_data(sale.to_data())) == decision
