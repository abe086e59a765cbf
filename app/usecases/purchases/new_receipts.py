"""Receipts as tills and files send them, to be recorded."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from app.domain.customers.customer import CustomerReference
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import order_name
from app.domain.purchases.receipt_numbers import Numbering, ReceiptOrigin


@dataclass(frozen=True, slots=True)
class RecordedReceipt:
    """A receipt as a till sends it, without its customer; see `RecordPurchase`."""

    external_id: str
    facts: PurchaseFacts
    _: KW_ONLY
    location_id: str | None = None
    timed: bool = True
    completion: int = 1
    numbered_at: datetime | None = None

    def of(self, customer: CustomerReference) -> RecordPurchase:
        """The command to record it for a customer."""
        return RecordPurchase(
            customer,
            self.external_id,
            self.facts,
            location_id=self.location_id,
            timed=self.timed,
            completion=self.completion,
            numbered_at=self.numbered_at,
        )


@dataclass(frozen=True, slots=True)
class RecordPurchase:
    """A receipt as a till sends it.

    `location_id` is None for a receipt without a location; the facts are those without one. `timed`: the receipt
    states its time; otherwise it is now. `completion` counts from 1 how often the order was completed. `numbered_at`
    is when its number was used, if that is not the time it is booked at.
    """

    customer: CustomerReference
    external_id: str
    facts: PurchaseFacts
    _: KW_ONLY
    location_id: str | None = None
    timed: bool = True
    completion: int = 1
    numbered_at: datetime | None = None

    def origin(self, *, zone: str) -> ReceiptOrigin:
        """The location and time at which its number is used; `zone` is that of its location."""
        return ReceiptOrigin(self.location_id, self.numbered_at or self.facts.occurred_at, zone)

    def in_order(self, numbering: Numbering, *, zone: str) -> str:
        """The key that orders purchases of the same instant, as of the purchase that it becomes."""
        return order_name(self.external_id, space=numbering.space(self.origin(zone=zone)), completion=self.completion)

    @property
    def receipts(self) -> tuple[str, ...]:
        """The receipt number, which pending refunds may refer to."""
        return (self.external_id,)
