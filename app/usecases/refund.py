"""Refund a purchase, whole, by line or by amount, and take back the points that the returned goods had earned."""

from __future__ import annotations

import orjson

from app.domain.deciding.returning import Left, no_quantity, returning
from app.domain.decisions import Decision
from app.domain.problems import Problem, ProblemCode
from app.store import customers, ledger, purchases, refunds, waiting_refunds
from app.store import terms as versions
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.unit import Session
from app.store.waiting_refunds import WaitingState
from app.usecases.call import Answer, Call, balances_now, keep, replay
from app.usecases.earn import RECEIPTS
from app.usecases.take_back import NewRefund as NewRefund
from app.usecases.take_back import take_back
from app.usecases.wait_for_purchase import wait


async def refund(session: Session, *, call: Call, order: NewRefund) -> Answer | Problem:
    """Record the refund and claw back, by the terms of the sale, what the kept goods would not have earned.

    One that comes before its purchase waits, and is applied with it.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    sale = await sale_of(session, call=call, order=order)
    if isinstance(sale, Problem):
        return sale
    if sale is None:
        return await wait(session, call=call, order=order)
    answer = await give_back(session, call=call, order=order, sale=sale)
    return answer if isinstance(answer, Problem) else await keep(session, call=call, answer=answer)


async def sale_of(session: Session, *, call: Call, order: NewRefund) -> Purchase | Problem | None:
    """The purchase that is refunded, None where its receipt is not known yet; or what is wrong with the order as it is."""
    if (wrong := no_quantity(order.lines)) is not None:
        return wrong
    if (skewed := call.too_early(order.occurred_at, path=("occurredAt",))) is not None:
        return skewed
    program = call.program.id
    if order.purchase_id is None:
        return await purchases.by_receipt(session, program_id=program, source=RECEIPTS, external_id=order.receipt or "")
    sale = await purchases.by_id(session, program_id=program, purchase_id=order.purchase_id)
    return sale if sale is not None else Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))


async def give_back(session: Session, *, call: Call, order: NewRefund, sale: Purchase) -> Answer | Problem:
    """Carry a refund out, without its idempotency key. One whose number is known already is answered as it was then."""
    if order.occurred_at < sale.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail="a refund follows its purchase")
    customer = await customers.find(session, program_id=call.program.id, by=CustomerBy(sale.customer_id), lock=True)
    judged_by = await versions.version(session, program_id=call.program.id, number=sale.terms_version)
    if customer is None or judged_by is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    sale = await purchases.still(session, program_id=call.program.id, purchase=sale)
    if (same := await _same_receipt(session, call=call, order=order, sale=sale, customer=customer)) is not None:
        return same
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


async def _same_receipt(
    session: Session, *, call: Call, order: NewRefund, sale: Purchase, customer: CustomerRow
) -> Answer | Problem | None:
    """The answer to a refund receipt that is known already; one that differs is refused.

    What is left of the purchase has no say: a full refund sent again finds nothing left and is known all the same.
    """
    if order.external_id is None:
        return None
    known = await refunds.by_receipt(session, program_id=call.program.id, external_id=order.external_id)
    if known is None:
        waits = await waiting_refunds.by_number(session, program_id=call.program.id, external_id=order.external_id)
        if waits is None or waits.state is not WaitingState.WAITING or waits.receipt == sale.external_id:
            return None
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    if (known.purchase_id, known.fingerprint) != (sale.id, order.fingerprint):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    return await as_recorded(session, call=call, known=known, customer=customer)


async def as_recorded(session: Session, *, call: Call, known: Refund, customer: CustomerRow) -> Answer:
    """The answer to a refund that is known already: what was decided then, with the balances of now."""
    stored = await ledger.of_refund(session, program_id=call.program.id, refund_id=known.id)
    if stored is None:
        raise LookupError(f"refund {known.id} has no entry in the ledger")
    return Answer(
        decision=Decision.from_data(orjson.loads(stored.entry.decision)),
        balances=await balances_now(session, program_id=call.program.id, customer=customer),
        customer_id=customer.id,
        purchase_id=known.purchase_id,
        refund_id=known.id,
        entry_id=stored.entry.id,
        shortfall=known.due - known.taken,
        cash=known.cash,
    )
