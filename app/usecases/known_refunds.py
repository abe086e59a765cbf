"""Refunds whose number comes once more under another key: answered as they were recorded, never booked a second time."""

from __future__ import annotations

import orjson

from app.domain.deciding.returning import Left, returning
from app.domain.decisions import Decision
from app.domain.ledger import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.receipt_numbers import Spot
from app.domain.units import Unit
from app.store import customers, ledger, purchases, refunds, waiting_refunds
from app.store.customers import CustomerBy, CustomerRow
from app.store.purchases import Purchase
from app.store.refunds import Refund
from app.store.unit import Session
from app.store.waiting_refunds import WaitingState
from app.usecases.call import Answer, Call, balances_now
from app.usecases.new_refund import NewRefund


async def known_refund(
    session: Session, *, call: Call, order: NewRefund, sale: Purchase, customer: CustomerRow, spot: Spot
) -> Answer | Problem | None:
    """The answer to a refund whose number is known already, None where it is new; one that says something else is refused.

    What is left of the purchase has no say: a full refund sent again finds nothing left and is known all the same.
    """
    program, number = call.program.id, order.external_id or ""
    found = await refunds.by_number(
        session, program_id=program, number=number, spot=spot, numbering=call.program.numbering
    )
    for refund in found:
        refunded = await refunded_by(session, program_id=program, sale=sale, refund=refund)
        if refunded is not None and await says(session, program_id=program, order=order, sale=refunded, refund=refund):
            return await as_recorded(session, call=call, sale=refunded, refund=refund, customer=customer)
    if found:
        ids = tuple(refund.purchase_id for refund in found)
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",), purchase_ids=ids)
    waits = await waiting_refunds.by_number(
        session, program_id=program, number=number, spot=spot, numbering=call.program.numbering
    )
    if waits is None or waits.state is not WaitingState.WAITING or waits.receipt.number == sale.external_id:
        return None
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))


async def refunded_by(session: Session, *, program_id: str, sale: Purchase, refund: Refund) -> Purchase | None:
    """The purchase of a recorded refund, where that is the one meant: it, or the same order as it was completed before."""
    if refund.purchase_id == sale.id:
        return sale
    other = await purchases.by_id(session, program_id=program_id, purchase_id=refund.purchase_id)
    if other is None or (other.source, other.external_id, other.space) != (sale.source, sale.external_id, sale.space):
        return None
    return other


async def says(session: Session, *, program_id: str, order: NewRefund, sale: Purchase, refund: Refund) -> bool:
    """Whether an order means what was recorded: in the same words, or what they had come to then."""
    if order.timed and max(order.occurred_at, sale.occurred_at) != refund.occurred_at:
        return False
    if order.fingerprint == refund.fingerprint:
        return True
    if order.reason != refund.reason:
        return False
    all_of_it = await refunds.of_purchase(session, program_id=program_id, purchase_id=sale.id)
    left = Left.after(sale.facts, refunds=[earlier for earlier in all_of_it if earlier.id < refund.id])
    back = returning(lines=order.lines, amounts=order.amounts, amount=order.amount, sale=sale.facts, left=left)
    return not isinstance(back, Problem) and (back.lines, back.amounts) == (refund.lines, refund.amounts)


async def as_recorded(session: Session, *, call: Call, sale: Purchase, refund: Refund, customer: CustomerRow) -> Answer:
    """The answer to a refund that is recorded: what was decided then, with the balances of now."""
    program = call.program.id
    taken, back = await _booked(session, program_id=program, refund=refund)
    holder: CustomerRow | None = customer
    if sale.customer_id not in (customer.id, customer.asked_for):
        holder = await customers.find(session, program_id=program, by=CustomerBy(sale.customer_id))
    if holder is None:
        raise LookupError(f"purchase {sale.id} has lost its customer")
    return Answer(
        decision=Decision.from_data(orjson.loads(taken.decision)),
        balances=await balances_now(session, program_id=program, customer=holder),
        customer_id=holder.id,
        purchase_id=refund.purchase_id,
        refund_id=refund.id,
        entry_id=taken.id,
        shortfall=refund.due - refund.taken,
        points_back=back[Unit.POINTS],
        stamps_back=back[Unit.STAMPS],
        cash=refund.cash,
        already_recorded=True,
    )


async def _booked(session: Session, *, program_id: str, refund: Refund) -> tuple[Entry, dict[Unit, int]]:
    """The entry with which a refund took points back, and what it gave back of each unit, as both were booked with it."""
    every = [stored.entry for stored in await ledger.of_refund(session, program_id=program_id, refund_id=refund.id)]
    made = [entry for entry in every if entry.recorded_at == refund.recorded_at]
    given_back = dict.fromkeys(Unit, 0)
    for entry in made:
        if entry.type is EntryType.REVERSAL:
            given_back[Unit(entry.unit)] += entry.points
    for entry in made:
        if entry.type is EntryType.CLAWBACK and entry.unit == Unit.POINTS:
            return entry, given_back
    raise LookupError(f"refund {refund.id} has no entry in the ledger")
