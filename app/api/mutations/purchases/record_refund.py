"""recordRefund: goods are returned, and the points that they had earned are clawed back."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.canonical_json import canonical_json
from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.money import Money, money_of
from app.api.conventions.payloads import WithResult
from app.api.mutations.payload_objects import (
    BalancesPayload,
    WithAlreadyRecorded,
    WithCustomer,
    entry_of,
    load_decision,
    purchase_of,
    result_field,
)
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import balances_after
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.pending_refund import PendingRefund, load_pending_refund
from app.api.types.purchases.purchase import Purchase
from app.api.types.purchases.refund_input import PurchaseBy, RefundLineInput, purchase_reference_of, returned_part_of
from app.api.types.quarantine import QuarantinedReceipt, load_quarantined_payload
from app.domain import amounts
from app.domain.access import Permission
from app.domain.details import length_detail
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.usecases.application import fingerprint
from app.usecases.purchases import record_refund
from app.usecases.purchases.commands import ReceiptQuarantined, RecordRefund, RecordRefundResult, RefundPending


@strawberry.input(description="A refund to record.")
class RecordRefundInput(CommandInput):
    """The purchase, and what of it is returned."""

    purchase: PurchaseBy = strawberry.field(
        description="The purchase that is refunded. If its receipt is not known yet, the refund is pending until it arrives."
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None, description="What is returned, each line once, at most 500; by default everything that is left."
    )
    amount: Decimal | None = strawberry.field(
        default=None,
        description="An amount to refund from the price of the whole purchase, with no goods returned, above 0, in the purchase's currency. It is divided among the lines in proportion to what is left of their prices. The part that points had paid is given back as points. Not with `lines`.",
    )
    external_id: str | None = strawberry.field(
        default=None,
        description="The refund's own number, 1 to 200 characters, spelled as receipt numbers are. `Program.receiptNumbers` says what tells refunds of one number apart: the location of the purchase, the day of the refund. Sent again, a refund is recorded once; with another purchase or content it is rejected with RECEIPT_DIFFERS.",
    )
    occurred_at: datetime | None = strawberry.field(
        default=None,
        description="Business time; default now. Not before the purchase. Required together with `externalId` if numbers begin anew each day.",
    )
    reason: str | None = strawberry.field(default=None, description="Why, at most 200 characters.")


@strawberry.type(
    description="The refund of an exchange: the money paid out, and the points clawed back and given back."
)
class Refunded(WithResult[RecordRefundResult]):
    """The decision is that of the refund; objects are read as they are now."""

    decision: Decision | None = strawberry.field(default=None, description="What was clawed back and why.")
    shortfall: int | None = strawberry.field(
        default=None, description="Points that should have been clawed back but were not there; they are not collected."
    )
    points_restored: int | None = strawberry.field(
        default=None, description="Points that had paid for the returned goods, given back to the same lots."
    )
    stamps_restored: int | None = strawberry.field(
        default=None, description="Stamps that had paid for the returned goods, given back."
    )

    @strawberry.field(
        description="The money to give back: the price of what is refunded, tax included, less the part that points had paid, in the currency of the purchase."
    )
    async def cash(self, info: Info) -> Money | None:
        """In the currency of the purchase."""
        purchase = await purchase_of(self.result, info.context) if self.result is not None else None
        if purchase is None or self.result is None:
            return None
        return money_of(amounts.Money(self.result.cash, purchase.entity.total.currency))

    purchase: Purchase | None = result_field(RecordRefundResult, purchase_of, description="The purchase, as it is now.")
    entry: LedgerEntry | None = result_field(
        RecordRefundResult, entry_of, description="The ledger entry that clawed the points back."
    )


async def refunded_fields(result: RecordRefundResult, *, context: Context) -> dict[str, Any]:
    """The fields of `Refunded` for a result."""
    return {
        "result": result,
        "decision": await load_decision(result, context=context, entry_id=result.entry_id),
        "shortfall": result.shortfall,
        "points_restored": result.points_restored,
        "stamps_restored": result.stamps_restored,
    }


@strawberry.type(description="Result of `recordRefund`.")
class RecordRefundPayload(
    BalancesPayload[RecordRefundResult], Refunded, WithAlreadyRecorded, WithCustomer[RecordRefundResult]
):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    pending: PendingRefund | None = strawberry.field(
        default=None,
        description="The pending refund, if it arrived before its purchase: nothing is clawed back until the purchase arrives.",
    )
    quarantined: QuarantinedReceipt | None = strawberry.field(
        default=None,
        description="The refund, if its `occurredAt` is implausible (CLOCK_SKEW): nothing is clawed back until staff settle it. A refund with a number is recognised when it is sent again.",
    )

    @classmethod
    async def of(
        cls, result: RecordRefundResult | RefundPending | ReceiptQuarantined, *, command: Any, context: Context
    ) -> Self:
        """The refund that was booked, that waits for its purchase, or that is in quarantine."""
        if isinstance(result, ReceiptQuarantined):
            payload = await load_quarantined_payload(result.quarantined_id, path=("occurredAt",), context=context)
            return cls(problem=payload.problem, quarantined=payload.quarantined)
        if isinstance(result, RefundPending):
            pending = await load_pending_refund(result.pending_refund_id, context=context)
            return cls(pending=pending, already_recorded=result.already_recorded)
        return cls(
            **await refunded_fields(result, context=context),
            balances=balances_after(result, context=context),
            already_recorded=result.already_recorded,
        )


async def resolve(
    info: Info,
    input: Annotated[RecordRefundInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RecordRefundPayload | None:
    """Record a refund, and claw back the points that the goods earned."""
    return await mutate(
        RecordRefundPayload,
        record_refund.run,
        refund_command(input, context=info.context),
        permission=Permission.RECORD_REFUNDS,
        input=input,
        info=info,
    )


def refund_command(input: RecordRefundInput, *, context: Context) -> RecordRefund | Problem:
    """The refund as the use case takes it, or the problem found in the input."""
    purchase_id, receipt = purchase_reference_of(input.purchase)
    if purchase_id is None and receipt is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    number = normalised_identifier(input.external_id) if input.external_id is not None else None
    for name, text in (("externalId", number), ("reason", input.reason)):
        if text is not None and not 1 <= len(text) <= 200:
            return Problem(ProblemCode.INVALID_INPUT, path=(name,), detail=length_detail(1, 200))
    returned_part = returned_part_of(input.lines, amount=input.amount)
    if isinstance(returned_part, Problem):
        return returned_part
    return RecordRefund(
        purchase_id=purchase_id,
        receipt=receipt,
        lines=returned_part.lines,
        amounts=returned_part.amounts,
        amount=input.amount,
        occurred_at=input.occurred_at or context.now,
        external_id=number,
        reason=input.reason,
        fingerprint=fingerprint("refund", _content(input)),
        states_time=input.occurred_at is not None,
    )


def _content(input: RecordRefundInput) -> Any:
    """The refund without its number, purchase and time, in canonical form."""
    content = canonical_json(input)
    del content["purchase"]
    content.pop("external_id", None)
    content.pop("occurred_at", None)
    if input.lines is not None:
        content["lines"] = {
            str(line["line"]): line.get("quantity") if "amount" not in line else f"-{line['amount']}"
            for line in content["lines"]
        }
    return content
