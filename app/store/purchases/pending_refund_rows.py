"""Rows of refunds and exchanges that are pending until their purchase arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.problems import ProblemCode
from app.domain.purchases.receipt_numbers import EVERYWHERE, NumberSpace, ReceiptReference
from app.store.database.codecs import instant, instant_or_none, json_value
from app.store.database.session import Row


class PendingRefundState(StrEnum):
    """The state of a refund that arrived before its purchase.

    REFUSED: the purchase arrived, but has less to return, or the refund's number was taken. DISMISSED: by staff.
    """

    WAITING = "WAITING"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class HandedOut:
    """The receipt of the goods handed out in an exchange: its number, and its whole command as JSON.

    `customer_id` is the customer named as the buyer of the returned goods, None where none is named; `holder_id` is
    the customer whose own card is closed to the access key that sent it. `meaning` is a digest of the receipt without
    its number and time.
    """

    number: str
    customer_id: str | None
    holder_id: str | None
    meaning: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PendingRefund:
    """A refund of a purchase whose receipt is not known yet, as it was sent.

    `lines`, `amounts` and `amount` are as in `RecordRefund`; `refund_id` is the refund that it became. `space` is
    that of its own number, which was used at `numbered_at` where the refund was booked from quarantine at another time. `settled_at`, `settled_by` (the access key) and `settled_because` are set where staff
    dismissed it, `refused_with` where its purchase could not take it. `bought` is set for an exchange.
    """

    id: str
    receipt: ReceiptReference
    external_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    lines: Mapping[int, Decimal | None] | None
    reason: str | None
    fingerprint: str
    amounts: Mapping[int, Decimal] = field(default_factory=dict)
    amount: Decimal | None = None
    state: PendingRefundState = PendingRefundState.WAITING
    refund_id: str | None = None
    space: NumberSpace = EVERYWHERE
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_because: str | None = None
    bought: HandedOut | None = None
    refused_with: ProblemCode | None = None
    numbered_at: datetime | None = None

    def says(self, other: PendingRefund) -> bool:
        """Does another refund have the same content, apart from its number and time?"""
        return self.meaning == other.meaning

    @property
    def meaning(self) -> tuple[Any, ...]:
        """The content of the refund, without its own number, time and customer."""
        new = (self.bought.number, self.bought.meaning) if self.bought is not None else None
        return self.receipt, self.lines, self.amounts, self.amount, self.reason, new


def known_later(row: Row) -> list[Any]:
    """The part of the digest about its dismissal and its exchange; empty where there is neither, as in older digests."""
    settled = [row["settled_by"], row["settled_because"], instant_or_none(row["settled_at"])]
    exchanged = [row["bought_number"], row["customer_id"], row["refused_with"]]
    if any(value is not None for value in exchanged):
        return [*settled, *exchanged]
    return settled if any(value is not None for value in settled) else []


def content_of(refund: PendingRefund) -> dict[str, Any]:
    """The refund as it was sent, as JSON."""
    lines = None
    if refund.lines is not None:
        lines = {str(line): str(quantity) if quantity is not None else None for line, quantity in refund.lines.items()}
    return {
        "lines": lines,
        "amounts": {str(line): str(amount) for line, amount in refund.amounts.items()},
        "amount": str(refund.amount) if refund.amount is not None else None,
        "reason": refund.reason,
        "fingerprint": refund.fingerprint,
        "location": refund.receipt.location_id,
        "day": refund.receipt.day.isoformat() if refund.receipt.day is not None else None,
        **({"bought": _bought_data(refund.bought)} if refund.bought is not None else {}),
        **({"numbered_at": refund.numbered_at.isoformat()} if refund.numbered_at is not None else {}),
    }


def _bought_data(handed_out: HandedOut) -> dict[str, Any]:
    return {"holder": handed_out.holder_id, "meaning": handed_out.meaning, "receipt": handed_out.data}


def _bought(row: Row, *, wish: Mapping[str, Any]) -> HandedOut | None:
    if (data := wish.get("bought")) is None:
        return None
    return HandedOut(row["bought_number"], row["customer_id"], data["holder"], data["meaning"], data["receipt"])


def pending_refund_of(row: Row) -> PendingRefund:
    """The pending refund or exchange of a row."""
    wish = json_value(row["wish"])
    lines = wish["lines"]
    return PendingRefund(
        id=row["id"],
        receipt=ReceiptReference(
            row["receipt"], wish.get("location"), date.fromisoformat(wish["day"]) if wish.get("day") else None
        ),
        external_id=row["external_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        lines=None
        if lines is None
        else {int(line): Decimal(quantity) if quantity is not None else None for line, quantity in lines.items()},
        reason=wish["reason"],
        fingerprint=wish["fingerprint"],
        amounts={int(line): Decimal(amount) for line, amount in wish["amounts"].items()},
        amount=Decimal(wish["amount"]) if wish["amount"] is not None else None,
        state=PendingRefundState(row["state"]),
        refund_id=row["refund_id"],
        space=NumberSpace(row["numbered_at"], row["numbered_on"]),
        settled_at=instant_or_none(row["settled_at"]),
        settled_by=row["settled_by"],
        settled_because=row["settled_because"],
        bought=_bought(row, wish=wish),
        refused_with=ProblemCode(row["refused_with"]) if row["refused_with"] is not None else None,
        numbered_at=datetime.fromisoformat(wish["numbered_at"]) if "numbered_at" in wish else None,
    )
