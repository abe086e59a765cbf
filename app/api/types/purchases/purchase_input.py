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
from app.domain.details import detail
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import Channel, FactsError, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.purchases.receipt_limits import check_lines, check_payments, exchange_rate_of, line_of, payment_of

_RATE = (
    "How many units of the program's currency one unit of `currencyCode` is worth: above 0, at most 1,000,000 with 12"
    " decimals, as text. Only where that is another currency; otherwise rejected with INVALID_INPUT."
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
        description="Number of items or measure, above 0, at most 1,000,000 with 3 decimals, as text."
    )
    unit_price: Decimal = strawberry.field(
        description="Price of one, 0 to 1,000,000,000 in the purchase's currency, as text."
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
        description="With kind POINTS: the redemption whose points or stamps paid this part. It pays one purchase, once (REDEMPTION_SPENT); they come back in proportion when goods do, and money for the rest. Where a payment with points names no redemption, neither points nor money are given back for it: the system that took the points does that.",
    )


@strawberry.input(description="A receipt.")
class PurchaseInput:
    """What a till knows of a purchase."""

    external_id: str = strawberry.field(
        description="The receipt's number, 1 to 200 characters; case and leading zeros count, the space around it and what is invisible do not. `Program.receiptNumbers` says within what it is used once. Sent again, it is recorded once."
    )
    source: str | None = strawberry.field(
        default=None,
        description="The source of the receipt numbers; default `program`, which all keys and imports share. There is no other source yet: any other is FORBIDDEN.",
    )
    completion: int | None = strawberry.field(
        default=None,
        description="Which completion of the order this is, from 1 (the default) to 1,000. An order that came back whole can be completed again under its number, with the next completion; anything else is rejected with ORDER_NOT_CANCELLED.",
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
        description=f"{_RATE} It is kept with the purchase: what the purchase earns and what a refund takes back go by it.",
    )
    lines: list[PurchaseLineInput] = strawberry.field(description="The lines, 1 to 500.")
    payments: list[PurchasePaymentInput] | None = strawberry.field(default=None, description="At most 20.")


@strawberry.input(description="A purchase that has no receipt yet.")
class BasketInput:
    """What lies on the counter."""

    occurred_at: datetime | None = strawberry.field(default=None, description="The time to judge it at; default now.")
    location_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Opaque id of the location where it would be bought, whose wall clock the rules go by; default none, and the program's zone.",
    )
    channel: Channel | None = strawberry.field(default=None, description="Where it would be bought.")
    currency_code: CurrencyCode | None = strawberry.field(
        default=None,
        description="ISO 4217; default the program's. Another one needs `exchangeRate`, or is rejected with RATE_MISSING.",
    )
    exchange_rate: Decimal | None = strawberry.field(default=None, description=_RATE)
    lines: list[PurchaseLineInput] = strawberry.field(description="The lines, at most 500; may be empty.")
    payments: list[PaymentInput] | None = strawberry.field(
        default=None,
        description="How it would be paid, or for a reward how its cash part is paid, for clauses that ask; at most 20. Default: unknown, and then no method of payment counts as used.",
    )


def facts_of(sent: PurchaseInput | BasketInput, *, context: Context, within: str) -> PurchaseFacts | Problem:
    """The facts that the rules judge, or why there are none; `within` is the input field that held them."""
    program = context.program
    currency = sent.currency_code or program.currency
    if currency != program.currency and sent.exchange_rate is None:
        return Problem(ProblemCode.RATE_MISSING, path=(within, "currencyCode"))
    try:
        check_lines(len(sent.lines), minimum=1 if isinstance(sent, PurchaseInput) else 0)
        lines = tuple(_line(line, number=number, currency=currency) for number, line in enumerate(sent.lines, start=1))
        payments = _payments(sent.payments, currency=currency) if sent.payments else ()
        rate = sent.exchange_rate
        return PurchaseFacts(
            occurred_at=sent.occurred_at or context.now,
            zone=program.zone,
            currency=currency,
            lines=lines,
            payments=payments,
            channel=sent.channel,
            exchange_rate=exchange_rate_of(rate, currency=currency, into=program.currency)
            if rate is not None
            else None,
        )
    except FactsError as error:
        path = (within, *map(to_camel_case, error.path))
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail=error.detail)


def location_id_of(sent: PurchaseInput | BasketInput | None, *, within: str) -> str | Problem | None:
    """The id of the location that is meant, None where none is given; `within` is the input field that held it."""
    if sent is None or sent.location_id is None:
        return None
    return decode(sent.location_id, "Location") or Problem(ProblemCode.LOCATION_NOT_FOUND, path=(within, "locationId"))


def _line(sent: PurchaseLineInput, *, number: int, currency: str) -> Line:
    return line_of(
        number=number,
        sku=sent.sku,
        quantity=sent.quantity,
        unit_price=sent.unit_price,
        currency=currency,
        name=sent.name,
        categories=sent.categories or (),
        discount=sent.discount,
        tax_rate=sent.tax_rate,
        tax_included=sent.tax_included is not False,
        kind=sent.kind or LineKind.GOODS,
    )


def _payments(sent: Sequence[PaymentInput | PurchasePaymentInput], *, currency: str) -> tuple[Payment, ...]:
    check_payments(len(sent))
    return tuple(
        payment_of(
            number=number,
            kind=value.kind,
            amount=value.amount,
            currency=currency,
            redemption_id=_redemption(value, number=number),
        )
        for number, value in enumerate(sent, start=1)
    )


def _redemption(sent: PaymentInput | PurchasePaymentInput, *, number: int) -> str | None:
    """The redemption that paid with points; a basket has none yet."""
    if not isinstance(sent, PurchasePaymentInput) or sent.redemption_id is None:
        return None
    found = decode(sent.redemption_id, "Redemption") if sent.kind is PaymentKind.POINTS else None
    if found is None:
        path = ("payments", str(number - 1), "redemption_id")
        raise FactsError(path, detail("PAYMENT_REDEMPTION"))
    return found
