"""Refunds and exchanges that come before their purchase are kept until it comes."""

from __future__ import annotations

from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import EVERYWHERE, OWN_SOURCE, ReceiptBy, Spot
from app.store import customers, locations, purchases, refunds, terms, waiting_refunds
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.store.waiting_refunds import HandedOut, WaitingRefund, WaitingState
from app.usecases.call import Answer, Call
from app.usecases.exchange_goods import in_refund
from app.usecases.known_receipts import day_missing, same_customer
from app.usecases.known_waiting import handed_out, meaning_of, waiting_with
from app.usecases.new_exchange import NewExchange
from app.usecases.new_receipts import NewReceipt
from app.usecases.new_refund import NewRefund
from app.usecases.staff_limits import own_card


async def wait_to_exchange(session: Session, *, call: Call, order: NewExchange) -> Answer | Problem:
    """Keep an exchange until its purchase comes. Its new receipt sent again is known, or refused where it says something else."""
    bought, receipt = order.bought, order.back.receipt
    assert receipt is not None, "an id that is none of a purchase is refused"
    here = await locations.placed(
        session, program_id=call.program.id, facts=bought.facts, location_id=bought.location_id
    )
    if here is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    spot = Spot(bought.location_id, bought.numbered_at or bought.facts.occurred_at, here.zone)
    customer = None
    if order.customer is not None:
        customer = await customers.find(session, program_id=call.program.id, by=order.customer)
        if customer is None:
            return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
        if (own := await own_card(session, call=call, customer=customer, path=("customer",))) is not None:
            return own
    known = await _known_exchange(session, call=call, order=order, receipt=receipt, spot=spot, customer=customer)
    if known is not None:
        return known
    if (unfit := await _unfit(session, call=call, bought=bought)) is not None:
        return unfit
    new = handed_out(
        bought,
        spot=spot,
        customer_id=(customer.asked_for or customer.id) if customer is not None else None,
        holder_id=call.principal.holder_id if call.principal is not None else None,
    )
    answer = await wait(session, call=call, order=order.back, receipt=receipt, bought=new)
    return in_refund(answer) if isinstance(answer, Problem) else answer


async def _unfit(session: Session, *, call: Call, bought: NewReceipt) -> Problem | None:
    """Why the receipt of what is handed out can never be recorded, whatever the purchase turns out to be; or None."""
    if (undated := day_missing(call, timed=bought.timed, path=("purchase", "occurredAt"))) is not None:
        return undated
    if bought.facts.counted_in != call.program.currency:
        return Problem(ProblemCode.RATE_MISSING, path=("purchase", "currencyCode"))
    if await terms.in_force(session, program_id=call.program.id, at=bought.facts.occurred_at) is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    return None


async def _known_exchange(
    session: Session,
    *,
    call: Call,
    order: NewExchange,
    receipt: ReceiptBy,
    spot: Spot,
    customer: CustomerRow | None,
) -> Answer | Problem | None:
    """The answer to an exchange that waits already, or why its new receipt is another one; None where it is new."""
    bought, back, path = order.bought, order.back, ("purchase", "externalId")
    number, numbering = bought.external_id, call.program.numbering
    sent = (receipt, back.lines, back.amounts, back.amount, back.reason, (number, meaning_of(bought)))
    for waiting in await waiting_with(session, call=call, number=number, spot=spot, completion=bought.completion):
        on_time = not bought.timed or waiting.occurred_at == bought.facts.occurred_at
        same = on_time and waiting.meaning == sent and waiting.external_id == back.external_id
        if same and await _same_buyer(session, call=call, waiting=waiting, customer=customer):
            return Answer(waiting_refund_id=waiting.id, already_recorded=True)
        if waiting.state is WaitingState.WAITING:
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail="another exchange waits with this receipt")
    if number == receipt.number and numbering.fits(receipt, used=spot):
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail="the receipt of what comes back is another one")
    known = await purchases.expected(
        session, program_id=call.program.id, source=OWN_SOURCE, number=number, spot=spot, numbering=numbering
    )
    others = tuple(purchase.id for purchase in known.recorded if purchase.completion == bought.completion)
    if others:
        detail = "recorded without this exchange"
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail=detail, purchase_ids=others)
    return None


async def _same_buyer(session: Session, *, call: Call, waiting: WaitingRefund, customer: CustomerRow | None) -> bool:
    """Whether who is said to have bought is whom an exchange that waits says."""
    known_id = waiting.bought.customer_id if waiting.bought is not None else None
    if known_id is None or customer is None:
        return True
    return await same_customer(session, program_id=call.program.id, customer=customer, known_id=known_id)


async def wait(
    session: Session, *, call: Call, order: NewRefund, receipt: ReceiptBy, bought: HandedOut | None = None
) -> Answer | Problem:
    """Keep a refund until its purchase comes. Its number sent again is known, or refused where it says something else.

    A reference that may fit several receipts does not wait: whichever came first would be a guess. `bought` is the receipt
    of what is handed out in an exchange.
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
        bought=bought,
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
