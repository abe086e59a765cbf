"""Recorded purchases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.amounts import Money
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace, ReceiptOrigin


@dataclass(frozen=True, slots=True)
class Purchase:
    """A recorded purchase.

    Its receipt is identified by `source`, `external_id` (the number), `space` and `completion`, which counts from 1 how
    often the order was completed: it can be completed again after it was cancelled. `fingerprint` is a digest of the
    receipt as it was recorded; `facts_text` is the stored JSON of `facts`. `move_id` is the correction (id) that moved
    the purchase to this customer, None if it was not moved. `actor` is the access key (id) with which the purchase was
    recorded.
    """

    id: str
    customer_id: str
    source: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    total: Money
    earned_points: int
    terms_version: int
    fingerprint: str
    facts: PurchaseFacts
    facts_text: str
    move_id: str | None = None
    location_id: str | None = None
    space: NumberSpace = PROGRAM_WIDE
    completion: int = 1
    actor: str | None = None

    @property
    def origin(self) -> ReceiptOrigin:
        """The location and time at which the receipt's number was used."""
        return ReceiptOrigin(self.location_id, self.occurred_at, self.facts.zone)

    @property
    def tie_breaker(self) -> str:
        """The text that puts purchases of the same instant in order."""
        return tie_breaker_of(self.external_id, space=self.space, completion=self.completion)


def tie_breaker_of(external_id: str, *, space: NumberSpace, completion: int) -> str:
    """The text that puts purchases of the same instant in order: all that tells receipts of a program apart."""
    if space == PROGRAM_WIDE and completion == 1:
        return external_id
    return f"{external_id} {space.location} {space.day} {completion:09}"
