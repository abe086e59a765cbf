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

from app.domain.amounts import MAX_MINOR_UNITS, Exact, ExchangeRate, Money, Rounding, rounded
from app.domain.customers.rule_facts import NO_RULE_FACTS, RuleFacts
from app.domain.details import Detail, InvalidFieldError, detail_of
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
    """Invalid facts of a purchase; `path` leads to the field."""

    path: tuple[str, ...]

    def __init__(self, path: tuple[str, ...], detail: Detail) -> None:
        super().__init__(path, detail)


UNREDUCED_PRICES: Mapping[int, Exact] = MappingProxyType({})
"""The price shares of a purchase without refunds of amounts: no line's price is reduced."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A part of the payment, in minor units; `redemption_id` is the redemption whose points paid it, if points did."""

    kind: PaymentKind
    amount: Exact
    redemption_id: str | None = None


@dataclass(frozen=True, slots=True)
class PurchaseFacts:
    """A purchase, or a basket that may become one.

    - `occurred_at`: business time;
    - `location`: the key of the location, None for a purchase without one; `zone`: the IANA zone whose wall clock the
      rules follow;
    - `rule_facts`: what the terms require to know about the customer;
    - `currency`: that of all amounts; `exchange_rate`: how they are converted into the program's currency, for the
      purchase and for its refunds; None if they are in the program's currency;
    - `replaced_price`: in an exchange, the price in minor units of the returned goods that these goods replace, as of
      when the exchange was recorded; None for other purchases;
    - `amount_only`: this is only the price difference of an exchange: its amount counts, but neither a visit nor items;
    - `self_service`: a customer redeems with a key of their own, not at a till.

    Raises FactsError for a discount above the price of its line, more paid with points than is due, an amount that is
    too large, or an exchange rate for the program's own currency.
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
                raise FactsError(("lines", str(index), "discount"), detail_of("DISCOUNT_ABOVE_PRICE"))
        if sum(line.price() for line in self.lines) > MAX_MINOR_UNITS:
            raise FactsError(("lines",), detail_of("TOO_LARGE"))
        if self.payments and self.paid_with_points() > self.amount_due():
            raise FactsError(("payments",), detail_of("POINTS_PAY_TOO_MUCH"))
        if self.exchange_rate is not None:
            self._check_exchange_rate(self.exchange_rate)

    def _check_exchange_rate(self, exchange_rate: ExchangeRate) -> None:
        if exchange_rate.target_currency == self.currency:
            raise FactsError(("exchange_rate",), detail_of("FOREIGN_ONLY"))
        if (
            sum(line.price() for line in self.lines) * exchange_rate.factor(foreign_currency=self.currency)
            > MAX_MINOR_UNITS
        ):
            raise FactsError(("exchange_rate",), detail_of("TOO_LARGE_CONVERTED"))

    def total(self) -> Money:
        """The amount due, tax included, each line rounded halves up."""
        amounts = [line.amount_due() for line in self.lines]
        whole_amounts = [
            amount if amount.__class__ is int else rounded(amount, mode=Rounding.HALF_UP) for amount in amounts
        ]
        return Money(sum(whole_amounts), self.currency)

    @property
    def replaced_share(self) -> Exact:
        """The share of the price, from 0 to 1, that the goods returned in an exchange cover; 0 for other purchases."""
        if self.replaced_price is None:
            return 0
        amount_due = self.amount_due()
        return min(Fraction(1), Fraction(self.replaced_price) / Fraction(amount_due)) if amount_due else 1

    def as_replacement(self, price: int) -> PurchaseFacts:
        """The facts of a receipt whose goods replace returned goods worth `price` (minor units).

        What was paid with points pays for the price difference, so the replaced price is at most what is left to pay.
        """
        if (paid_with_points := self.paid_with_points()) > 0:
            price = min(price, int(self.amount_due() - paid_with_points))
        return replace(self, replaced_price=price)

    def exchange_difference(self) -> PurchaseFacts:
        """The part of the purchase that rules count: of an exchange only the price difference, otherwise all of it."""
        if self.replaced_price is None:
            return self
        difference_share = 1 - self.replaced_share
        lines = tuple(line._replace(price_share=line.price_share * difference_share) for line in self.lines)
        return replace(self, lines=lines, replaced_price=None, amount_only=True)

    def paid_with_points(self) -> Exact:
        """The part of the payment made with points, in minor units."""
        return sum((payment.amount for payment in self.payments if payment.kind is PaymentKind.POINTS), 0)

    def redemption_ids(self) -> frozenset[str]:
        """The ids of the redemptions whose points paid a part of the purchase."""
        return frozenset(payment.redemption_id for payment in self.payments if payment.redemption_id is not None)

    def amount_due(self) -> Exact:
        """The exact amount due for all lines, tax included, in minor units."""
        return sum((line.amount_due() for line in self.lines), 0)

    def with_remaining_quantities(
        self, quantities: Mapping[int, Decimal], *, price_shares: Mapping[int, Exact] = UNREDUCED_PRICES
    ) -> PurchaseFacts:
        """The purchase reduced to the goods that remain after returns; payments shrink in proportion.

        `quantities` are the remaining quantities by line number. `price_shares` are, by line number, the shares of the
        lines' prices that are left after refunds of amounts without goods; a line that is not in it has its full price.
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
        """The purchase with these lines in place of its own; payments are scaled to the new total."""
        if lines == self.lines:
            return self
        old_amount = self.amount_due()
        new_amount = sum((line.amount_due() for line in lines), 0)
        share = Fraction(new_amount) / Fraction(old_amount) if old_amount else Fraction(0)
        payments = tuple(replace(payment, amount=payment.amount * share) for payment in self.payments)
        return replace(self, lines=lines, payments=payments)

    def to_data(self) -> dict[str, Any]:
        """The facts as JSON with exact numbers, without fields that have their default; returns are not written."""
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
        """The facts of the JSON that `to_data` wrote."""
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
