"""Record a purchase and let it earn what the terms in force at its time give."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.facts import PurchaseFacts
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE
from app.domain.terms import Terms
from app.store import (
    budgets,
    customers,
    levels,
    locations,
    members,
    purchases,
    terms,
)
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.usecases.book_purchase import book_purchase
from app.usecases.call import Answer, Call, keep, replay
from app.usecases.known_receipts import day_missing, known_receipt
from app.usecases.new_receipts import NewPurchase as NewPurchase
from app.usecases.new_receipts import NewReceipt as NewReceipt
from app.usecases.quarantine import as_booked, kept_back_purchase
from app.usecases.redemption_payments import link_payments, payment_problem
from app.usecases.staff_limits import own_card
from app.usecases.wait_for_purchase import apply_waiting


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


@dataclass(frozen=True, slots=True)
class Admitted:
    """A receipt that can be recorded: whose it is, what the rules see of it, the terms of its time, and whether refunds wait for it."""

    customer: CustomerRow
    facts: PurchaseFacts
    terms: Terms
    awaited: bool


async def admit(session: Session, *, call: Call, order: NewPurchase) -> Admitted | Answer | Problem:
    """Look at all that a new receipt needs; one that is known already is answered as it was then.

    The account of its customer is locked.
    """
    if (undated := day_missing(call, timed=order.timed, path=("purchase", "occurredAt"))) is not None:
        return undated
    if order.facts.counted_in != call.program.currency:
        return Problem(ProblemCode.RATE_MISSING, path=("purchase", "currencyCode"))
    program = call.program.id
    place = order.location_id
    if (here := await locations.placed(session, program_id=program, facts=order.facts, location_id=place)) is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    customer = await customers.find(session, program_id=program, by=order.customer, lock=True)
    if customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if (own := await own_card(session, call=call, customer=customer, path=("customer",))) is not None:
        return own
    recorded, awaited, kept = await purchases.expected(
        session,
        program_id=program,
        source=OWN_SOURCE,
        number=order.external_id,
        spot=order.spot(zone=here.zone),
        numbering=call.program.numbering,
    )
    if kept:
        order, here, recorded = await as_booked(session, call=call, order=order, facts=here, recorded=recorded)
    settled = await known_receipt(session, call=call, order=order, facts=here, customer=customer, recorded=recorded)
    if settled is not None:
        return settled
    held = await kept_back_purchase(session, call=call, order=order, facts=here, customer=customer, known=kept)
    if held is not None:
        return held
    in_force = await terms.in_force(session, program_id=program, at=order.facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    unpaid = await payment_problem(session, program_id=program, facts=order.facts, customer=customer)
    if unpaid is not None:
        return unpaid
    if in_force.asked.tier:
        customer = await levels.fresh(session, program_id=program, customer=customer)
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=here)
    facts = await budgets.seen(
        session, program_id=program, customer_id=customer.id, terms=in_force, facts=facts, lock=True
    )
    return Admitted(customer, facts, in_force, awaited)
