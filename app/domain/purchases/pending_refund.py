"""Refunds and exchanges that arrived before their purchase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.problems import ProblemCode
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace, ReceiptReference


class PendingRefundState(StrEnum):
    """The state of a refund that arrived before its purchase.

    REJECTED: the purchase arrived, but has less to return, or the refund's number was taken. DISMISSED: by staff.
    """

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """The receipt of the new goods of an exchange: its number, and its whole command as JSON.

    `customer_id` is the customer named as the buyer of the returned goods, None if none is named. `sender_customer_id` is the
    customer record of the member of staff whose access key sent the receipt: it cannot be booked on their own card.
    `content_digest` is a digest of the receipt without its number and time.
    """

    number: str
    customer_id: str | None
    sender_customer_id: str | None
    content_digest: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PendingRefund:
    """A refund of a purchase whose receipt is not known yet, as it was sent.

    - `lines`, `amounts` and `amount` are as in `RecordRefund`;
    - `refund_id` is the refund that was booked when the purchase arrived;
    - `space` is that of the refund's own number;
    - `number_used_at` is when this number was used, if not at `occurred_at`: for a refund booked from quarantine at
      another time;
    - `dismissed_at`, `dismissed_by` (the access key) and `dismissed_because` are set if staff dismissed the refund;
    - `rejection_code` is set if its purchase had less to return or the number was taken;
    - `new_receipt` is set for an exchange.
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
    state: PendingRefundState = PendingRefundState.PENDING
    refund_id: str | None = None
    space: NumberSpace = PROGRAM_WIDE
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismissed_because: str | None = None
    new_receipt: NewReceipt | None = None
    rejection_code: ProblemCode | None = None
    number_used_at: datetime | None = None

    def has_same_content(self, other: PendingRefund) -> bool:
        """Whether another refund has the same content, whatever its number and time."""
        return self.content == other.content

    @property
    def content(self) -> tuple[Any, ...]:
        """The content of the refund, without its own number, time and customer."""
        new_receipt = (
            (self.new_receipt.number, self.new_receipt.content_digest) if self.new_receipt is not None else None
        )
        return self.receipt, self.lines, self.amounts, self.amount, self.reason, new_receipt
