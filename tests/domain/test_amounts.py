"""Money: exact, in one currency at a time, with the decimals of ISO 4217 in every language."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import DECIMALS, MAX_MINOR_UNITS, AmountError, Money, Parts
from app.domain.engine.earning import earn
from app.domain.engine.refund import outcome_from_snapshot
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.purchases.lines import Line
from tests.builders import NOON, a_purchase, some_terms


@pytest.mark.parametrize(
    "amount",
    [
        Decimal("1.00000000000000000000000000001"),
        Decimal("1E-400"),
        Decimal("1E+400"),
        Decimal("Infinity"),
        Decimal("sNaN"),
        "１２.５０",
        "1e2",
        " 1",
        "1_000",
        "",
        "10000000000000.01",
    ],
)
def test_inexact_amount_is_rejected(amount: Decimal | str) -> None:
    with pytest.raises(AmountError):
        Money.of(amount, "GBP")


@given(minor=st.integers(-MAX_MINOR_UNITS, MAX_MINOR_UNITS), currency=st.sampled_from(sorted(DECIMALS)))
def test_money_survives_its_decimal_text(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.decimal(), currency) == money
    assert Money.of(f"{money.decimal():f}", currency) == money


def test_amounts_of_two_currencies_cannot_be_compared() -> None:
    assert Money(1, "GBP") < Money(2, "GBP") <= Money(2, "GBP")
    assert Money(3, "GBP") > Money(2, "GBP") >= Money(2, "GBP")
    with pytest.raises(AmountError, match="NOT_COMPARABLE"):
        assert Money(1, "GBP") < Money(2, "EUR")


@pytest.mark.parametrize(
    ("money", "locale", "text"),
    [
        (Money(2000, "GBP"), Locale.EN, "£20"),
        (Money(2000, "GBP"), Locale.DE, "20\N{NO-BREAK SPACE}£"),
        (Money(500, "JPY"), Locale.EN, "JP¥500"),
        (Money(1234, "BHD"), Locale.EN, "BHD\N{NO-BREAK SPACE}1.234"),
        (Money(500, "IQD"), Locale.DE, "0,500\N{NO-BREAK SPACE}IQD"),
        (Money(123456789, "EUR"), Locale.DE, "1.234.567,89\N{NO-BREAK SPACE}€"),
        (Money(12345, "TWD"), Locale.ZH_HANT, "123.45 元"),
        (Money(12345, "CNY"), Locale.ZH_HANS, "123.45 元"),
    ],
)
def test_money_reads_with_the_decimals_of_its_currency(money: Money, locale: Locale, text: str) -> None:
    assert phrasebook_in(locale).money(money).replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}") == text


@given(st.lists(st.fractions(0, 1000, max_denominator=500), max_size=6), st.integers(1, 9), st.integers(1, 9))
def test_common_denominator_keeps_the_fractions(values: list[Fraction], numerator: int, denominator: int) -> None:
    parts = Parts.of(values)
    assert list(parts.values()) == values
    assert parts.total() == sum(values)
    assert list(parts.scaled(numerator, denominator).values()) == [
        fraction * numerator / denominator for fraction in values
    ]


@given(
    price=st.integers(0, 500),
    off=st.integers(0, 500),
    sold=st.decimals("0.001", "9", places=3),
    shares=st.lists(st.integers(0, 1000), min_size=1, max_size=4),
)
def test_partial_refunds_of_a_weighed_and_discounted_line_never_pay_twice(
    price: int, off: int, sold: Decimal, shares: list[int]
) -> None:
    line = Line(number=1, sku="tea", quantity=sold, unit_price=price)
    purchase = a_purchase(line._replace(discount=min(off, line.price())))
    terms = some_terms()
    earned = earn(terms=terms, facts=purchase).points
    before, due, cash = {1: sold}, 0, 0
    for share in [*sorted(shares, reverse=True), 0]:
        after = {1: (sold * share / 1000).quantize(Decimal("0.001"))}
        if after[1] > before[1]:
            continue
        given_back = outcome_from_snapshot(
            terms=terms,
            facts=purchase,
            earned_points=earned,
            quantities_before=before,
            quantities_after=after,
            available=earned,
            occurred_at=NOON,
        )
        assert given_back.money.minor >= 0
        before, due, cash = after, due + given_back.clawback_due, cash + given_back.money.minor
    assert (due, cash) == (earned, purchase.total().minor)
