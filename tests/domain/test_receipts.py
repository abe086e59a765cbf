"""Limits of receipts: the limits themselves are inside, the next value is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.purchases.facts import FactsError, PaymentKind
from app.domain.purchases.receipt_limits import (
    check_lines,
    check_payments,
    line_of,
    normalised_receipt_number,
    payment_of,
)

GIVEN: dict[str, Any] = {
    "number": 1,
    "sku": "a",
    "quantity": Decimal(1),
    "unit_price": Decimal("2.50"),
    "currency": "GBP",
}

INSIDE = [
    {"sku": "s" * 200},
    {"name": "n" * 200},
    {"name": None},
    {"categories": ["c" * 200] * 20},
    {"quantity": Decimal("0.001")},
    {"quantity": Decimal(1_000_000)},
    {"unit_price": Decimal(0)},
    {"unit_price": Decimal(1_000_000_000)},
    {"tax_rate": Decimal(1)},
    {"discount": Decimal("0.01")},
]

OUTSIDE = [
    ({"sku": ""}, "sku"),
    ({"sku": "s" * 201}, "sku"),
    ({"sku": "\x00\u200b"}, "sku"),
    ({"name": ""}, "name"),
    ({"name": "n" * 201}, "name"),
    ({"name": "\x00"}, "name"),
    ({"categories": ["c"] * 21}, "categories"),
    ({"categories": ["c", ""]}, "categories.1"),
    ({"quantity": Decimal(0)}, "quantity"),
    ({"quantity": Decimal(-1)}, "quantity"),
    ({"quantity": Decimal("0.0001")}, "quantity"),
    ({"quantity": Decimal("1000000.001")}, "quantity"),
    ({"quantity": Decimal("1e999999")}, "quantity"),
    ({"quantity": Decimal("1e-999999")}, "quantity"),
    ({"quantity": Decimal("NaN")}, "quantity"),
    ({"quantity": Decimal("sNaN")}, "quantity"),
    ({"quantity": Decimal("Infinity")}, "quantity"),
    ({"unit_price": Decimal("-0.01")}, "unit_price"),
    ({"unit_price": Decimal("2.505")}, "unit_price"),
    ({"unit_price": Decimal("1000000000.01")}, "unit_price"),
    ({"unit_price": Decimal("NaN")}, "unit_price"),
    ({"tax_rate": Decimal("1.01")}, "tax_rate"),
    ({"tax_rate": Decimal("NaN")}, "tax_rate"),
    ({"discount": Decimal("-0.01")}, "discount"),
    ({"discount": Decimal("NaN")}, "discount"),
    ({"discount": Decimal("0.001")}, "discount"),
]


@pytest.mark.parametrize("given", INSIDE)
def test_limits_of_a_line_are_inclusive(given: dict[str, Any]) -> None:
    line = line_of(**{**GIVEN, **given})
    assert line.price() >= 0


@pytest.mark.parametrize(("given", "at"), OUTSIDE)
def test_value_beyond_a_limit_is_rejected_with_its_path(given: dict[str, Any], at: str) -> None:
    with pytest.raises(FactsError) as raised:
        line_of(**{**GIVEN, **given})
    assert raised.value.path == ("lines", "0", *at.split("."))


def test_lines_payments_and_the_receipt_have_limits() -> None:
    check_lines(1)
    check_lines(500)
    check_lines(0, minimum=0)
    check_payments(20)
    normalised_receipt_number("n" * 200)
    line_of(**{**GIVEN, "quantity": Decimal("0.5")})
    with pytest.raises(FactsError):
        check_lines(0)
    with pytest.raises(FactsError):
        check_lines(501)
    with pytest.raises(FactsError):
        check_payments(21)
    for number in ("", "n" * 201, " \n\u200b"):
        with pytest.raises(FactsError):
            normalised_receipt_number(number)


@pytest.mark.parametrize("amount", ["0", "-1", "1000000000.01", "0.001", "NaN", "Infinity"])
def test_payment_is_positive_and_at_most_a_thousand_million(amount: str) -> None:
    assert payment_of(number=1, kind=PaymentKind.CASH, amount=Decimal("2.50"), currency="GBP").amount == 250
    with pytest.raises(FactsError) as raised:
        payment_of(number=2, kind=PaymentKind.CASH, amount=Decimal(amount), currency="GBP")
    assert raised.value.path == ("payments", "1", "amount")
