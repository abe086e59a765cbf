"""Conditions: when they hold, and that applying their remedy makes them hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import ExchangeRate, Parts
from app.domain.calendar import WEEK, Weekday
from app.domain.decisions import DecisionOutcome, ReasonCode, RemedyCode
from app.domain.details import detail_of
from app.domain.engine.redemption import redeem
from app.domain.purchases.eligible import AmountBasis, EligiblePurchase
from app.domain.purchases.facts import Payment, PaymentKind, PurchaseFacts
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.groups import AllOf, AnyOf
from app.domain.terms.conditions.minimum_spend import MinimumSpend, SpendBasis
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.validation import TermsError
from tests.builders import NOON, a_clause, a_line, a_purchase, eligible_purchase, pounds, some_terms

ZONES = ("Europe/London", "America/New_York", "Asia/Taipei", "Africa/Cairo", "America/Sao_Paulo", "Australia/Lord_Howe")
EVENING = WeekdaysAndHours(days=frozenset(WEEK[:5]), start=time(17), end=time(19))
NIGHT = WeekdaysAndHours(days=frozenset({Weekday.FRIDAY}), start=time(22), end=time(2))


def at(text: str) -> datetime:
    """An instant from ISO text."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("condition", "moment", "holds"),
    [
        (EVENING, "2026-03-04T16:59:59.999999+00:00", False),
        (EVENING, "2026-03-04T17:00:00+00:00", True),
        (EVENING, "2026-03-04T18:59:59.999999+00:00", True),
        (EVENING, "2026-03-04T19:00:00+00:00", False),
        (EVENING, "2026-03-07T18:00:00+00:00", False),
        (NIGHT, "2026-03-06T21:59:00+00:00", False),
        (NIGHT, "2026-03-06T22:00:00+00:00", True),
        (NIGHT, "2026-03-07T01:59:00+00:00", True),
        (NIGHT, "2026-03-07T02:00:00+00:00", False),
        (NIGHT, "2026-03-06T01:00:00+00:00", False),
        # In autumn 01:30 comes twice in London, and both are inside.
        (WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(1), time(2)), "2026-10-25T00:30:00+00:00", True),
        (WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(1), time(2)), "2026-10-25T01:30:00+00:00", True),
        # In spring 01:30 does not come at all.
        (WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(1), time(2)), "2026-03-29T01:00:00+00:00", False),
        (WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(1), time(2)), "2026-03-29T00:59:59+00:00", False),
    ],
)
def test_weekly_window_uses_local_time(condition: WeekdaysAndHours, moment: str, holds: bool) -> None:
    finding = condition.check(eligible_purchase(at=at(moment)))
    assert finding.met is holds
    assert finding.code is (ReasonCode.CONDITION_MET if holds else ReasonCode.OUTSIDE_TIME_WINDOW)


@pytest.mark.parametrize(
    ("listed", "sku", "meets"),
    [
        ("Ｔｅａ", "Tea", True),
        ("Ｔｅａ", "Ｔｅａ", True),
        ("Tea", "Tea", True),
        ("Tea", "Ｔｅａ", False),
        ("Ｔｅａ", "tea", False),
    ],
)
def test_product_lists_of_older_terms_match_normalised_names(listed: str, sku: str, meets: bool) -> None:
    """What was kept before stays as it is, and a receipt of then meets a list of then."""
    sold = eligible_purchase(a_line(sku=sku))
    assert Products(include=frozenset({listed})).check(sold).met is meets
    assert Products(exclude=frozenset({listed})).check(sold).met is not meets
    spelled = Products(include=frozenset({"Tea"}))
    assert spelled.at_least_as_wide(Products(include=frozenset({listed, "Tea"})))


def test_window_skipped_by_the_clock_change_opens_a_week_later() -> None:
    window = WeekdaysAndHours(frozenset({Weekday.SUNDAY}), time(1), time(2))
    (remedy,) = window.check(eligible_purchase(at=at("2026-03-28T12:00:00+00:00"))).remedies
    assert remedy.instant == at("2026-04-05T00:00:00+00:00"), "01:00 on the wall in summer"


@pytest.mark.parametrize(
    ("condition", "day", "holds"),
    [
        (Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), "2026-05-31T22:59:59+00:00", False),
        (Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), "2026-05-31T23:00:00+00:00", True),
        (Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), "2026-06-30T22:59:59+00:00", True),
        (Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), "2026-06-30T23:00:00+00:00", False),
        (Dates(last=date(2026, 6, 30)), "1999-01-01T00:00:00+00:00", True),
        (Dates(first=date(2026, 6, 1)), "2099-01-01T00:00:00+00:00", True),
    ],
)
def test_date_range_includes_both_whole_local_days(condition: Dates, day: str, holds: bool) -> None:
    assert condition.check(eligible_purchase(at=at(day))).met is holds


def test_past_period_has_no_remedy() -> None:
    finding = Dates(last=date(2026, 1, 1)).check(eligible_purchase(at=NOON))
    assert [remedy.code for remedy in finding.remedies] == [RemedyCode.NONE]


def test_product_and_category_conditions_hold_if_a_line_is_selected() -> None:
    tea, cup = a_line(1, sku="tea", categories=("drinks", "hot")), a_line(2, sku="cup", categories=("china",))
    assert Products(include=frozenset({"tea"})).selects(tea)
    assert not Products(include=frozenset({"tea"})).selects(cup)
    assert not Products(exclude=frozenset({"tea"})).selects(tea)
    assert Categories(include=frozenset({"hot"})).selects(tea)
    assert not Categories(include=frozenset({"drinks"}), exclude=frozenset({"hot"})).selects(tea)
    assert not Categories(include=frozenset({"drinks"})).selects(cup)


def with_one_more(basket: EligiblePurchase, *, minor: int) -> EligiblePurchase:
    """The basket with an eligible line of so many pence."""
    return basket._replace(
        lines=(*basket.lines, a_line(99)._replace(unit_price=minor)),
        amounts=Parts.of([*basket.amounts.values(), minor]),
    )


def test_minimum_spend_uses_its_own_tax_basis() -> None:
    taxed = a_line()._replace(unit_price=1190, tax_rate=Decimal("0.19"))
    paid = Payment(PaymentKind.POINTS, 119)
    for taxes in (True, False):
        basis = AmountBasis(taxes=taxes)
        whole = EligiblePurchase.of(a_purchase(taxed), basis=basis, program_zone="Europe/London")
        part = EligiblePurchase.of(
            replace(a_purchase(taxed), payments=(paid,)), basis=basis, program_zone="Europe/London"
        )
        for amount, kind, of_whole, of_part in (
            ("11.90", SpendBasis.GROSS, True, False),
            ("11.91", SpendBasis.GROSS, False, False),
            ("10.71", SpendBasis.GROSS, True, True),
            ("10.00", SpendBasis.NET, True, False),
            ("10.01", SpendBasis.NET, False, False),
            ("9.00", SpendBasis.NET, True, True),
        ):
            condition = MinimumSpend(pounds(amount), kind)
            assert (condition.check(whole).met, condition.check(part).met) == (of_whole, of_part), (taxes, condition)
    finding = MinimumSpend(pounds("12.00"), SpendBasis.GROSS).check(
        EligiblePurchase.of(a_purchase(taxed), basis=AmountBasis(), program_zone="Europe/London")
    )
    assert (finding.observed, finding.remedies[0].amount) == (pounds("11.90"), pounds("0.10"))


def test_minimum_spend_with_tax_is_in_the_program_currency() -> None:
    taxed = a_line()._replace(unit_price=1190, tax_rate=Decimal("0.19"))
    facts = replace(a_purchase(taxed), currency="EUR", exchange_rate=ExchangeRate(Decimal("0.5"), "GBP"))
    exchanged = EligiblePurchase.of(facts, basis=AmountBasis(), program_zone="Europe/London")
    assert (exchanged.total(), exchanged.total(taxes=True)) == (500, 595)
    assert exchanged.narrowed_to(lambda _line: False).total(taxes=True) == 0


@given(
    minimum=st.integers(1, 10**6),
    prices=st.lists(st.integers(0, 10**5), max_size=5),
    rate=st.sampled_from(["0", "0.07", "0.19"]),
    basis=st.none() | st.sampled_from(list(SpendBasis)),
)
def test_condition_holds_with_the_missing_amount(
    minimum: int, prices: list[int], rate: str, basis: SpendBasis | None
) -> None:
    condition = MinimumSpend(replace(pounds("1.00"), minor=minimum), basis)
    lines = [
        a_line(number)._replace(unit_price=price, tax_rate=Decimal(rate))
        for number, price in enumerate(prices, start=1)
    ]
    basket = eligible_purchase(*lines) if lines else eligible_purchase(a_line()._replace(unit_price=0))
    finding = condition.check(basket)
    if finding.met:
        assert finding.remedies == ()
        return
    (remedy,) = finding.remedies
    assert remedy.amount is not None
    more = with_one_more(basket, minor=remedy.amount.minor)
    assert condition.check(more).met
    less = with_one_more(basket, minor=remedy.amount.minor - 1)
    assert not condition.check(less).met


@given(
    days=st.frozensets(st.sampled_from(WEEK), min_size=1),
    start=st.none() | st.integers(0, 1439),
    length=st.none() | st.integers(1, 1439),
    moment=st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)),
    zone=st.sampled_from(ZONES),
)
def test_condition_holds_when_the_window_opens(
    days: frozenset[Weekday], start: int | None, length: int | None, moment: datetime, zone: str
) -> None:
    begins = time(*divmod(start, 60)) if start is not None else None
    ends = time(*divmod(((start or 0) + length) % 1440, 60)) if length is not None else None
    condition = WeekdaysAndHours(days=days, start=begins, end=ends)
    if condition.validation_error() is not None:
        return
    now = moment.replace(tzinfo=UTC)
    finding = condition.check(eligible_purchase(at=now, zone=zone))
    if finding.met:
        return
    (remedy,) = finding.remedies
    assert remedy.instant is not None, "a weekly window opens again"
    assert now < remedy.instant < now + timedelta(days=22)
    assert condition.check(eligible_purchase(at=remedy.instant, zone=zone)).met
    assert not condition.check(eligible_purchase(at=remedy.instant - timedelta(microseconds=1), zone=zone)).met


@given(first=st.dates(date(2024, 1, 1), date(2027, 1, 1)), zone=st.sampled_from(ZONES), early=st.integers(1, 10**7))
def test_condition_holds_when_the_period_begins(first: date, zone: str, early: int) -> None:
    condition = Dates(first=first)
    before = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(days=2, seconds=early)
    (remedy,) = condition.check(eligible_purchase(at=before, zone=zone)).remedies
    assert remedy.instant is not None
    assert condition.check(eligible_purchase(at=remedy.instant, zone=zone)).met
    assert not condition.check(eligible_purchase(at=remedy.instant - timedelta(microseconds=1), zone=zone)).met


@given(
    include=st.frozensets(st.sampled_from("abcdef"), max_size=4),
    exclude=st.frozensets(st.sampled_from("abcdef"), max_size=4),
)
def test_condition_holds_with_a_product_named_by_the_remedy(include: frozenset[str], exclude: frozenset[str]) -> None:
    condition = Products(include=include, exclude=exclude)
    if condition.validation_error() is not None:
        return
    basket = eligible_purchase(a_line(sku="z"))
    finding = condition.check(basket.narrowed_to(condition.selects))
    if finding.met:
        return
    (remedy,) = finding.remedies
    for sku in remedy.choices:
        assert condition.check(
            eligible_purchase(a_line(sku="z"), a_line(2, sku=sku)).narrowed_to(condition.selects)
        ).met
    assert remedy.choices


def test_reward_at_the_till_alone_is_not_for_self_service() -> None:
    bought = eligible_purchase()
    assert AtTill().check(bought).met
    finding = AtTill().check(bought._replace(self_service=True))
    assert (finding.met, finding.code) == (False, ReasonCode.NOT_AT_TILL)
    assert [remedy.code for remedy in finding.remedies] == [RemedyCode.ASK_AT_TILL]


@pytest.mark.parametrize("condition", [AtTill(), AnyOf((AtTill(), EVENING)), AllOf((AtTill(),))])
def test_only_rewards_are_had_at_the_till_alone(condition: Condition) -> None:
    with pytest.raises(TermsError) as refused:
        some_terms(a_clause(None, condition))
    assert refused.value.detail == detail_of("ONLY_REWARDS_AT_TILL")
    some_terms(("cake", (condition,), RewardCost("cake", 50)))


def test_redemption_in_self_service_is_recomputed_from_its_facts() -> None:
    facts = replace(a_purchase(), self_service=True)
    assert PurchaseFacts.from_data(facts.to_data()) == facts
    terms = some_terms(("cake", (AtTill(),), RewardCost("cake", 50)))
    for asked, outcome in ((facts, DecisionOutcome.REFUSED), (a_purchase(), DecisionOutcome.GRANTED)):
        decision = redeem(terms=terms, clause=terms.clause_by_key["cake"], facts=asked, available=50)
        assert decision.outcome is outcome
