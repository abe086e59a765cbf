"""Commands on receipts as tills and files send them, and their results. Their use cases are the files named `record_*`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Self

from app.domain.customers.customer import CustomerReference
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import tie_breaker_of
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, Numbering, NumberSpace, ReceiptOrigin, ReceiptReference
from app.usecases.results import CommandResult, DecidedResult, stored_as


@dataclass(frozen=True, slots=True)
class ReceiptToRecord:
    """A receipt as a till sends it, without its customer; see `RecordPurchase`."""

    external_id: str
    facts: PurchaseFacts
    _: KW_ONLY
    location_id: str | None = None
    states_time: bool = True
    completion: int = 1
    number_used_at: datetime | None = None

    def for_customer(self, customer: CustomerReference) -> RecordPurchase:
        """The command to record it for a customer."""
        return RecordPurchase(
            customer,
            self.external_id,
            self.facts,
            location_id=self.location_id,
            states_time=self.states_time,
            completion=self.completion,
            number_used_at=self.number_used_at,
        )


@dataclass(frozen=True, slots=True)
class RecordPurchase:
    """A receipt as a till sends it.

    `location_id` is None for a receipt without a location; `facts` are those without the location. `states_time`: the
    receipt states its time, otherwise its time is now. `completion` counts from 1 how often the order was completed.
    `number_used_at` is when its number was used, if not at the time at which the receipt is booked.
    """

    customer: CustomerReference
    external_id: str
    facts: PurchaseFacts
    _: KW_ONLY
    location_id: str | None = None
    states_time: bool = True
    completion: int = 1
    number_used_at: datetime | None = None

    def origin(self, *, zone: str) -> ReceiptOrigin:
        """The location and time at which its number is used; `zone` is the zone of that location."""
        return ReceiptOrigin(self.location_id, self.number_used_at or self.facts.occurred_at, zone)

    def tie_breaker(self, numbering: Numbering, *, zone: str) -> str:
        """The tie-breaker of the purchase, which orders purchases of one instant."""
        return tie_breaker_of(
            self.external_id, space=numbering.space(self.origin(zone=zone)), completion=self.completion
        )

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The receipt number, which pending refunds may refer to."""
        return (self.external_id,)


@dataclass(frozen=True, slots=True)
class RecordRefund:
    """A refund of a purchase (by id or by its receipt).

    `lines` maps line numbers to quantities (None: the rest of the line); without lines and amounts everything is
    returned. `amounts` (by line) and `amount` (of the whole) are money without goods, in major units. `fingerprint`
    is a digest of the refund without its number, purchase and time. `states_time`: the refund states its time,
    otherwise its time is now. `space` is the number space of its number, which was used at `number_used_at`, if not at the
    time at which the refund is booked.
    """

    purchase_id: str | None
    receipt: ReceiptReference | None
    lines: Mapping[int, Decimal | None] | None
    occurred_at: datetime
    external_id: str | None
    reason: str | None
    fingerprint: str
    amounts: Mapping[int, Decimal] = field(default_factory=dict)
    amount: Decimal | None = None
    states_time: bool = True
    space: NumberSpace = PROGRAM_WIDE
    number_used_at: datetime | None = None

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The number of the purchase's receipt, if the purchase is given by its receipt."""
        return (self.receipt.number,) if self.receipt is not None else ()


@dataclass(frozen=True, slots=True)
class RecordExchange:
    """The returned goods and the receipt of the new goods, at one instant.

    `customer` is the customer named as the buyer of the returned goods, None if none is named.
    """

    refund: RecordRefund
    new_receipt: ReceiptToRecord
    customer: CustomerReference | None

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The numbers of both receipts."""
        return (*self.refund.receipts_to_lock, self.new_receipt.external_id)

    def with_time(self, moment: datetime) -> RecordExchange:
        """The exchange at another instant than the one it was sent with; its numbers count as used at that one."""
        refund, new_receipt = self.refund, self.new_receipt
        return replace(
            self,
            refund=replace(refund, occurred_at=moment, number_used_at=refund.number_used_at or refund.occurred_at),
            new_receipt=replace(
                new_receipt,
                facts=replace(new_receipt.facts, occurred_at=moment),
                number_used_at=new_receipt.number_used_at or new_receipt.facts.occurred_at,
            ),
        )


@stored_as("purchase_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPurchaseResult(DecidedResult):
    """A purchase with what it earned, and its entry. `already_recorded`: the receipt was recorded before, under another key."""

    customer_id: str
    purchase_id: str
    entry_id: str
    already_recorded: bool = False


@stored_as("refund_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefundResult(DecidedResult):
    """A refund with what it clawed back, and its entry.

    `shortfall` is the number of points that were not there to claw back. `points_restored` and `stamps_restored` had paid for
    the goods. `cash` is the money paid out, in minor units of the purchase's currency. `already_recorded`: the refund was
    recorded under another key.
    """

    customer_id: str
    purchase_id: str
    refund_id: str
    entry_id: str
    shortfall: int
    points_restored: int
    stamps_restored: int
    cash: int
    already_recorded: bool = False


@stored_as("exchange_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordExchangeResult(CommandResult):
    """The two parts of an exchange: the purchase of the new goods, and the refund of the returned goods."""

    purchase: RecordPurchaseResult
    refund: RecordRefundResult

    def without_personal_values(self) -> Self:
        """The result as it is stored and shown: decisions without values that reveal a date of birth."""
        return replace(
            self, purchase=self.purchase.without_personal_values(), refund=self.refund.without_personal_values()
        )


@stored_as("refund_pending")
@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPending(CommandResult):
    """A refund or an exchange that arrived before its purchase. `already_recorded`: it was pending before, under another key."""

    pending_refund_id: str
    already_recorded: bool = False


@stored_as("receipt_quarantined")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptQuarantined(CommandResult):
    """A purchase, refund or exchange with a business time that cannot be right: nothing of it is booked."""

    quarantined_id: str
