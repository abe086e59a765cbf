"""What comes back of a purchase, as tills say it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import strawberry

from app.api.conventions.ids import decode
from app.domain.problems import Problem, ProblemCode
from app.domain.receipts import MOST_LINES


@strawberry.input(one_of=True, description="A purchase, by id or by its receipt.")
class PurchaseBy:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="Opaque id.")
    external_id: str | None = strawberry.field(default=strawberry.UNSET, description="The receipt's number.")


@strawberry.input(description="What comes back of one line.")
class RefundLineInput:
    """A line and a quantity."""

    line: int = strawberry.field(description="The line's number on the purchase, from 1.")
    quantity: Decimal | None = strawberry.field(
        default=None,
        description="How much comes back, above 0, at most 1,000,000 with 3 decimals; default all that is left of the line, without `amount`.",
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="How much of the line's price is given back without goods, above 0, in the purchase's currency, at most what the line still comes to; what points had paid of it comes back as points. Not with `quantity`.",
    )


class Back(NamedTuple):
    """What comes back, as an order for a refund says it: quantities and amounts by line number."""

    lines: dict[int, Decimal | None] | None
    amounts: dict[int, Decimal]


def back_of(sent: Sequence[RefundLineInput] | None, *, amount: Decimal | None) -> Back | Problem:
    """The lines of a refund, each once; a line gives back goods or money, and the whole price only without lines."""
    if amount is not None and not (amount.is_finite() and amount > 0):
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail="an amount is above 0")
    if sent is None:
        return Back(None, {})
    if amount is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail="not with lines")
    if not 1 <= len(sent) <= MOST_LINES or len({one.line for one in sent}) != len(sent):
        return Problem(ProblemCode.INVALID_INPUT, path=("lines",), detail="1 to 500 lines, each once")
    for place, one in enumerate(sent):
        if one.amount is None:
            continue
        if one.quantity is not None or not (one.amount.is_finite() and one.amount > 0):
            detail = "an amount is above 0, and not with a quantity"
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(place), "amount"), detail=detail)
    return Back(
        lines={one.line: one.quantity for one in sent if one.amount is None},
        amounts={one.line: one.amount for one in sent if one.amount is not None},
    )


def purchase_by(sent: PurchaseBy) -> tuple[str | None, str | None]:
    """The purchase that is meant: its id, or its receipt's number; neither where the id is none of a purchase."""
    given_id, given_receipt = sent.id, sent.external_id
    purchase_id = decode(given_id, "Purchase") if isinstance(given_id, str) else None
    return purchase_id, given_receipt if isinstance(given_receipt, str) else None
