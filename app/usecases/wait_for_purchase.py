"""Refunds that come before their purchase: kept, and applied in their order as soon as it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.deciding.returning import Left, returning
from app.domain.ledger import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.store import customers, refunds, terms, waiting_refunds
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.unit import Session
from app.store.waiting_refunds import WaitingRefund, WaitingState
from app.usecases.call import Answer, Call, Stamp, keep
from app.usecases.take_back import NewRefund, take_back


async def wait(session: Session, *, call: Call, order: NewRefund) -> Answer | Problem:
    """Keep a refund until its purchase comes. Its number sent again is known, or refused where it says something else."""
    if order.external_id is not None:
        known = await waiting_refunds.by_number(session, program_id=call.program.id, external_id=order.external_id)
        if known is not None and (known.receipt, known.fingerprint) != (order.receipt, order.fingerprint):
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
        if known is not None:
            return await keep(session, call=call, answer=Answer(waiting_refund_id=known.id))
        if await refunds.by_receipt(session, program_id=call.program.id, external_id=order.external_id) is not None:
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    waiting = WaitingRefund(
        id=call.new_id(),
        receipt=order.receipt or "",
        external_id=order.external_id,
        occurred_at=order.occurred_at,
        recorded_at=call.now,
        lines=order.lines,
        reason=order.reason,
        fingerprint=order.fingerprint,
        amounts=order.amounts,
        amount=order.amount,
    )
    await waiting_refunds.add(session, program_id=call.program.id, waiting=waiting)
    return await keep(session, call=call, answer=Answer(waiting_refund_id=waiting.id))


async def apply_waiting(session: Session, *, stamp: Stamp, sale: Purchase) -> Mapping[Unit, Balance] | None:
    """Apply the refunds that waited for a purchase; the balances after them, None where there was none.

    What the purchase has not to give back is left for a person to look at, and so is what has the number of another refund.
    """
    balances = None
    for one in await waiting_refunds.of_receipt(session, program_id=stamp.program_id, receipt=sale.external_id):
        answer = await _applied(session, stamp=stamp, sale=sale, waiting=one)
        state = WaitingState.APPLIED if answer is not None else WaitingState.REFUSED
        await waiting_refunds.settle(
            session,
            program_id=stamp.program_id,
            waiting_id=one.id,
            state=state,
            refund_id=answer.refund_id if answer is not None else None,
        )
        balances = answer.balances if answer is not None else balances
    return balances


async def _taken(session: Session, *, program_id: str, number: str | None) -> bool:
    """Whether another refund has the number: the same one sent twice at once, or one of another purchase."""
    if number is None:
        return False
    return await refunds.by_receipt(session, program_id=program_id, external_id=number) is not None


async def _applied(session: Session, *, stamp: Stamp, sale: Purchase, waiting: WaitingRefund) -> Answer | None:
    program = stamp.program_id
    customer = await customers.find(session, program_id=program, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await terms.version(session, program_id=program, number=sale.terms_version)
    if customer is None or judged_by is None:
        raise LookupError(f"purchase {sale.id} has lost its customer or its terms")
    earlier = await refunds.of_purchase(session, program_id=program, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    back = returning(lines=waiting.lines, amounts=waiting.amounts, amount=waiting.amount, sale=sale.facts, left=left)
    if isinstance(back, Problem) or await _taken(session, program_id=program, number=waiting.external_id):
        return None
    order = NewRefund(
        purchase_id=sale.id,
        receipt=None,
        lines=waiting.lines,
        occurred_at=waiting.occurred_at,
        external_id=waiting.external_id,
        reason=waiting.reason,
        fingerprint=waiting.fingerprint,
    )
    # A clock that puts the refund before its purchase is wrong: it comes right behind it.
    order = replace(order, occurred_at=max(waiting.occurred_at, sale.occurred_at))
    return await take_back(
        session,
        stamp=stamp,
        order=order,
        sale=sale,
        customer=customer,
        terms=judged_by,
        earlier=earlier,
        left=left,
        back=back,
    )
