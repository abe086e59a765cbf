"""The facts of a purchase that rules decide on: lines, time, location and payments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from app.domain.amounts import MAX_MINOR, Exact, ExchangeRate, Money, Rounding, rounded
from app.domain.customers.rule_facts import NO_RULE_FACTS, RuleFacts
from app.domain.details import Detail, InvalidFieldError, detail
from app.domain.purchases.lines import Line, line_data, line_of_data


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


class FactsError(InvalidFieldError):
    """Invalid facts; `path` leads to the field within the purchase."""

    path: tuple[str, ...]

    def __init__(self, path: tuple[str, ...], detail: Detail) -> None:
        super().__init__(path, detail)


NO_PRICE_REDUCTIONS: Mapping[int, Exact] = MappingProxyType({})
"""No amounts were refunded without goods."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of the payment, in minor units; `redemption_id` is the redemption whose points paid, if points did."""

    kind: PaymentKind
    amount: Exact
    redemption_id: str | None = None


@dataclass(frozen=True, slots=True)
class PurchaseFacts:
    """A purchase, or a basket that may become one.

    `occurred_at` is business time. `location` is the key of the location, None for a purchase without one; `zone` is the
    location's IANA zone, whose wall clock the rules follow. `rule_facts` are what the terms require to know about the
    customer. All amounts are in `currency`; if that is not the program's, `exchange_rate` converts them, for the purchase and
    for every refund of it. `replaced_price` is the price, in minor units, of the goods that were returned in exchange for
    these, as known when the exchange was recorded; None if this is no exchange. `amount_only`: this is the price difference
    of an exchange, which counts by its amount, and neither as a visit nor by its items. `self_service`: a customer redeems
    with a key of their own, not at a till.
    Raises FactsError when a discount is larger than its line or the total is out of range.
    """

    occurred_at: datetime
    zone: str
    currency: str
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...] = ()
    channel: Channel | None = None
    rule_facts: RuleFacts = NO_RULE_FACTS
    location: str | None = None
    exchange_rate: ExchangeRate | None = None
    replaced_price: int | None = None
    amount_only: bool = False
    self_service: bool = False

    def __post_init__(self) -> None:
        for index, line in enumerate(self.lines):
            if line.discount and line.discount > line.price():
                raise FactsError(("lines", str(index), "discount"), detail("DISCOUNT_ABOVE_PRICE"))
        if sum(line.price() for line in self.lines) > MAX_MINOR:
            raise FactsError(("lines",), detail("TOO_LARGE"))
        if self.payments and self.paid_with_points() > self.amount_due():
            raise FactsError(("payments",), detail("POINTS_PAY_TOO_MUCH"))
        if self.exchange_rate is not None:
            self._check_exchange_rate(self.exchange_rate)

    def _check_exchange_rate(self, exchange_rate: ExchangeRate) -> None:
        if exchange_rate.target_currency == self.currency:
            raise FactsError(("exchange_rate",), detail("FOREIGN_ONLY"))
        if sum(line.price() for line in self.lines) * exchange_rate.factor(foreign_currency=self.currency) > MAX_MINOR:
            raise FactsError(("exchange_rate",), detail("TOO_LARGE_CONVERTED"))

    def total(self) -> Money:
        """The amount due, tax included, each line rounded halves up."""
        amounts = [line.amount_due() for line in self.lines]
        whole_amounts = [
            amount if amount.__class__ is int else rounded(amount, mode=Rounding.HALF_UP) for amount in amounts
        ]
        return Money(sum(whole_amounts), self.currency)

    @property
    def replaced_share(self) -> Exact:
        """The part of the price, from 0 to 1, covered by goods returned in the exchange."""
        if self.replaced_price is None:
            return 0
        amount_due = self.amount_due()
        return min(Fraction(1), Fraction(self.replaced_price) / Fraction(amount_due)) if amount_due else 1

    def as_replacement(self, price: int) -> PurchaseFacts:
        """The facts of a receipt whose goods replace returned goods of `price` (minor units).

        Points pay the price difference first.
        """
        if (paid_with_points := self.paid_with_points()) > 0:
            price = min(price, int(self.amount_due() - paid_with_points))
        return replace(self, replaced_price=price)

    def exchange_difference(self) -> PurchaseFacts:
        """The purchase as rules see it: for an exchange, only the price difference."""
        if self.replaced_price is None:
            return self
        difference_share = 1 - self.replaced_share
        lines = tuple(line._replace(price_share=line.price_share * difference_share) for line in self.lines)
        return replace(self, lines=lines, replaced_price=None, amount_only=True)

    def paid_with_points(self) -> Exact:
        """The part of the payment made with points, in minor units."""
        return sum((payment.amount for payment in self.payments if payment.kind is PaymentKind.POINTS), 0)

    def redemption_ids(self) -> frozenset[str]:
        """Ids of the redemptions whose points paid a part of the purchase."""
        return frozenset(payment.redemption_id for payment in self.payments if payment.redemption_id is not None)

    def amount_due(self) -> Exact:
        """The amount due for all lines, tax included, in minor units, exact."""
        return sum((line.amount_due() for line in self.lines), 0)

    def with_remaining_quantities(
        self, quantities: Mapping[int, Decimal], *, price_shares: Mapping[int, Exact] = NO_PRICE_REDUCTIONS
    ) -> PurchaseFacts:
        """The purchase with only these quantities (by line number) remaining; payments shrink in proportion.

        `price_shares` are the parts of each line's price, by line number, left after refunds of amounts without goods.
        """
        lines = tuple(
            line
            if quantities.get(line.number) == line.quantity and line.number not in price_shares
            else line.with_remaining_quantity(quantities[line.number], price_share=price_shares.get(line.number, 1))
            for line in self.lines
            if quantities.get(line.number, Decimal(0)) > 0
        )
        return self.with_lines(lines)

    def with_lines(self, lines: tuple[Line, ...]) -> PurchaseFacts:
        """The same purchase with other lines; payments are scaled to their total."""
        if lines == self.lines:
            return self
        before = self.amount_due()
        after = sum((line.amount_due() for line in lines), 0)
        share = Fraction(after) / Fraction(before) if before else Fraction(0)
        payments = tuple(replace(payment, amount=payment.amount * share) for payment in self.payments)
        return replace(self, lines=lines, payments=payments)

    def to_data(self) -> dict[str, Any]:
        """The facts of the receipt as JSON, exact, without defaults and without returns."""
        data: dict[str, Any] = {
            "at": self.occurred_at.isoformat(),
            "zone": self.zone,
            "currency": self.currency,
            "lines": [line_data(line) for line in self.lines],
        }
        if self.payments:
            data["payments"] = [
                [
                    payment.kind.value,
                    str(payment.amount),
                    *([payment.redemption_id] if payment.redemption_id is not None else []),
                ]
                for payment in self.payments
            ]
        if self.channel is not None:
            data["channel"] = self.channel.value
        if self.location is not None:
            data["location"] = self.location
        if self.exchange_rate is not None:
            data["exchange_rate"] = [str(self.exchange_rate.rate), self.exchange_rate.target_currency]
        if self.replaced_price is not None:
            data["replaces"] = self.replaced_price
        if self.self_service:
            data["self_service"] = True
        if self.rule_facts != NO_RULE_FACTS:
            data["customer_facts"] = self.rule_facts.to_data()
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PurchaseFacts:
        """The facts that `to_data` wrote."""
        return cls(
            occurred_at=datetime.fromisoformat(data["at"]),
            zone=data["zone"],
            currency=data["currency"],
            lines=tuple(line_of_data(value, number=number) for number, value in enumerate(data["lines"], start=1)),
            payments=tuple(
                Payment(PaymentKind(kind), _exact(amount), *redemption)
                for kind, amount, *redemption in data.get("payments", ())
            ),
            channel=Channel(data["channel"]) if "channel" in data else None,
            rule_facts=RuleFacts.from_data(data["customer_facts"]) if "customer_facts" in data else NO_RULE_FACTS,
            location=data.get("location"),
            exchange_rate=ExchangeRate(Decimal(data["exchange_rate"][0]), data["exchange_rate"][1])
            if "exchange_rate" in data
            else None,
            replaced_price=data.get("replaces"),
            self_service=data.get("self_service", False),
        )


def _exact(text: str) -> Exact:
    value = Fraction(text)
    return value.numerator if value.denominator == 1 else value
