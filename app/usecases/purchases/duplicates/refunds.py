"""Refunds whose number is sent again under another key: answered as they were recorded, never booked a second time."""

from __future__ import annotations

import orjson

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.decisions import Decision
from app.domain.engine.returns import RemainingGoods, resolve_return
from app.domain.ledger.entries import Entry, EntryType
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import PendingRefundState
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import ReceiptOrigin
from app.domain.purchases.refund import Refund
from app.domain.units import Unit
from app.store.customers import customers
from app.store.database.session import Session
from app.store.ledger import entries
from app.store.purchases import pending_refunds, purchases, refunds
from app.usecases.command import CommandContext, balances_now
from app.usecases.purchases.commands import RecordRefund, RecordRefundResult


async def known_refund(
    session: Session,
    *,
    context: CommandContext,
    command: RecordRefund,
    purchase: Purchase,
    customer: Customer,
    origin: ReceiptOrigin,
) -> RecordRefundResult | Problem | None:
    """The result of a refund whose number is known, None where it is new; a problem if the content differs.

    The rest of the purchase does not matter: a full refund that is sent again finds nothing left and is known all the
    same.
    """
    number = command.external_id or ""
    same_number = await refunds.by_number(session, number=number, origin=origin, numbering=context.program.numbering)
    for refund in same_number:
        refunded = await refunded_by(session, purchase=purchase, refund=refund)
        if refunded is not None and await has_same_content(session, command=command, purchase=refunded, refund=refund):
            return await as_recorded(session, purchase=refunded, refund=refund, customer=customer)
    if same_number:
        ids = tuple(refund.purchase_id for refund in same_number)
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",), purchase_ids=ids)
    pending = await pending_refunds.by_number(
        session, number=number, origin=origin, numbering=context.program.numbering
    )
    if (
        pending is None
        or pending.state is not PendingRefundState.PENDING
        or pending.receipt.number == purchase.external_id
    ):
        return None
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))


async def refunded_by(session: Session, *, purchase: Purchase, refund: Refund) -> Purchase | None:
    """The purchase of a recorded refund, if the command means that one: the purchase itself, or the same order at an earlier completion."""
    if refund.purchase_id == purchase.id:
        return purchase
    other = await purchases.by_id(session, purchase_id=refund.purchase_id)
    if other is None or (other.source, other.external_id, other.space) != (
        purchase.source,
        purchase.external_id,
        purchase.space,
    ):
        return None
    return other


async def has_same_content(session: Session, *, command: RecordRefund, purchase: Purchase, refund: Refund) -> bool:
    """Does a command have the content of the recorded refund: in the same words, or by what they came to then?"""
    if command.timed and max(command.occurred_at, purchase.occurred_at) != refund.occurred_at:
        return False
    if command.fingerprint == refund.fingerprint:
        return True
    if command.reason != refund.reason:
        return False
    all_of_it = await refunds.of_purchase(session, purchase_id=purchase.id)
    left = RemainingGoods.after_refunds(
        purchase.facts, refunds=[earlier for earlier in all_of_it if earlier.id < refund.id]
    )
    returned = resolve_return(
        lines=command.lines, amounts=command.amounts, amount=command.amount, facts=purchase.facts, remaining=left
    )
    return not isinstance(returned, Problem) and (returned.lines, returned.amounts) == (refund.lines, refund.amounts)


async def as_recorded(
    session: Session, *, purchase: Purchase, refund: Refund, customer: Customer
) -> RecordRefundResult:
    """The result of a recorded refund: the decision of that time, with today's balances."""
    clawback, restored = await _booked(session, refund=refund)
    holder: Customer | None = customer
    if purchase.customer_id not in (customer.id, customer.requested_id):
        holder = await customers.find(session, by=CustomerReference(purchase.customer_id))
    if holder is None:
        raise LookupError(f"purchase {purchase.id} has lost its customer")
    return RecordRefundResult(
        decision=Decision.from_data(orjson.loads(clawback.decision)),
        balances=await balances_now(session, customer=holder),
        customer_id=holder.id,
        purchase_id=refund.purchase_id,
        refund_id=refund.id,
        entry_id=clawback.id,
        shortfall=refund.clawback_due - refund.clawed_back,
        points_restored=restored[Unit.POINTS],
        stamps_restored=restored[Unit.STAMPS],
        cash=refund.money,
        already_recorded=True,
    )


async def _booked(session: Session, *, refund: Refund) -> tuple[Entry, dict[Unit, int]]:
    """The entry by which a refund clawed back points, and what it restored of each unit, as both were booked with it."""
    every = [stored.entry for stored in await entries.of_refund(session, refund_id=refund.id)]
    own_entries = [entry for entry in every if entry.recorded_at == refund.recorded_at]
    restored = dict.fromkeys(Unit, 0)
    for entry in own_entries:
        if entry.type is EntryType.REVERSAL:
            restored[Unit(entry.unit)] += entry.points
    for entry in own_entries:
        if entry.type is EntryType.CLAWBACK and entry.unit == Unit.POINTS:
            return entry, restored
    raise LookupError(f"refund {refund.id} has no entry in the ledger")
