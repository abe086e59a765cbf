"""What the rules are asked about: a purchase with its lines, when and where it was made, and what paid for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from app.domain.amounts import MAX_MINOR, Exact, Exchange, Money, Rounding, rounded
from app.domain.members import NOBODY, Member


class LineKind(StrEnum):
    """What a line of a receipt is."""

    GOODS = "GOODS"
    SHIPPING = "SHIPPING"
    TIP = "TIP"
    DEPOSIT = "DEPOSIT"
    GIFT_CARD = "GIFT_CARD"
    REWARD = "REWARD"


class PaymentKind(StrEnum):
    """What a purchase was paid with."""

    CASH = "CASH"
    CARD = "CARD"
    GIFT_CARD = "GIFT_CARD"
    POINTS = "POINTS"
    OTHER = "OTHER"


class Channel(StrEnum):
    """Where a purchase was made."""

    STORE = "STORE"
    ONLINE = "ONLINE"
    PHONE = "PHONE"


class FactsError(ValueError):
    """Facts that cannot be; `path` leads to the field within the purchase."""

    def __init__(self, path: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


MOST_QUANTITY = Decimal(1_000_000)
"""The largest quantity of a line."""


def quantity_problem(quantity: Decimal) -> str | None:
    """What keeps it from being a quantity of a line, sold or given back; None where nothing does."""
    # Asked first: whatever compares with NaN fails, and rounding what is too large takes as long as it has digits.
    if not quantity.is_finite() or not 0 < quantity <= MOST_QUANTITY:
        return f"a quantity is above 0 and at most {MOST_QUANTITY:,}"
    return None if quantity == round(quantity, 3) else "a quantity has at most 3 decimals"


FULL_PRICE: Mapping[int, Exact] = MappingProxyType({})
"""No line of which a part of the price was given back."""


@lru_cache(maxsize=256)
def _tax_factor(rate: Decimal, *, onto: bool) -> Fraction:
    """What an amount is multiplied by to put the tax onto it, or to take it off."""
    factor = 1 + Fraction(rate)
    return factor if onto else Fraction(1) / factor


class Line(NamedTuple):
    """A line of a receipt.

    `unit_price` and `discount` are minor units; the discount is for the whole line. `tax_rate` is a fraction (0.19).
    `share` is the part of the line that the customer kept, `worth` the part of its price that was not given back;
    `quantity` and `discount` are those of the receipt.
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
    share: Exact = 1
    worth: Exact = 1

    def price(self) -> int:
        """Quantity times unit price in whole minor units, halves up: what the receipt prints before the discount."""
        if self.quantity == self.quantity.to_integral_value():
            return int(self.quantity) * self.unit_price
        return rounded(Fraction(self.quantity) * self.unit_price, mode=Rounding.HALF_UP)

    def net(self, *, taxes: bool, discounts_ignored: bool) -> Exact:
        """The kept part's amount in minor units: with or without tax, before or after the discount. Exact."""
        amount: Exact = self.price() if discounts_ignored else self.price() - self.discount
        if self.share != 1 or self.worth != 1:
            # Scaled exactly, never rounded again: keeping less must never come to more.
            amount = amount * self.share * self.worth
        if self.tax_rate is None or self.tax_included is taxes:
            return amount
        factor = _tax_factor(self.tax_rate, onto=taxes)
        return Fraction(amount.numerator * factor.numerator, amount.denominator * factor.denominator)

    def to_pay(self) -> Exact:
        """What the line costs the customer, tax included, in minor units."""
        return self.net(taxes=True, discounts_ignored=False)

    def kept_quantity(self) -> Decimal:
        """How much of the line the customer kept, rounded down to three decimals."""
        if self.share == 1:
            return self.quantity
        thousandths = Fraction(self.quantity) * self.share * 1000
        return Decimal(thousandths.__floor__()).scaleb(-3)

    def kept(self, quantity: Decimal, *, worth: Exact = 1) -> Line:
        """The same line of which only this quantity is kept, at this part of its price; the discount shrinks along."""
        return self._replace(share=Fraction(quantity) / Fraction(self.quantity), worth=worth)


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of the payment, in minor units; `redemption_id` is where the points of a payment with points were taken."""

    kind: PaymentKind
    amount: Exact
    redemption_id: str | None = None


@dataclass(frozen=True, slots=True)
class PurchaseFacts:
    """A purchase, or a basket that may become one.

    `occurred_at` is business time; `location` is the key of the place, None where it has none; `zone` is the IANA zone
    of the place, whose wall clock the rules go by; `member` is what the terms ask about the customer. All amounts are in
    `currency`; where that is not the program's, `exchange` is the rate at which they count, then and for every refund.
    Raises FactsError when a discount is larger than its line or the total is out of range.
    """

    occurred_at: datetime
    zone: str
    currency: str
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...] = ()
    channel: Channel | None = None
    member: Member = NOBODY
    location: str | None = None
    exchange: Exchange | None = None

    def __post_init__(self) -> None:
        for place, line in enumerate(self.lines):
            if line.discount and line.discount > line.price():
                raise FactsError(("lines", str(place), "discount"), "a discount is at most the price of its line")
        if sum(line.price() for line in self.lines) > MAX_MINOR:
            raise FactsError(("lines",), "the total is out of range")
        if self.payments and self.paid_with_points() > sum((line.to_pay() for line in self.lines), 0):
            raise FactsError(("payments",), "points pay for more than the purchase comes to")
        if self.exchange is not None:
            self._check_exchange(self.exchange)

    def _check_exchange(self, exchange: Exchange) -> None:
        if exchange.into == self.currency:
            raise FactsError(("exchange_rate",), "only a purchase in a foreign currency has an exchange rate")
        if sum(line.price() for line in self.lines) * exchange.factor(foreign=self.currency) > MAX_MINOR:
            raise FactsError(("exchange_rate",), "the total is out of range in the program's currency")

    @property
    def counted_in(self) -> str:
        """The currency that the rules count it in: the one it is exchanged into, or else its own."""
        return self.currency if self.exchange is None else self.exchange.into

    def total(self) -> Money:
        """What is to pay, tax included, each line rounded halves up."""
        return Money(sum(rounded(line.to_pay(), mode=Rounding.HALF_UP) for line in self.lines), self.currency)

    def paid_with_points(self) -> Exact:
        """The part of the payment made with points, in minor units."""
        return sum((one.amount for one in self.payments if one.kind is PaymentKind.POINTS), 0)

    def redemptions(self) -> frozenset[str]:
        """The redemptions (ids) whose points paid a part of it."""
        return frozenset(payment.redemption_id for payment in self.payments if payment.redemption_id is not None)

    def only(self, lines: tuple[Line, ...]) -> PurchaseFacts:
        """The same purchase seen through some of its lines."""
        return self if lines == self.lines else replace(self, lines=lines)

    def kept(self, quantities: Mapping[int, Decimal], *, worth: Mapping[int, Exact] = FULL_PRICE) -> PurchaseFacts:
        """What is left when only these quantities (by line number) are kept; payments shrink in proportion.

        `worth` is the part of the price of lines that was not given back without goods.
        """
        lines = tuple(
            line
            if quantities.get(line.number) == line.quantity and line.number not in worth
            else line.kept(quantities[line.number], worth=worth.get(line.number, 1))
            for line in self.lines
            if quantities.get(line.number, Decimal(0)) > 0
        )
        if lines == self.lines:
            return self
        before = sum((line.to_pay() for line in self.lines), 0)
        after = sum((line.to_pay() for line in lines), 0)
        share = Fraction(after) / Fraction(before) if before else Fraction(0)
        return replace(
            self, lines=lines, payments=tuple(replace(one, amount=one.amount * share) for one in self.payments)
        )

    def to_data(self) -> dict[str, Any]:
        """The facts of the receipt as JSON, exact, defaults left out; what was kept of it is not in them."""
        data: dict[str, Any] = {
            "at": self.occurred_at.isoformat(),
            "zone": self.zone,
            "currency": self.currency,
            "lines": [_line_data(line) for line in self.lines],
        }
        if self.payments:
            data["payments"] = [
                [one.kind.value, str(one.amount), *([one.redemption_id] if one.redemption_id is not None else [])]
                for one in self.payments
            ]
        if self.channel is not None:
            data["channel"] = self.channel.value
        if self.location is not None:
            data["location"] = self.location
        if self.exchange is not None:
            data["exchange"] = [str(self.exchange.rate), self.exchange.into]
        if self.member != NOBODY:
            data["member"] = self.member.to_data()
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PurchaseFacts:
        """The facts that `to_data` wrote."""
        return cls(
            occurred_at=datetime.fromisoformat(data["at"]),
            zone=data["zone"],
            currency=data["currency"],
            lines=tuple(_line(one, number=number) for number, one in enumerate(data["lines"], start=1)),
            payments=tuple(
                Payment(PaymentKind(kind), _exact(amount), *redemption)
                for kind, amount, *redemption in data.get("payments", ())
            ),
            channel=Channel(data["channel"]) if "channel" in data else None,
            member=Member.from_data(data["member"]) if "member" in data else NOBODY,
            location=data.get("location"),
            exchange=Exchange(Decimal(data["exchange"][0]), data["exchange"][1]) if "exchange" in data else None,
        )


def _exact(text: str) -> Exact:
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value


def _line_data(line: Line) -> dict[str, Any]:
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


def _line(data: Mapping[str, Any], *, number: int) -> Line:
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
