"""Record a purchase and let it earn what the terms in force at its time give."""

from __future__ import annotations

from app.domain.problems import Problem
from app.domain.receipt_numbers import OWN_SOURCE
from app.store.unit import Session
from app.usecases.admit import Admitted, admit
from app.usecases.apply_waiting import apply_waiting
from app.usecases.book_purchase import book_purchase
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.new_receipts import NewPurchase as NewPurchase
from app.usecases.new_receipts import NewReceipt as NewReceipt
from app.usecases.redemption_payments import link_payments


async def earn(session: Session, *, call: Call, order: NewPurchase) -> Answer | Problem:
    """Record the purchase once, decide, and book the points. Nothing is written with a refusal."""
    if (known := await replay(session, call=call)) is not None:
        return known
    sold = await sell(session, call=call, order=order)
    return sold if isinstance(sold, Problem) else await keep(session, call=call, answer=sold)


async def sell(session: Session, *, call: Call, order: NewPurchase) -> Answer | Problem:
    """Carry a purchase out, without its idempotency key.

    One that follows all that is known of the wallet is decided on the spot; any other is told at its place in time, with
    all that follows from it. A receipt that is known already is answered as it was then; one that differs is refused. One
    whose time cannot be right is kept in quarantine.
    """
    admitted = await admit(session, call=call, order=order)
    if not isinstance(admitted, Admitted):
        return admitted
    made = await book_purchase(
        session,
        call=call,
        order=order,
        customer=admitted.customer,
        facts=admitted.facts,
        terms=admitted.terms,
        source=OWN_SOURCE,
    )
    if isinstance(made, Problem):
        return made
    sale, answer = made
    await link_payments(session, program_id=call.program.id, purchase_id=sale.id, facts=sale.facts)
    after = await apply_waiting(session, call=call, sale=sale) if admitted.awaited else None
    return answer if after is None else answer._replace(balances=after)
