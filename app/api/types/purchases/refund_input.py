"""Refunded lines and amounts as tills send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import strawberry
from graphql import GraphQLError

from app.api.conventions.ids import decode
from app.domain.details import detail
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.receipt_limits import MAX_LINES
from app.domain.purchases.receipt_numbers import ReceiptReference


@strawberry.input(name="ReceiptBy", description="A receipt, by its number and where and when that was used.")
class ReceiptByInput:
    """Each one more narrows it down; an order that was completed again is meant as it was completed last."""

    external_id: str = strawberry.field(description="The receipt's number.")
    source: str | None = strawberry.field(
        default=None,
        description="The source of the receipt numbers; default that of the program. Any other is FORBIDDEN.",
    )
    location_id: strawberry.ID | None = strawberry.field(
        default=None, description="Opaque id of the location where it was made."
    )
    day: date | None = strawberry.field(
        default=None,
        description="The day of business on which it was made, by the clock of the location, from `Program.receiptDayStarts` on.",
    )


@strawberry.input(one_of=True, description="A purchase, by id or by its receipt.")
class PurchaseBy:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Opaque id.")
    external_id: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The receipt's number, where that is enough. What fits several receipts is rejected with RECEIPT_AMBIGUOUS.",
    )
    receipt: ReceiptByInput | None = strawberry.field(
        default=strawberry.UNSET, description="The receipt's number with what tells it apart."
    )


@strawberry.input(description="What is returned of one line.")
class RefundLineInput:
    """A line and a quantity."""

    line: int = strawberry.field(description="The line's number on the purchase, from 1.")
    quantity: Decimal | None = strawberry.field(
        default=None,
        description="How much comes back, above 0, at most 1,000,000 with 3 decimals; default all that is left of the line, without `amount`.",
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="How much of the line's price is given back without goods, above 0, in the purchase's currency, at most what is left of the line's price; the part paid with points is restored as points. Not with `quantity`.",
    )


class ReturnedPart(NamedTuple):
    """Refunded quantities and amounts by line number."""

    lines: dict[int, Decimal | None] | None
    amounts: dict[int, Decimal]


def returned_part_of(sent: Sequence[RefundLineInput] | None, *, amount: Decimal | None) -> ReturnedPart | Problem:
    """The lines of a refund, each once; a line gives back goods or money, and the whole price only without lines."""
    if amount is not None and not (amount.is_finite() and amount > 0):
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=detail("ABOVE_ZERO"))
    if sent is None:
        return ReturnedPart(None, {})
    if amount is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=detail("AMOUNT_OR_LINES"))
    if not 1 <= len(sent) <= MAX_LINES or len({line.line for line in sent}) != len(sent):
        return Problem(ProblemCode.INVALID_INPUT, path=("lines",), detail=detail("LINES_ONCE", most=500))
    for index, line in enumerate(sent):
        if line.amount is None:
            continue
        if line.quantity is not None or not (line.amount.is_finite() and line.amount > 0):
            wrong = detail("AMOUNT_OR_QUANTITY")
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(index), "amount"), detail=wrong)
    return ReturnedPart(
        lines={line.line: line.quantity for line in sent if line.amount is None},
        amounts={line.line: line.amount for line in sent if line.amount is not None},
    )


OWN_NAME = "program"
"""What the program's own source of receipts is called over the API."""


def check_source(name: str) -> None:
    """Raise FORBIDDEN for a source other than the program's own: no other is registered."""
    if normalised_identifier(name) != OWN_NAME:
        raise GraphQLError("This key may name no other source of receipts.", extensions={"code": "FORBIDDEN"})


def purchase_by(sent: PurchaseBy) -> tuple[str | None, ReceiptReference | None]:
    """The purchase that is meant: its id, or its receipt; neither where that can be none of a purchase. Raises FORBIDDEN."""
    if isinstance(sent.id, str):
        return decode(sent.id, "Purchase"), None
    if isinstance(sent.external_id, str):
        number = normalised_identifier(sent.external_id)
        return None, ReceiptReference(number) if number else None
    given = sent.receipt
    if not isinstance(given, ReceiptByInput):
        return None, None
    if given.source is not None:
        check_source(given.source)
    number = normalised_identifier(given.external_id)
    location_id = decode(given.location_id, "Location") if given.location_id is not None else None
    if not number or (location_id is None and given.location_id is not None):
        return None, None
    return None, ReceiptReference(number, location_id, given.day)
