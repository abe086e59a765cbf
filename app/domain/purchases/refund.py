"""Refunds: goods or amounts given back of a purchase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund of a purchase.

    `lines` are the returned quantities by line number. `amounts` is the money refunded without goods, by line number;
    `money` is all the refunded money; both are in minor units. `clawback_due` is how many points were to be clawed
    back, `clawed_back` how many of them were. `external_id` is the refund's own number, unique in `space`;
    `fingerprint` is a digest of the refund.
    """

    id: str
    purchase_id: str
    external_id: str | None
    occurred_at: datetime
    recorded_at: datetime
    lines: Mapping[int, Decimal]
    money: int
    clawback_due: int
    clawed_back: int
    reason: str | None
    fingerprint: str
    amounts: Mapping[int, int] = field(default_factory=dict)
    space: NumberSpace = PROGRAM_WIDE
