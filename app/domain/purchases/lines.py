"""Lines of a receipt: goods, quantities, prices, and the part that remains after returns."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from app.domain.amounts import Exact, Rounding, rounded
from app.domain.details import Detail, detail_of


class LineKind(StrEnum):
    """What a line of a receipt charges for."""

    GOODS = "GOODS"
    SHIPPING = "SHIPPING"
    TIP = "TIP"
    DEPOSIT = "DEPOSIT"
    GIFT_CARD = "GIFT_CARD"
    REWARD = "REWARD"


MAX_QUANTITY = Decimal(1_000_000)
"""The largest quantity of a line."""


def quantity_error(quantity: Decimal) -> Detail | None:
    """Why a number is not a valid quantity of a line, sold or returned; None if it is valid."""
    # Checked first: comparing with NaN raises, and rounding takes time in proportion to the digits of a number.
    if not quantity.is_finite() or not 0 < quantity <= MAX_QUANTITY:
        return detail_of("ABOVE_ZERO_TO", most=MAX_QUANTITY)
    return None if quantity == round(quantity, 3) else detail_of("DECIMALS_MOST", most=3)


@lru_cache(maxsize=256)
def _tax_factor(rate: Decimal, *, adds_tax: bool) -> Fraction:
    """The factor that adds the tax to an amount or, unless `adds_tax`, takes it out."""
    factor = 1 + Fraction(rate)
    return factor if adds_tax else Fraction(1) / factor


class Line(NamedTuple):
    """A line of a receipt.

    `unit_price` and `discount` are minor units; the discount is for the whole line. `tax_rate` is a fraction (0.19),
    and `tax_included` says whether the prices include the tax. `quantity` and `discount` are as printed on the receipt.
    `quantity_share` is the share of the quantity that remains after returns, `price_share` the share of the price that
    is left after refunds of amounts without goods.
    """

    number: int
    sku: str
    quantity: Decimal
    unit_price: int
    name: str | None = None
    categories: tuple[str, ...] = ()
    discount: int = 0
    tax_rate: Decimal | None = None
    tax_included: bool = True
    kind: LineKind = LineKind.GOODS
    quantity_share: Exact = 1
    price_share: Exact = 1

    def price(self) -> int:
        """Quantity times unit price in whole minor units, halves rounded up: the printed price before the discount."""
        if self.quantity == self.quantity.to_integral_value():
            return int(self.quantity) * self.unit_price
        return rounded(Fraction(self.quantity) * self.unit_price, mode=Rounding.HALF_UP)

    def amount(self, *, taxes: bool, discounts_ignored: bool) -> Exact:
        """The exact remaining amount in minor units, with or without tax, before or after the discount."""
        amount: Exact = self.price() if discounts_ignored else self.price() - self.discount
        if self.quantity_share != 1 or self.price_share != 1:
            # Scaled exactly and not rounded: a smaller remainder must never amount to more.
            amount = amount * self.quantity_share * self.price_share
        if self.tax_rate is None or self.tax_included is taxes:
            return amount
        factor = _tax_factor(self.tax_rate, adds_tax=taxes)
        return Fraction(amount.numerator * factor.numerator, amount.denominator * factor.denominator)

    def amount_due(self) -> Exact:
        """The exact amount that the customer owes for the line, tax included, in minor units."""
        return self.amount(taxes=True, discounts_ignored=False)

    def remaining_quantity(self) -> Decimal:
        """The remaining quantity, rounded down to three decimals."""
        if self.quantity_share == 1:
            return self.quantity
        thousandths = Fraction(self.quantity) * self.quantity_share * 1000
        return Decimal(thousandths.__floor__()).scaleb(-3)

    def with_remaining_quantity(self, quantity: Decimal, *, price_share: Exact = 1) -> Line:
        """The line reduced to a quantity and to a share of its price; the discount shrinks in proportion."""
        return self._replace(quantity_share=Fraction(quantity) / Fraction(self.quantity), price_share=price_share)


def line_data(line: Line) -> dict[str, Any]:
    """A line as JSON, without fields that have their default."""
    data: dict[str, Any] = {"sku": line.sku, "quantity": str(line.quantity), "price": line.unit_price}
    if line.name is not None:
        data["name"] = line.name
    if line.categories:
        data["categories"] = list(line.categories)
    if line.discount:
        data["discount"] = line.discount
    if line.tax_rate is not None:
        data["tax"] = str(line.tax_rate)
    if not line.tax_included:
        data["tax_included"] = False
    if line.kind is not LineKind.GOODS:
        data["kind"] = line.kind.value
    return data


def line_of_data(data: Mapping[str, Any], *, number: int) -> Line:
    """The line of the JSON that `line_data` wrote."""
    return Line(
        number=number,
        sku=data["sku"],
        quantity=Decimal(data["quantity"]),
        unit_price=data["price"],
        name=data.get("name"),
        categories=tuple(data.get("categories", ())),
        discount=int(data.get("discount", 0)),
        tax_rate=Decimal(data["tax"]) if "tax" in data else None,
        tax_included=data.get("tax_included", True),
        kind=LineKind(data["kind"]) if "kind" in data else LineKind.GOODS,
    )
