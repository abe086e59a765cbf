"""Refund a purchase, whole, by line or by amount, and take back the points that the returned goods had earned."""

from __future__ import annotations

from dataclasses import replace

from app.domain.deciding.returning import Left, no_quantity, returning
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE, Spot
from app.store import customers, purchases, receipt_references, refunds
from app.store import terms as versions
from app.store.customers import CustomerBy
from app.store.purchases import Purchase
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.known_receipts import day_missing
from app.usecases.known_refunds import known_refund
from app.usecases.quarantine import kept_back_refund
from app.usecases.take_back import NewRefund as NewRefund
from app.usecases.take_back import take_back
from app.usecases.wait_for_purchase import wait


async def refund(session: Session, *, call: Call, order: NewRefund) -> Answer | Problem:
    """Record the refund and claw back, by the terms of the sale, what the kept goods would not have earned.

    One that comes before its purchase waits, and is applied with it.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    answer = await carry_out(session, call=call, order=order)
    return answer if isinstance(answer, Problem) else await keep(session, call=call, answer=answer)


async def carry_out(session: Session, *, call: Call, order: NewRefund) -> Answer | Problem:
    """The same without its idempotency key. One whose time cannot be right is kept in quarantine."""
    sale = await sale_of(session, call=call, order=order)
    if isinstance(sale, Problem):
        return await known_of_several(session, call=call, order=order, problem=sale)
    held = await kept_back_refund(session, call=call, order=order, sale=sale)
    if held is not None:
        return held
    if sale is None:
        assert order.receipt is not None, "an id that is none of a purchase is refused"
        return await wait(session, call=call, order=order, receipt=order.receipt)
    return await give_back(session, call=call, order=order, sale=sale)


async def sale_of(session: Session, *, call: Call, order: NewRefund) -> Purchase | Problem | None:
    """The purchase that is refunded, None where its receipt is not known yet; or what is wrong with the order as it is."""
    if (wrong := no_quantity(order.lines)) is not None:
        return wrong
    number = order.external_id
    if number is not None and (undated := day_missing(call, timed=order.timed, path=("occurredAt",))) is not None:
        return undated
    program = call.program.id
    if order.receipt is not None:
        return await receipt_references.one_referred_to(
            session, program_id=program, source=OWN_SOURCE, by=order.receipt, numbering=call.program.numbering
        )
    sale = await purchases.by_id(session, program_id=program, purchase_id=order.purchase_id or "")
    return sale if sale is not None else Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))


async def known_of_several(session: Session, *, call: Call, order: NewRefund, problem: Problem) -> Answer | Problem:
    """The answer to a refund that was recorded before its reference fitted several receipts, else the refusal as it is."""
    if problem.code is not ProblemCode.RECEIPT_AMBIGUOUS or order.external_id is None:
        return problem
    found = await purchases.by_ids(session, program_id=call.program.id, purchase_ids=problem.purchase_ids)
    for sale in found.values():
        spot = Spot(sale.location_id, order.occurred_at, sale.facts.zone)
        customer = await customers.find(session, program_id=call.program.id, by=CustomerBy(sale.customer_id))
        if customer is None:
            continue
        known = await known_refund(session, call=call, order=order, sale=sale, customer=customer, spot=spot)
        if isinstance(known, Answer):
            return known
    return problem


async def give_back(session: Session, *, call: Call, order: NewRefund, sale: Purchase) -> Answer | Problem:
    """Carry a refund out, without its idempotency key. One whose number is known already is answered as it was then."""
    customer = await customers.find(session, program_id=call.program.id, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await versions.version(session, program_id=call.program.id, number=sale.terms_version)
    if customer is None or judged_by is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    sale = await purchases.still(session, program_id=call.program.id, purchase=sale)
    if order.external_id is not None:
        spot = Spot(sale.location_id, order.numbered_at or order.occurred_at, sale.facts.zone)
        same = await known_refund(session, call=call, order=order, sale=sale, customer=customer, spot=spot)
        if same is not None:
            return same
        order = replace(order, space=call.program.numbering.space(spot))
    if order.occurred_at < sale.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail="a refund follows its purchase")
    earlier = await refunds.of_purchase(session, program_id=call.program.id, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=earlier)
    back = returning(lines=order.lines, amounts=order.amounts, amount=order.amount, sale=sale.facts, left=left)
    if isinstance(back, Problem):
        return back
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
