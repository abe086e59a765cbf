"""Exchange goods: what comes back and what is handed out for it are recorded together, or not at all."""

from __future__ import annotations

from app.domain.problems import Problem, ProblemCode
from app.store import customers
from app.store.customers import CustomerBy
from app.store.unit import Session
from app.usecases.apply_waiting import apply_waiting
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.exchange_goods import exchange_goods, in_refund
from app.usecases.known_waiting import exchange_as_applied
from app.usecases.new_exchange import NewExchange as NewExchange
from app.usecases.quarantine import exchange_as_booked, kept_back_exchange
from app.usecases.refund import sale_of
from app.usecases.wait_for_purchase import wait_to_exchange


async def exchange(session: Session, *, call: Call, order: NewExchange) -> Answer | Problem:
    """Record the exchange once. Both receipts are new, or both are known already and answered as they were.

    One that comes before the purchase of which goods come back waits for it, and is applied with it.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    answer = await carry_out(session, call=call, order=order)
    return answer if isinstance(answer, Problem) else await keep(session, call=call, answer=answer)


async def carry_out(session: Session, *, call: Call, order: NewExchange) -> Answer | Problem:
    """The same without its idempotency key. One whose time cannot be right is kept in quarantine, as one."""
    sale = await sale_of(session, call=call, order=order.back)
    if isinstance(sale, Problem):
        return in_refund(sale)
    by = CustomerBy(sale.customer_id) if sale is not None else None
    if by is not None and order.customer is not None:
        other = await _other_customer(session, program_id=call.program.id, by=by, claimed=order.customer)
        if other is not None:
            return other
    by = order.customer or by
    order = await exchange_as_booked(session, call=call, order=order, sale=sale)
    held = await kept_back_exchange(session, call=call, bought=order.bought, back=order.back, sale=sale, customer=by)
    if held is not None:
        return held
    if sale is None or by is None:
        return await wait_to_exchange(session, call=call, order=order)
    order = await exchange_as_applied(session, call=call, order=order, sale=sale)
    done = await exchange_goods(session, call=call, order=order, sale=sale, new=order.bought.of(by))
    if isinstance(done, Problem):
        return done
    after = await apply_waiting(session, call=call, sale=done.bought) if done.bought and done.awaited else None
    return done.answer if after is None else done.answer._replace(balances=after)


async def _other_customer(session: Session, *, program_id: str, by: CustomerBy, claimed: CustomerBy) -> Problem | None:
    """The refusal where somebody else had bought, or None; who was merged into another customer is that one."""
    buyer, found = await customers.find_two(session, program_id=program_id, first=by, second=claimed)
    if found is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if buyer is None or buyer.id != found.id:
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    return None
