"""What a new receipt needs before it is recorded: whose it is, what the rules see of it, and that it is new."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.facts import PurchaseFacts
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import OWN_SOURCE
from app.domain.terms import Terms
from app.store import budgets, customers, levels, locations, members, purchases, terms
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.usecases.call import Answer, Call
from app.usecases.known_receipts import day_missing, known_receipt
from app.usecases.known_waiting import taken_by_waiting
from app.usecases.new_receipts import NewPurchase
from app.usecases.quarantine import as_booked, kept_back_purchase
from app.usecases.redemption_payments import payment_problem
from app.usecases.staff_limits import own_card


@dataclass(frozen=True, slots=True)
class Admitted:
    """A receipt that can be recorded: whose it is, what the rules see of it, the terms of its time, and whether refunds wait for it."""

    customer: CustomerRow
    facts: PurchaseFacts
    terms: Terms
    awaited: bool


async def admit(
    session: Session, *, call: Call, order: NewPurchase, applying: str | None = None
) -> Admitted | Answer | Problem:
    """Look at all that a new receipt needs; one that is known already is answered as it was then.

    The account of its customer is locked. `applying` is the exchange (id) that waited and in which it is handed out.
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
    recorded, awaited, kept, claimed = await purchases.expected(
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
    if claimed and (taken := await taken_by_waiting(session, call=call, order=order, zone=here.zone, but=applying)):
        return taken
    held = await kept_back_purchase(session, call=call, order=order, facts=here, customer=customer, known=kept)
    if held is not None:
        return held
    return await _seen(session, call=call, facts=here, customer=customer, awaited=awaited)


async def _seen(
    session: Session, *, call: Call, facts: PurchaseFacts, customer: CustomerRow, awaited: bool
) -> Admitted | Problem:
    """A receipt as the rules see it: by the terms of its time, with what they ask of its customer, and paid as it says."""
    program = call.program.id
    in_force = await terms.in_force(session, program_id=program, at=facts.occurred_at)
    if in_force is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    unpaid = await payment_problem(session, program_id=program, facts=facts, customer=customer)
    if unpaid is not None:
        return unpaid
    if in_force.asked.tier:
        customer = await levels.fresh(session, program_id=program, customer=customer)
    facts = await members.seen(session, program_id=program, customer=customer, terms=in_force, facts=facts)
    facts = await budgets.seen(
        session, program_id=program, customer_id=customer.id, terms=in_force, facts=facts, lock=True
    )
    return Admitted(customer, facts, in_force, awaited)
