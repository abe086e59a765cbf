"""References to receipts, and refunded lines and amounts, as tills send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import strawberry
from graphql import GraphQLError

from app.api.conventions.ids import decode
from app.domain.details import detail_of
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.receipt_limits import MAX_LINES
from app.domain.purchases.receipt_numbers import ReceiptReference


@strawberry.input(name="ReceiptBy", description="A receipt, by its number, and where and when the purchase was made.")
class ReceiptByInput:
    """Each further field narrows the reference down. For an order that was completed again, the last completion is meant."""

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
        description="The receipt's number, if that is enough. A number that fits several receipts is rejected with RECEIPT_AMBIGUOUS.",
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
        description="How much is returned, above 0, at most 1,000,000 with 3 decimals; without `quantity` and `amount`, all that is left of the line.",
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="How much of the line's price is given back without goods, above 0, in the purchase's currency, at most what is left of the line's price; the part paid with points is restored as points. Not with `quantity`.",
    )


class ReturnedPart(NamedTuple):
    """Refunded quantities and amounts by line number. `lines` is None for a refund of everything that is left, or of an amount.

    A quantity that is None: all that is left of the line.
    """

    lines: dict[int, Decimal | None] | None
    amounts: dict[int, Decimal]


def returned_part_of(lines: Sequence[RefundLineInput] | None, *, amount: Decimal | None) -> ReturnedPart | Problem:
    """What a refund returns, or the problem with it.

    Each line is there once, with a quantity or an amount. `amount`, of the price of the whole purchase, excludes lines.
    """
    if amount is not None and not (amount.is_finite() and amount > 0):
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=detail_of("ABOVE_ZERO"))
    if lines is None:
        return ReturnedPart(None, {})
    if amount is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=detail_of("AMOUNT_OR_LINES"))
    if not 1 <= len(lines) <= MAX_LINES or len({line.line for line in lines}) != len(lines):
        return Problem(ProblemCode.INVALID_INPUT, path=("lines",), detail=detail_of("LINES_ONCE", most=500))
    for index, line in enumerate(lines):
        if line.amount is None:
            continue
        if line.quantity is not None or not (line.amount.is_finite() and line.amount > 0):
            invalid = detail_of("AMOUNT_OR_QUANTITY")
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(index), "amount"), detail=invalid)
    return ReturnedPart(
        lines={line.line: line.quantity for line in lines if line.amount is None},
        amounts={line.line: line.amount for line in lines if line.amount is not None},
    )


PROGRAM_SOURCE = "program"
"""The name in the API of the program's own source of receipt numbers."""


def check_source(name: str) -> None:
    """Raise FORBIDDEN for a source other than the program's own: no other is registered."""
    if normalised_identifier(name) != PROGRAM_SOURCE:
        raise GraphQLError("This key may name no other source of receipts.", extensions={"code": "FORBIDDEN"})


def purchase_reference_of(purchase: PurchaseBy) -> tuple[str | None, ReceiptReference | None]:
    """The id or the receipt of the purchase that an input names; both are None if no purchase can have them. Raises FORBIDDEN."""
    if isinstance(purchase.id, str):
        return decode(purchase.id, "Purchase"), None
    if isinstance(purchase.external_id, str):
        number = normalised_identifier(purchase.external_id)
        return None, ReceiptReference(number) if number else None
    receipt = purchase.receipt
    if not isinstance(receipt, ReceiptByInput):
        return None, None
    if receipt.source is not None:
        check_source(receipt.source)
    number = normalised_identifier(receipt.external_id)
    location_id = decode(receipt.location_id, "Location") if receipt.location_id is not None else None
    if not number or (location_id is None and receipt.location_id is not None):
        return None, None
    return None, ReceiptReference(number, location_id, receipt.day)
