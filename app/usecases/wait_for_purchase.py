"""Refunds that come before their purchase: kept, and applied in their order as soon as it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.deciding.returning import Left, returning
from app.domain.ledger import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import EVERYWHERE, ReceiptBy, Spot
from app.domain.units import Unit
from app.store import customers, locations, refunds, terms, waiting_refunds
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.unit import Session
from app.store.waiting_refunds import WaitingRefund, WaitingState
from app.usecases.call import Answer, Call
from app.usecases.take_back import NewRefund, take_back


async def wait(session: Session, *, call: Call, order: NewRefund, receipt: ReceiptBy) -> Answer | Problem:
    """Keep a refund until its purchase comes. Its number sent again is known, or refused where it says something else.

    A reference that may fit several receipts does not wait: whichever came first would be a guess.
    """
    program, numbering = call.program.id, call.program.numbering
    if not numbering.identifies(receipt):
        return Problem(
            ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",), detail="to wait for it, say what tells its number apart"
        )
    zone = await _zone(session, call=call, receipt=receipt)
    if zone is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "receipt", "locationId"))
    spot = Spot(receipt.location_id, order.numbered_at or order.occurred_at, zone)
    waiting = WaitingRefund(
        id=call.new_id(),
        receipt=receipt,
        external_id=order.external_id,
        occurred_at=order.occurred_at,
        recorded_at=call.now,
        lines=order.lines,
        reason=order.reason,
        fingerprint=order.fingerprint,
        amounts=order.amounts,
        amount=order.amount,
        space=numbering.space(spot) if order.external_id is not None else EVERYWHERE,
    )
    if order.external_id is not None:
        known = await _known(session, call=call, number=order.external_id, waiting=waiting, order=order, spot=spot)
        if known is not None:
            return known
    await waiting_refunds.add(session, program_id=program, waiting=waiting)
    return Answer(waiting_refund_id=waiting.id)


async def _zone(session: Session, *, call: Call, receipt: ReceiptBy) -> str | None:
    """The zone of the location that a reference names, the program's where it names none; None where there is no such one."""
    if receipt.location_id is None:
        return call.program.zone
    found = await locations.by_ids(session, program_id=call.program.id, location_ids=[receipt.location_id])
    return found[receipt.location_id].zone if receipt.location_id in found else None


async def _known(
    session: Session, *, call: Call, number: str, waiting: WaitingRefund, order: NewRefund, spot: Spot
) -> Answer | Problem | None:
    """The answer to a number that is known already, or None where it is new."""
    program, numbering = call.program.id, call.program.numbering
    known = await waiting_refunds.by_number(session, program_id=program, number=number, spot=spot, numbering=numbering)
    if known is not None:
        on_time = not order.timed or known.occurred_at == waiting.occurred_at
        if not on_time or not known.says(waiting):
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
        return Answer(waiting_refund_id=known.id, already_recorded=True)
    others = await refunds.by_number(session, program_id=program, number=number, spot=spot, numbering=numbering)
    if not others:
        return None
    ids = tuple(refund.purchase_id for refund in others)
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",), purchase_ids=ids)


async def apply_waiting(session: Session, *, call: Call, sale: Purchase) -> Mapping[Unit, Balance] | None:
    """Apply the refunds that waited for a purchase; the balances after them, None where there was none.

    What the purchase has not to give back is left for a person to look at, and so is what has the number of another refund.
    """
    balances, program, numbering = None, call.program.id, call.program.numbering
    for waiting in await waiting_refunds.of_receipt(session, program_id=program, number=sale.external_id):
        if not (numbering.identifies(waiting.receipt) and numbering.fits(waiting.receipt, used=sale.spot)):
            continue
        answer = await _applied(session, call=call, sale=sale, waiting=waiting)
        state = WaitingState.APPLIED if answer is not None else WaitingState.REFUSED
        await waiting_refunds.settle(
            session,
            program_id=program,
            waiting_id=waiting.id,
            state=state,
            refund_id=answer.refund_id if answer is not None else None,
        )
        balances = answer.balances if answer is not None else balances
    return balances


async def _applied(session: Session, *, call: Call, sale: Purchase, waiting: WaitingRefund) -> Answer | None:
    program, numbering = call.program.id, call.program.numbering
    customer = await customers.find(session, program_id=program, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await terms.version(session, program_id=program, number=sale.terms_version)
    if customer is None or judged_by is None:
        raise LookupError(f"purchase {sale.id} has lost its customer or its terms")
    earlier = await refunds.of_purchase(session, program_id=program, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    back = returning(lines=waiting.lines, amounts=waiting.amounts, amount=waiting.amount, sale=sale.facts, left=left)
    if isinstance(back, Problem):
        return None
    spot, number = Spot(sale.location_id, waiting.occurred_at, sale.facts.zone), waiting.external_id
    # The same number may have been sent twice at once, or be that of a refund of another purchase.
    if number is not None and await refunds.by_number(
        session, program_id=program, number=number, spot=spot, numbering=numbering
    ):
        return None
    order = NewRefund(
        purchase_id=sale.id,
        receipt=None,
        lines=waiting.lines,
        occurred_at=waiting.occurred_at,
        external_id=waiting.external_id,
        reason=waiting.reason,
        fingerprint=waiting.fingerprint,
        space=numbering.space(spot) if number is not None else EVERYWHERE,
    )
    # A clock that puts the refund before its purchase is wrong: it comes right behind it.
    order = replace(order, occurred_at=max(waiting.occurred_at, sale.occurred_at))
    return await take_back(
        session,
        stamp=call.stamp,
        order=order,
        sale=sale,
        customer=customer,
        terms=judged_by,
        earlier=earlier,
        left=left,
        back=back,
    )
