"""settleQuarantined: a person books a receipt in quarantine, or dismisses it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Self, TypeAlias

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import decode
from app.api.mutations.payload_objects import WithCustomer, WithDecision, entry_of, load_decision, purchase_of
from app.api.mutations.purchases.record_refund import Refunded, refunded_fields
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import Balance, balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.purchase import Purchase
from app.api.types.quarantine import QuarantinedReceipt, load_quarantined_receipt
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.queries.purchases.quarantine import receipt_numbers_of
from app.usecases.purchases import settle_quarantined
from app.usecases.purchases.commands import (
    RecordExchangeResult,
    RecordPurchaseResult,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.purchases.settle_quarantined import (
    PendingRefundDismissed,
    QuarantineAction,
    SettleQuarantined,
    SettleQuarantinedResult,
)

register_enum(
    QuarantineAction,
    "What a person does with a receipt in quarantine.",
    {
        QuarantineAction.BOOK_AS_SENT: "Book it at its own time, as if it had arrived then. Rejected with CLOCK_SKEW while that time is ahead of the program's clock.",
        QuarantineAction.BOOK_AT: "Book it at the corrected time `occurredAt`, as if it had arrived then. Sending the receipt again returns this booking.",
        QuarantineAction.DISMISS: "Book nothing.",
    },
)


@strawberry.input(description="A receipt in quarantine to settle.")
class SettleQuarantinedInput(CommandInput):
    """The receipt, the action and the reason."""

    quarantined: strawberry.ID = strawberry.field(
        description="Opaque id of a `QuarantinedReceipt`; with DISMISS also of a `PendingRefund` whose purchase never arrives or does not match it."
    )
    action: QuarantineAction = strawberry.field(description="What is done with it.")
    occurred_at: datetime | None = strawberry.field(
        default=None, description="The corrected time, with BOOK_AT and with nothing else."
    )
    reason: str = strawberry.field(description="The reason, 1 to 200 characters; stored with the receipt.")


BookedReceipt: TypeAlias = RecordPurchaseResult | RecordRefundResult


@strawberry.type(description="Result of `settleQuarantined`.")
class SettleQuarantinedPayload(WithDecision[BookedReceipt], WithCustomer[BookedReceipt]):
    """`result` is that of the purchase or refund that was booked, if any. Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="What the booked receipt earned, or what was clawed back, and why; null where nothing was booked.",
    )
    refund: Refunded | None = strawberry.field(
        default=None, description="The refund, if a refund or an exchange was booked; null otherwise."
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it was booked, one per unit."
    )

    quarantined_id: strawberry.Private[str | None] = None
    pending_refund_id: strawberry.Private[str | None] = None

    @classmethod
    async def of(
        cls, result: SettleQuarantinedResult | PendingRefundDismissed, *, command: Any, context: Context
    ) -> Self:
        """What was booked, or dismissed."""
        if isinstance(result, PendingRefundDismissed):
            return cls(pending_refund_id=result.pending_refund_id)
        if result.booked is None:
            return cls(quarantined_id=result.quarantined_id)
        if isinstance(result.booked, RefundPending):
            return cls(quarantined_id=result.quarantined_id, pending_refund_id=result.booked.pending_refund_id)
        main_result, refund = _main_and_refund_result(result.booked)
        main_result = replace(main_result, first_carried_out_at=result.first_carried_out_at)
        return cls(
            result=main_result,
            quarantined_id=result.quarantined_id,
            refund=Refunded(**await refunded_fields(refund, context=context)) if refund is not None else None,
            decision=await load_decision(main_result, context=context, entry_id=main_result.entry_id),
            balances=balances_after(main_result, context=context),
        )

    @strawberry.field(description="The booked purchase, or the purchase of the booked refund, as it is now.")
    async def purchase(self, info: Info) -> Purchase | None:
        """Null where nothing was booked."""
        return await purchase_of(self.result, info.context) if self.result is not None else None

    @strawberry.field(description="The ledger entry of the booked receipt.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Null where nothing was booked."""
        return await entry_of(self.result, info.context) if self.result is not None else None

    @strawberry.field(description="The receipt in quarantine, as it is now; null for a pending refund or exchange.")
    async def quarantined(self, info: Info) -> QuarantinedReceipt | None:
        """Its state shows the outcome."""
        return await load_quarantined_receipt(self.quarantined_id, context=info.context)

    @strawberry.field(
        description="The pending refund or exchange: dismissed now, or booked from quarantine before its purchase arrived."
    )
    async def pending(self, info: Info) -> PendingRefund | None:
        """Its state shows the outcome."""
        return await load_pending_refund(self.pending_refund_id, context=info.context)


def _main_and_refund_result(
    booked: RecordPurchaseResult | RecordRefundResult | RecordExchangeResult,
) -> tuple[BookedReceipt, RecordRefundResult | None]:
    """The result whose decision and balances are shown, and the result of the refund, if there is one."""
    match booked:
        case RecordPurchaseResult():
            return booked, None
        case RecordRefundResult():
            return booked, booked
        case RecordExchangeResult():
            return booked.purchase, booked.refund


async def resolve(
    info: Info,
    input: Annotated[SettleQuarantinedInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> SettleQuarantinedPayload | None:
    """Book or dismiss a receipt in quarantine, or dismiss a pending refund."""
    info.context.require(Permission.SETTLE_QUARANTINED)
    return await mutate(
        SettleQuarantinedPayload,
        settle_quarantined.run,
        await _command(input, context=info.context),
        permission=Permission.SETTLE_QUARANTINED,
        input=input,
        info=info,
    )


async def _command(input: SettleQuarantinedInput, *, context: Context) -> SettleQuarantined | Problem:
    quarantined_id = decode(input.quarantined, "QuarantinedReceipt")
    pending_refund_id = decode(input.quarantined, "PendingRefund")
    if quarantined_id is None and pending_refund_id is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    receipt_numbers: tuple[str, ...] = ()
    if quarantined_id is not None:
        receipt_numbers = await context.query(receipt_numbers_of, quarantined_id=quarantined_id)
    return SettleQuarantined(
        quarantined_id=quarantined_id,
        pending_refund_id=pending_refund_id,
        action=input.action,
        occurred_at=input.occurred_at,
        reason=input.reason,
        receipts_to_lock=receipt_numbers,
    )
