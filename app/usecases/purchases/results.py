"""Results that several commands on purchases, refunds and exchanges share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from app.usecases.results import CommandResult, DecidedResult, stored_as


@stored_as("purchase_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPurchaseResult(DecidedResult):
    """A purchase with what it earned, and its entry. `already_recorded`: the receipt was recorded under another key."""

    customer_id: str
    purchase_id: str
    entry_id: str
    already_recorded: bool = False


@stored_as("refund_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRefundResult(DecidedResult):
    """A refund with what it clawed back, and its entry.

    `shortfall` is in points that were not there to claw back. `points_restored` and `stamps_restored` had paid for the
    goods. `cash` is what is paid out, in minor units of the purchase's currency. `already_recorded`: the refund was
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
    """The two parts of an exchange: the purchase of the goods handed out, and the refund of the returned ones."""

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
    """A refund or an exchange that arrived before its purchase. `already_recorded`: it was pending under another key."""

    pending_refund_id: str
    already_recorded: bool = False


@stored_as("receipt_quarantined")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptQuarantined(CommandResult):
    """A purchase, refund or exchange with a business time that cannot be right: nothing of it is booked."""

    quarantined_id: str
