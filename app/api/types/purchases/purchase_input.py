"""Purchases and baskets as tills send them, turned into the facts that the rules judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry
from strawberry.utils.str_converters import to_camel_case

from app.api.conventions.context import Context
from app.api.conventions.ids import decode
from app.api.conventions.scalars import CurrencyCode
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import Channel, FactsError, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.purchases.receipt_limits import check_lines, check_payments, exchange_rate_of, line_of, payment_of

_RATE_DESCRIPTION = (
    "How many units of the program's currency one unit of `currencyCode` is worth: above 0, at most 1,000,000 with 12"
    " decimals, as text. Only if that is not the program's currency; otherwise rejected with INVALID_INPUT."
)


MAX_COMPLETIONS = 1_000


@strawberry.input(description="One line of a receipt, as paid: voided items are not on it.")
class PurchaseLineInput:
    """A line; lines are numbered from 1 in the order they are sent."""

    sku: str = strawberry.field(
        description="The shop's code of the article, 1 to 200 characters, spelled as receipt numbers are."
    )
    name: str | None = strawberry.field(default=None, description="What the receipt calls it, at most 200 characters.")
    categories: list[str] | None = strawberry.field(
        default=None,
        description="The categories it belongs to, at most 20, spelled as receipt numbers are; rules refer to them.",
    )
    quantity: Decimal = strawberry.field(
        description="Number of items, or a measure such as a weight, above 0, at most 1,000,000 with 3 decimals, as text."
    )
    unit_price: Decimal = strawberry.field(
        description="The price of one item or one unit of the measure, 0 to 1,000,000,000 in the purchase's currency, as text."
    )
    discount: Decimal | None = strawberry.field(
        default=None, description="Taken off the whole line, in the purchase's currency; at most the line's price."
    )
    tax_rate: Decimal | None = strawberry.field(default=None, description="A fraction: 0.19 is 19 %. From 0 to 1.")
    tax_included: bool | None = strawberry.field(
        default=None, description="Whether the price includes the tax; default true."
    )
    kind: LineKind | None = strawberry.field(default=None, description="What the line is; default GOODS.")


@strawberry.input(description="What was paid with what. The order of payments does not matter.")
class PaymentInput:
    """A part of the payment."""

    kind: PaymentKind = strawberry.field(description="What it was paid with.")
    amount: Decimal = strawberry.field(description="How much, in the purchase's currency, above 0.")


@strawberry.input(description="How a part of a purchase was paid.")
class PurchasePaymentInput:
    """A part of the payment, and the points that paid it."""

    kind: PaymentKind = strawberry.field(description="What it was paid with.")
    amount: Decimal = strawberry.field(description="How much, in the purchase's currency, above 0.")
    redemption_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="With kind POINTS: the redemption whose points or stamps paid this part. A redemption pays one purchase, once (REDEMPTION_SPENT). When goods are returned, its points or stamps are given back in proportion, and money for the rest. If a payment with points names no redemption, neither points nor money are given back for it: the system that took the points does that.",
    )


@strawberry.input(description="A receipt.")
class PurchaseInput:
    """What a till knows of a purchase."""

    external_id: str = strawberry.field(
        description="The receipt's number, 1 to 200 characters; case and leading zeros matter, surrounding spaces and invisible characters do not. `Program.receiptNumbers` says what tells receipts of one number apart. A receipt that is sent again is recorded once."
    )
    source: str | None = strawberry.field(
        default=None,
        description="The source of the receipt numbers; default `program`, which all keys and imports share. There is no other source yet: any other is FORBIDDEN.",
    )
    completion: int | None = strawberry.field(
        default=None,
        description="Which completion of the order this is, from 1 (the default) to 1,000. An order that was returned in full can be completed again under its number, with the next completion; anything else is rejected with ORDER_NOT_CANCELLED.",
    )
    occurred_at: datetime | None = strawberry.field(
        default=None,
        description="Business time; default now. At most 5 minutes ahead of the program's clock. Needed where receipt numbers begin anew each day.",
    )
    location_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Opaque id of the location it was made at, whose wall clock the rules go by; default none, and the program's zone.",
    )
    channel: Channel | None = strawberry.field(default=None, description="Where it was made.")
    currency_code: CurrencyCode | None = strawberry.field(
        default=None,
        description="ISO 4217; default the program's. Another one needs `exchangeRate`, or is rejected with RATE_MISSING.",
    )
    exchange_rate: Decimal | None = strawberry.field(
        default=None,
        description=f"{_RATE_DESCRIPTION} It is stored with the purchase, and applies to what the purchase earns and to what a refund claws back.",
    )
    lines: list[PurchaseLineInput] = strawberry.field(description="The lines, 1 to 500.")
    payments: list[PurchasePaymentInput] | None = strawberry.field(default=None, description="At most 20.")


@strawberry.input(description="A purchase that has no receipt yet.")
class BasketInput:
    """The goods of a purchase that may follow, and how and where it would be made."""

    occurred_at: datetime | None = strawberry.field(
        default=None, description="The business time for which to decide; default now."
    )
    location_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Opaque id of the location where it would be bought, whose wall clock the rules go by; default none, and the program's zone.",
    )
    channel: Channel | None = strawberry.field(default=None, description="Where it would be bought.")
    currency_code: CurrencyCode | None = strawberry.field(
        default=None,
        description="ISO 4217; default the program's. Another one needs `exchangeRate`, or is rejected with RATE_MISSING.",
    )
    exchange_rate: Decimal | None = strawberry.field(default=None, description=_RATE_DESCRIPTION)
    lines: list[PurchaseLineInput] = strawberry.field(description="The lines, at most 500; may be empty.")
    payments: list[PaymentInput] | None = strawberry.field(
        default=None,
        description="How it would be paid, or for a reward how its cash part would be paid, for clauses that require a method of payment; at most 20. Default: unknown, and then no method of payment counts as used.",
    )


def facts_of(purchase: PurchaseInput | BasketInput, *, context: Context, within: str) -> PurchaseFacts | Problem:
    """The facts from which the rules decide, or the problem with them; `within` is the input field that holds `purchase`."""
    program = context.program
    currency = purchase.currency_code or program.currency
    if currency != program.currency and purchase.exchange_rate is None:
        return Problem(ProblemCode.RATE_MISSING, path=(within, "currencyCode"))
    try:
        check_lines(len(purchase.lines), minimum=1 if isinstance(purchase, PurchaseInput) else 0)
        lines = tuple(
            _line(line, number=number, currency=currency) for number, line in enumerate(purchase.lines, start=1)
        )
        payments = _payments(purchase.payments, currency=currency) if purchase.payments else ()
        rate = purchase.exchange_rate
        return PurchaseFacts(
            occurred_at=purchase.occurred_at or context.now,
            zone=program.zone,
            currency=currency,
            lines=lines,
            payments=payments,
            channel=purchase.channel,
            exchange_rate=exchange_rate_of(rate, currency=currency, target_currency=program.currency)
            if rate is not None
            else None,
        )
    except FactsError as error:
        path = (within, *map(to_camel_case, error.path))
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail=error.detail)


def location_id_of(purchase: PurchaseInput | BasketInput | None, *, within: str) -> str | Problem | None:
    """The id of the location of a purchase or basket; None if it names none. `within` is the input field that holds `purchase`."""
    if purchase is None or purchase.location_id is None:
        return None
    return decode(purchase.location_id, "Location") or Problem(
        ProblemCode.LOCATION_NOT_FOUND, path=(within, "locationId")
    )


def _line(line: PurchaseLineInput, *, number: int, currency: str) -> Line:
    return line_of(
        number=number,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price,
        currency=currency,
        name=line.name,
        categories=line.categories or (),
        discount=line.discount,
        tax_rate=line.tax_rate,
        tax_included=line.tax_included is not False,
        kind=line.kind or LineKind.GOODS,
    )


def _payments(payments: Sequence[PaymentInput | PurchasePaymentInput], *, currency: str) -> tuple[Payment, ...]:
    check_payments(len(payments))
    return tuple(
        payment_of(
            number=number,
            kind=payment.kind,
            amount=payment.amount,
            currency=currency,
            redemption_id=_redemption_id(payment, number=number),
        )
        for number, payment in enumerate(payments, start=1)
    )


def _redemption_id(payment: PaymentInput | PurchasePaymentInput, *, number: int) -> str | None:
    """The id of the redemption whose points paid; None if the payment names none. Raises FactsError."""
    if not isinstance(payment, PurchasePaymentInput) or payment.redemption_id is None:
        return None
    redemption_id = decode(payment.redemption_id, "Redemption") if payment.kind is PaymentKind.POINTS else None
    if redemption_id is None:
        path = ("payments", str(number - 1), "redemption_id")
        raise FactsError(path, detail_of("PAYMENT_REDEMPTION"))
    return redemption_id
