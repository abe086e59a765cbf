"""What a receipt may contain: the same limits for tills and for imports.

Every public function here raises FactsError, whose path leads from the receipt to the field.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from app.domain.amounts import AmountError, ExchangeRate, Money, rate_error
from app.domain.details import count_detail, detail_of, range_detail
from app.domain.names import normalised_identifier
from app.domain.purchases.facts import FactsError, Payment, PaymentKind
from app.domain.purchases.lines import Line, LineKind, quantity_error

MAX_LINES = 500
MAX_PAYMENTS = 20
MAX_CATEGORIES = 20
MAX_TEXT_LENGTH = 200
"""The most characters of a receipt's number, a stock code, a name or a category."""

MAX_PRICE = Decimal(1_000_000_000)
"""The highest unit price and the largest payment, in major units."""


def normalised_receipt_number(text: str) -> str:
    """The one spelling of a receipt's number, of 1 to 200 characters. Case and leading zeros are significant."""
    return _checked_text(normalised_identifier(text), path=("external_id",))


def check_lines(line_count: int, *, minimum: int = 1) -> None:
    """Check the number of lines; `minimum` is 0 for a basket, which may have no lines yet."""
    if not minimum <= line_count <= MAX_LINES:
        raise FactsError(("lines",), count_detail(1, MAX_LINES))


def check_payments(payment_count: int) -> None:
    """Check the number of payments."""
    if payment_count > MAX_PAYMENTS:
        raise FactsError(("payments",), detail_of("COUNT_MOST", most=MAX_PAYMENTS))


def line_of(
    *,
    number: int,
    sku: str,
    quantity: Decimal,
    unit_price: Decimal,
    currency: str,
    name: str | None = None,
    categories: Sequence[str] = (),
    discount: Decimal | None = None,
    tax_rate: Decimal | None = None,
    tax_included: bool = True,
    kind: LineKind = LineKind.GOODS,
) -> Line:
    """A line as it was printed; `number` counts from 1, price and discount are in major units of the currency."""
    try:
        # Stock codes and categories are normalised, so that they match those in clauses.
        sku = _checked_text(normalised_identifier(sku), path=("sku",))
        if name is not None:
            _checked_text(name, path=("name",))
        if (error_detail := quantity_error(quantity)) is not None:
            raise FactsError(("quantity",), error_detail)
        if not unit_price.is_finite() or not 0 <= unit_price <= MAX_PRICE:
            raise FactsError(("unit_price",), range_detail(0, int(MAX_PRICE)))
        if tax_rate is not None and not (tax_rate.is_finite() and 0 <= tax_rate <= 1):
            raise FactsError(("tax_rate",), detail_of("TAX_RATE"))
        return Line(
            number=number,
            sku=sku,
            quantity=quantity,
            unit_price=_minor_units(unit_price, currency=currency, path=("unit_price",)),
            name=name,
            categories=_categories(categories) if categories else (),
            discount=_discount(discount, currency=currency) if discount is not None else 0,
            tax_rate=tax_rate,
            tax_included=tax_included,
            kind=kind,
        )
    except FactsError as error:
        raise FactsError(("lines", str(number - 1), *error.path), error.detail) from error


def _categories(names: Sequence[str]) -> tuple[str, ...]:
    if len(names) > MAX_CATEGORIES:
        raise FactsError(("categories",), detail_of("COUNT_MOST", most=MAX_CATEGORIES))
    return tuple(
        _checked_text(normalised_identifier(name), path=("categories", str(index))) for index, name in enumerate(names)
    )


def _discount(amount: Decimal, *, currency: str) -> int:
    if not (amount.is_finite() and amount >= 0):
        raise FactsError(("discount",), detail_of("NOT_NEGATIVE"))
    return _minor_units(amount, currency=currency, path=("discount",))


def payment_of(
    *, number: int, kind: PaymentKind, amount: Decimal, currency: str, redemption_id: str | None = None
) -> Payment:
    """A part of the payment; `number` counts from 1, the amount is in major units of the currency."""
    path = ("payments", str(number - 1), "amount")
    if not amount.is_finite() or not 0 < amount <= MAX_PRICE:
        raise FactsError(path, detail_of("ABOVE_ZERO_TO", most=int(MAX_PRICE)))
    return Payment(kind, _minor_units(amount, currency=currency, path=path), redemption_id)


def exchange_rate_of(rate: Decimal, *, currency: str, target_currency: str) -> ExchangeRate:
    """The exchange rate of a receipt in `currency` into the program's currency. Raises FactsError."""
    error_detail = rate_error(rate) if currency != target_currency else detail_of("FOREIGN_ONLY")
    if error_detail is not None:
        raise FactsError(("exchange_rate",), error_detail)
    return ExchangeRate(rate=rate, target_currency=target_currency)


def _minor_units(amount: Decimal, *, currency: str, path: tuple[str, ...]) -> int:
    try:
        return Money.of(amount, currency).minor
    except AmountError as error:
        raise FactsError(path, error.detail) from error


def _checked_text(text: str, *, path: tuple[str, ...]) -> str:
    """The text, if it is valid: not blank, not too long, and without U+0000."""
    if len(text) > MAX_TEXT_LENGTH or not text.strip():
        raise FactsError(path, detail_of("LENGTH_NOT_BLANK", most=MAX_TEXT_LENGTH))
    if "\x00" in text:
        raise FactsError(path, detail_of("CONTROL_CHARACTERS", character="U+0000"))
    return text
