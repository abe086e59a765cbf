"""Settle a receipt in quarantine, once: book it at its own or at a corrected time, or dismiss it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.problems import Problem, ProblemCode
from app.store import quarantine, waiting_refunds
from app.store.customers import CustomerBy
from app.store.quarantine import Quarantined, QuarantineKind, QuarantineState
from app.store.unit import Session
from app.store.waiting_refunds import WaitingState
from app.usecases import exchange, refund
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.earn import sell
from app.usecases.exchange import NewExchange
from app.usecases.going_over import reason_problem
from app.usecases.quarantined_orders import receipt_of, refund_of


class QuarantineAction(StrEnum):
    """What a person does with a receipt in quarantine."""

    BOOK_AS_SENT = "BOOK_AS_SENT"
    BOOK_AT = "BOOK_AT"
    DISMISS = "DISMISS"


@dataclass(frozen=True, slots=True)
class Settlement:
    """Which receipt in quarantine, or which refund that waits, what is done with it, and why.

    `occurred_at` is the corrected time, with BOOK_AT only. `receipts` are the numbers of the purchases that it is about:
    others that are about them wait until it is settled.
    """

    quarantined_id: str | None
    waiting_refund_id: str | None
    action: QuarantineAction
    occurred_at: datetime | None
    reason: str
    receipts: tuple[str, ...] = ()


async def settle_quarantined(session: Session, *, call: Call, order: Settlement) -> Answer | Problem:
    """Settle it. What is refused when it is booked stays in quarantine: the transaction must be rolled back."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if (wrong := _unfit(order)) is not None:
        return wrong
    if order.waiting_refund_id is not None:
        answer = await _waiting_dismissed(session, call=call, order=order)
    else:
        answer = await _settled(session, call=call, order=order)
    return answer if isinstance(answer, Problem) else await keep(session, call=call, answer=answer)


def _unfit(order: Settlement) -> Problem | None:
    if (wrong := reason_problem(order.reason)) is not None:
        return wrong
    if (order.occurred_at is None) is (order.action is QuarantineAction.BOOK_AT):
        detail = "the corrected time, with BOOK_AT and with nothing else"
        return Problem(ProblemCode.INVALID_INPUT, path=("occurredAt",), detail=detail)
    if order.waiting_refund_id is not None and order.action is not QuarantineAction.DISMISS:
        detail = "what waits for its purchase is booked with it, or dismissed"
        return Problem(ProblemCode.INVALID_INPUT, path=("action",), detail=detail)
    return None


async def _settled(session: Session, *, call: Call, order: Settlement) -> Answer | Problem:
    before = await quarantine.by_id(
        session, program_id=call.program.id, quarantined_id=order.quarantined_id or "", lock=True
    )
    if before is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    if before.state is not QuarantineState.WAITING:
        return Problem(ProblemCode.ALREADY_SETTLED, path=("quarantined",))
    after = replace(
        before,
        state=QuarantineState.DISMISSED,
        settled_at=call.now,
        settled_by=call.actor,
        settled_because=order.reason,
    )
    answer = Answer()
    if order.action is not QuarantineAction.DISMISS:
        at = order.occurred_at or before.occurred_at
        booked = await _booked(session, call=replace(call, settling=True), item=before, at=at)
        if isinstance(booked, Problem):
            return replace(booked, path=_path(booked, order=order))
        answer, after = booked, _as_booked(after, answer=booked, at=at)
    await quarantine.settle(session, program_id=call.program.id, before=before, after=after)
    return answer._replace(quarantined_id=before.id)


def _as_booked(item: Quarantined, *, answer: Answer, at: datetime) -> Quarantined:
    return replace(
        item,
        state=QuarantineState.BOOKED,
        booked_for=at,
        purchase_id=answer.purchase_id,
        refund_id=answer.refund_id if answer.returned is None else answer.returned.refund_id,
        waiting_refund_id=answer.waiting_refund_id,
    )


async def _booked(session: Session, *, call: Call, item: Quarantined, at: datetime) -> Answer | Problem:
    """Carry out what was sent as if it had come in time, at `at`."""
    if item.kind is QuarantineKind.REFUND:
        return await refund.carry_out(session, call=call, order=refund_of(item.sent, at=at))
    customer = CustomerBy(item.customer_id) if item.customer_id is not None else None
    if item.kind is QuarantineKind.PURCHASE:
        if customer is None:
            raise LookupError(f"{item.kind} {item.id} in quarantine has no customer")
        return await sell(session, call=call, order=receipt_of(item.sent, at=at).of(customer))
    back, bought = refund_of(item.sent["back"], at=at), receipt_of(item.sent["bought"], at=at)
    return await exchange.carry_out(session, call=call, order=NewExchange(back, bought, customer))


def _path(problem: Problem, *, order: Settlement) -> tuple[str | int, ...]:
    """Where a refusal stands in the input of the settlement: at its time, or at the receipt as a whole."""
    wrong_time = problem.path[-1:] == ("occurredAt",) and order.occurred_at is not None
    return ("occurredAt",) if wrong_time else ("quarantined",)


async def _waiting_dismissed(session: Session, *, call: Call, order: Settlement) -> Answer | Problem:
    """Dismiss a refund that waits for its purchase, or that its purchase could not take."""
    program, id = call.program.id, order.waiting_refund_id or ""
    waiting = await waiting_refunds.by_id(session, program_id=program, waiting_id=id, lock=True)
    if waiting is None:
        return Problem(ProblemCode.QUARANTINED_NOT_FOUND, path=("quarantined",))
    if waiting.state in (WaitingState.APPLIED, WaitingState.DISMISSED):
        return Problem(ProblemCode.ALREADY_SETTLED, path=("quarantined",))
    await waiting_refunds.dismiss(
        session, program_id=program, waiting_id=id, at=call.now, actor=call.actor, reason=order.reason
    )
    return Answer(waiting_refund_id=id)
