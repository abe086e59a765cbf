"""Settle a receipt in quarantine, once: book it at its own or at a corrected time, or dismiss it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self, TypeAlias

from app.domain.customers.customer import CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import PendingRefundState
from app.domain.purchases.quarantine import QuarantinedRecord, QuarantineKind, QuarantineState
from app.store.database.session import Session
from app.store.purchases import pending_refunds, quarantine
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases import record_exchange, record_purchase, record_refund
from app.usecases.purchases.command_json import receipt_of, refund_of
from app.usecases.purchases.commands import (
    ReceiptQuarantined,
    RecordExchange,
    RecordExchangeResult,
    RecordPurchaseResult,
    RecordRefundResult,
    RefundPending,
)
from app.usecases.results import CommandResult, stored_as
from app.usecases.staff_reasons import reason_problem


class QuarantineAction(StrEnum):
    """How a receipt in quarantine is settled."""

    BOOK_AS_SENT = "BOOK_AS_SENT"
    BOOK_AT = "BOOK_AT"
    DISMISS = "DISMISS"


@dataclass(frozen=True, slots=True)
class SettleQuarantined:
    """The receipt in quarantine or the pending refund, how it is settled, and why.

    `occurred_at` is the corrected time, with BOOK_AT only. `receipts_to_lock` are the numbers of the purchases involved:
    other commands about these receipts wait until this command is done.
    """

    quarantined_id: str | None
    pending_refund_id: str | None
    action: QuarantineAction
    occurred_at: datetime | None
    reason: str
    receipts_to_lock: tuple[str, ...] = ()


BookedResult: TypeAlias = RecordPurchaseResult | RecordRefundResult | RecordExchangeResult | RefundPending


@stored_as("quarantined_settled")
@dataclass(frozen=True, slots=True, kw_only=True)
class SettleQuarantinedResult(CommandResult):
    """The receipt that was in quarantine, and the result of the command that booked it; None if it was dismissed."""

    quarantined_id: str
    booked: BookedResult | None = None

    def without_personal_values(self) -> Self:
        """The result as it is stored and shown: decisions without values that reveal a date of birth."""
        return self if self.booked is None else replace(self, booked=self.booked.without_personal_values())


@stored_as("pending_refund_dismissed")
@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRefundDismissed(CommandResult):
    """The pending refund that was dismissed."""

    pending_refund_id: str


@use_case(SettleQuarantinedResult, PendingRefundDismissed)
async def run(
    session: Session, *, context: CommandContext, command: SettleQuarantined
) -> SettleQuarantinedResult | PendingRefundDismissed | Problem:
    """Settle the receipt. If its booking is rejected, the transaction must be rolled back: the receipt stays in quarantine."""
    if (problem := _input_problem(command)) is not None:
        return problem
    if command.pending_refund_id is not None:
        return await _dismiss_pending_refund(session, context=context, command=command)
    return await _settle(session, context=context, command=command)


def _input_problem(command: SettleQuarantined) -> Problem | None:
    if (problem := reason_problem(command.reason)) is not None:
        return problem
    if (command.occurred_at is None) is (command.action is QuarantineAction.BOOK_AT):
        unfit = detail_of("TIME_WITH_BOOK_AT")
        return Problem(ProblemCode.INVALID_INPUT, path=("occurredAt",), detail=unfit)
    if command.pending_refund_id is not None and command.action is not QuarantineAction.DISMISS:
        unfit = detail_of("PENDING_NOT_BOOKED")
        return Problem(ProblemCode.INVALID_INPUT, path=("action",), detail=unfit)
    return None


async def _settle(
    session: Session, *, context: CommandContext, command: SettleQuarantined
) -> SettleQuarantinedResult | Problem:
    before = await quarantine.by_id(session, quarantined_id=command.quarantined_id or "", lock=True)
    if before is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    if before.state is not QuarantineState.PENDING:
        return Problem(ProblemCode.ALREADY_SETTLED, path=("quarantined",))
    after = replace(
        before,
        state=QuarantineState.DISMISSED,
        settled_at=context.now,
        settled_by=context.actor,
        settlement_reason=command.reason,
    )
    booked: BookedResult | None = None
    if command.action is not QuarantineAction.DISMISS:
        at = command.occurred_at or before.occurred_at
        result = await _book(session, context=replace(context, time_reviewed=True), item=before, at=at)
        if isinstance(result, Problem):
            return replace(result, path=_path(result, command=command))
        booked = result
        after = _as_booked(after, booked=booked, at=at)
    await quarantine.settle(session, before=before, after=after)
    return SettleQuarantinedResult(quarantined_id=before.id, booked=booked)


def _as_booked(item: QuarantinedRecord, *, booked: BookedResult, at: datetime) -> QuarantinedRecord:
    item = replace(item, state=QuarantineState.BOOKED, booked_for=at)
    match booked:
        case RecordPurchaseResult():
            return replace(item, purchase_id=booked.purchase_id)
        case RecordRefundResult():
            return replace(item, purchase_id=booked.purchase_id, refund_id=booked.refund_id)
        case RecordExchangeResult():
            return replace(item, purchase_id=booked.purchase.purchase_id, refund_id=booked.refund.refund_id)
        case RefundPending():
            return replace(item, pending_refund_id=booked.pending_refund_id)


async def _book(
    session: Session, *, context: CommandContext, item: QuarantinedRecord, at: datetime
) -> BookedResult | Problem:
    """Carry out the command as if it had arrived in time, at `at`."""
    booked = await _carry_out(session, context=context, item=item, at=at)
    assert not isinstance(booked, ReceiptQuarantined), "a receipt that staff have reviewed is booked or rejected"
    return booked


async def _carry_out(
    session: Session, *, context: CommandContext, item: QuarantinedRecord, at: datetime
) -> BookedResult | ReceiptQuarantined | Problem:
    if item.kind is QuarantineKind.REFUND:
        return await record_refund.run(session, context=context, command=refund_of(item.command, at=at))
    customer = CustomerReference(item.customer_id) if item.customer_id is not None else None
    if item.kind is QuarantineKind.PURCHASE:
        if customer is None:
            raise LookupError(f"{item.kind} {item.id} in quarantine has no customer")
        return await record_purchase.run(
            session, context=context, command=receipt_of(item.command, at=at).for_customer(customer)
        )
    refund, new_receipt = refund_of(item.command["refund"], at=at), receipt_of(item.command["new_receipt"], at=at)
    return await record_exchange.run(session, context=context, command=RecordExchange(refund, new_receipt, customer))


def _path(problem: Problem, *, command: SettleQuarantined) -> tuple[str | int, ...]:
    """The path of a booking problem in the input of `settleQuarantined`: the corrected time, or the receipt as a whole."""
    wrong_time = problem.path[-1:] == ("occurredAt",) and command.occurred_at is not None
    return ("occurredAt",) if wrong_time else ("quarantined",)


async def _dismiss_pending_refund(
    session: Session, *, context: CommandContext, command: SettleQuarantined
) -> PendingRefundDismissed | Problem:
    """Dismiss a refund that is pending, or that was rejected when its purchase arrived."""
    id = command.pending_refund_id or ""
    pending = await pending_refunds.by_id(session, pending_id=id, lock=True)
    if pending is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    if pending.state in (PendingRefundState.APPLIED, PendingRefundState.DISMISSED):
        return Problem(ProblemCode.ALREADY_SETTLED, path=("quarantined",))
    await pending_refunds.dismiss(session, pending_id=id, at=context.now, actor=context.actor, reason=command.reason)
    return PendingRefundDismissed(pending_refund_id=id)
