"""Record an imported receipt that contains both sold and returned goods, completely or not at all."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases import record_purchase, record_refund
from app.usecases.purchases.commands import (
    ReceiptQuarantined,
    RecordPurchase,
    RecordPurchaseResult,
    RecordRefund,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class RecordMixedReceipt:
    """A purchase, and refunds of earlier purchases of the same customer; at least one of all these."""

    purchase: RecordPurchase | None
    refunds: tuple[RecordRefund, ...]

    @property
    def receipts_to_lock(self) -> tuple[str, ...]:
        """The numbers of the receipts involved."""
        numbers = self.purchase.receipts_to_lock if self.purchase is not None else ()
        return (*numbers, *(number for command in self.refunds for number in command.receipts_to_lock))


@stored_as("mixed_receipt_recorded")
@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMixedReceiptResult(CommandResult):
    """The purchase of the receipt (None if it has none) and its refunds.

    `already_recorded`: all parts were recorded before, under other keys.
    """

    purchase_id: str | None
    refund_ids: tuple[str, ...]
    already_recorded: bool


@use_case(RecordMixedReceiptResult)
async def run(
    session: Session, *, context: CommandContext, command: RecordMixedReceipt
) -> RecordMixedReceiptResult | Problem:
    """Record the purchase, then the refunds; parts that were recorded before stay as they are."""
    purchase_result: RecordPurchaseResult | None = None
    if command.purchase is not None:
        recorded = await record_purchase.run(session, context=context, command=command.purchase)
        if isinstance(recorded, Problem):
            return recorded
        assert not isinstance(recorded, ReceiptQuarantined), "only a receipt sent with an access key goes there"
        purchase_result = recorded
    refunds: list[RecordRefundResult] = []
    for refund_command in command.refunds:
        refund = await record_refund.run(session, context=context, command=refund_command)
        if isinstance(refund, Problem):
            return refund
        if isinstance(refund, RefundPending):
            return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
        assert not isinstance(refund, ReceiptQuarantined), "only a receipt sent with an access key goes there"
        refunds.append(refund)
    return RecordMixedReceiptResult(
        purchase_id=purchase_result.purchase_id if purchase_result is not None else None,
        refund_ids=tuple(refund.refund_id for refund in refunds),
        already_recorded=(purchase_result is None or purchase_result.already_recorded)
        and all(refund.already_recorded for refund in refunds),
    )
