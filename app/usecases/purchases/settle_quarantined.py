"""Settle a receipt in quarantine, once: book it at its own or at a corrected time, or dismiss it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import PendingRefundState
from app.domain.purchases.quarantine import Quarantined, QuarantineKind, QuarantineState
from app.store.database.session import Session
from app.store.purchases import pending_refunds, quarantine
from app.usecases.command import Answer, CommandContext, previous_result, remember_result
from app.usecases.purchases import record_exchange, record_purchase, record_refund
from app.usecases.purchases.new_exchange import RecordExchange
from app.usecases.purchases.quarantined_commands import receipt_of, refund_of
from app.usecases.reasons import reason_problem


class QuarantineAction(StrEnum):
    """How a receipt in quarantine is settled."""

    BOOK_AS_SENT = "BOOK_AS_SENT"
    BOOK_AT = "BOOK_AT"
    DISMISS = "DISMISS"


@dataclass(frozen=True, slots=True)
class SettleQuarantined:
    """The receipt in quarantine or the pending refund, how it is settled, and why.

    `occurred_at` is the corrected time, with BOOK_AT only. `receipts` are the numbers of the purchases involved:
    other commands about them wait until it is settled.
    """

    quarantined_id: str | None
    pending_refund_id: str | None
    action: QuarantineAction
    occurred_at: datetime | None
    reason: str
    receipts: tuple[str, ...] = ()


async def run(session: Session, *, context: CommandContext, command: SettleQuarantined) -> Answer | Problem:
    """Settle it. A receipt that is refused when it is booked stays in quarantine: the transaction must be rolled back."""
    if (known := await previous_result(session, context=context)) is not None:
        return known
    if (wrong := _unfit(command)) is not None:
        return wrong
    if command.pending_refund_id is not None:
        answer = await _dismiss_pending_refund(session, context=context, command=command)
    else:
        answer = await _settled(session, context=context, command=command)
    return answer if isinstance(answer, Problem) else await remember_result(session, context=context, answer=answer)


def _unfit(command: SettleQuarantined) -> Problem | None:
    if (wrong := reason_problem(command.reason)) is not None:
        return wrong
    if (command.occurred_at is None) is (command.action is QuarantineAction.BOOK_AT):
        detail = "give the corrected time with BOOK_AT, and only with it"
        return Problem(ProblemCode.INVALID_INPUT, path=("occurredAt",), detail=detail)
    if command.pending_refund_id is not None and command.action is not QuarantineAction.DISMISS:
        detail = "a pending refund is booked with its purchase, or dismissed"
        return Problem(ProblemCode.INVALID_INPUT, path=("action",), detail=detail)
    return None


async def _settled(session: Session, *, context: CommandContext, command: SettleQuarantined) -> Answer | Problem:
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
        settled_because=command.reason,
    )
    answer = Answer()
    if command.action is not QuarantineAction.DISMISS:
        at = command.occurred_at or before.occurred_at
        booked = await _booked(session, context=replace(context, settling=True), item=before, at=at)
        if isinstance(booked, Problem):
            return replace(booked, path=_path(booked, command=command))
        answer, after = booked, _as_booked(after, answer=booked, at=at)
    await quarantine.settle(session, before=before, after=after)
    return answer._replace(quarantined_id=before.id)


def _as_booked(item: Quarantined, *, answer: Answer, at: datetime) -> Quarantined:
    return replace(
        item,
        state=QuarantineState.BOOKED,
        booked_for=at,
        purchase_id=answer.purchase_id,
        refund_id=answer.refund_id if answer.returned is None else answer.returned.refund_id,
        pending_refund_id=answer.pending_refund_id,
    )


async def _booked(session: Session, *, context: CommandContext, item: Quarantined, at: datetime) -> Answer | Problem:
    """Carry out the command as if it had arrived in time, at `at`."""
    if item.kind is QuarantineKind.REFUND:
        return await record_refund.record(session, context=context, command=refund_of(item.command, at=at))
    customer = CustomerReference(item.customer_id) if item.customer_id is not None else None
    if item.kind is QuarantineKind.PURCHASE:
        if customer is None:
            raise LookupError(f"{item.kind} {item.id} in quarantine has no customer")
        return await record_purchase.record(
            session, context=context, command=receipt_of(item.command, at=at).of(customer)
        )
    back, bought = refund_of(item.command["refund"], at=at), receipt_of(item.command["bought"], at=at)
    return await record_exchange.record(session, context=context, command=RecordExchange(back, bought, customer))


def _path(problem: Problem, *, command: SettleQuarantined) -> tuple[str | int, ...]:
    """The path of a refusal in the input of the settlement: the time, or the receipt as a whole."""
    wrong_time = problem.path[-1:] == ("occurredAt",) and command.occurred_at is not None
    return ("occurredAt",) if wrong_time else ("quarantined",)


async def _dismiss_pending_refund(
    session: Session, *, context: CommandContext, command: SettleQuarantined
) -> Answer | Problem:
    """Dismiss a pending refund, or one that its purchase could not take."""
    id = command.pending_refund_id or ""
    pending = await pending_refunds.by_id(session, pending_id=id, lock=True)
    if pending is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    if pending.state in (PendingRefundState.APPLIED, PendingRefundState.DISMISSED):
        return Problem(ProblemCode.ALREADY_SETTLED, path=("quarantined",))
    await pending_refunds.dismiss(session, pending_id=id, at=context.now, actor=context.actor, reason=command.reason)
    return Answer(pending_refund_id=id)
