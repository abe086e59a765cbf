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

    APPLIED: the purchase arrived and the refund was booked. REJECTED: the purchase arrived, but less of it was left to
    return, or another refund had the number. DISMISSED: staff decided that the refund is not booked.
    """

    PENDING = "PENDING"
    APPLIED = "APPLIED"
    REJECTED = "REJECTED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """The new receipt of an exchange: its number, and as `command_data` its whole command as JSON.

    `customer_id` is the customer whom the command names as the buyer of the returned goods, None if it names none.
    `sender_customer_id` is the customer record of the member of staff whose access key sent the receipt, None if there
    is none: the receipt cannot be booked on their own card. `content_digest` is a digest of the receipt without its
    number and time.
    """

    number: str
    customer_id: str | None
    sender_customer_id: str | None
    content_digest: str
    command_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PendingRefund:
    """A refund, as it was sent, whose purchase had not arrived; `receipt` refers to that purchase.

    - `lines`: the returned quantities by line number (None: all that is left of the line); `amounts` (by line number)
      and `amount` (for the whole purchase): money without goods, in major units. Without any of them everything is
      returned;
    - `external_id`: the refund's own number, unique in `space`; `number_used_at`: when the number was used, if not at
      `occurred_at`: the refund was booked from quarantine with another time;
    - `refund_id`: the refund that was booked when the purchase arrived;
    - `dismissed_at`, `dismissed_by` (the access key), `dismissal_reason`: set if staff dismissed the refund;
    - `rejection_code`: the problem because of which the refund was rejected when the purchase arrived;
    - `new_receipt`: set for an exchange.
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
    dismissal_reason: str | None = None
    new_receipt: NewReceipt | None = None
    rejection_code: ProblemCode | None = None
    number_used_at: datetime | None = None

    def has_same_content(self, other: PendingRefund) -> bool:
        """Whether another refund has the same `content`."""
        return self.content == other.content

    @property
    def content(self) -> tuple[Any, ...]:
        """What makes two refunds the same: all that was sent except the refund's own number, its time and the customer."""
        new_receipt = (
            (self.new_receipt.number, self.new_receipt.content_digest) if self.new_receipt is not None else None
        )
        return self.receipt, self.lines, self.amounts, self.amount, self.reason, new_receipt
