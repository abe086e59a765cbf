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


async def earlier_refund_result(
    session: Session,
    *,
    context: CommandContext,
    command: RecordRefund,
    purchase: Purchase,
    customer: Customer,
    origin: ReceiptOrigin,
) -> RecordRefundResult | Problem | None:
    """The result of a refund whose number was recorded before; None if it is new, a problem if the content differs.

    What is left of the purchase does not matter: a full refund that is sent again finds nothing left, and gets its result.
    """
    number = command.external_id or ""
    same_number = await refunds.by_number(session, number=number, origin=origin, numbering=context.program.numbering)
    for refund in same_number:
        recorded_purchase = await refunded_purchase(session, purchase=purchase, refund=refund)
        if recorded_purchase is not None and await has_same_content(
            session, command=command, purchase=recorded_purchase, refund=refund
        ):
            return await recorded_refund_result(session, purchase=recorded_purchase, refund=refund, customer=customer)
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


async def refunded_purchase(session: Session, *, purchase: Purchase, refund: Refund) -> Purchase | None:
    """The purchase of a recorded refund, if it is `purchase` or another completion of the same order; otherwise None."""
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
    """Does a command have the content of the recorded refund: the same input, or an input that would have returned the same goods?"""
    if command.states_time and max(command.occurred_at, purchase.occurred_at) != refund.occurred_at:
        return False
    if command.fingerprint == refund.fingerprint:
        return True
    if command.reason != refund.reason:
        return False
    all_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    remaining = RemainingGoods.after_refunds(
        purchase.facts, refunds=[earlier for earlier in all_refunds if earlier.id < refund.id]
    )
    returned = resolve_return(
        lines=command.lines, amounts=command.amounts, amount=command.amount, facts=purchase.facts, remaining=remaining
    )
    return not isinstance(returned, Problem) and (returned.lines, returned.amounts) == (refund.lines, refund.amounts)


async def recorded_refund_result(
    session: Session, *, purchase: Purchase, refund: Refund, customer: Customer
) -> RecordRefundResult:
    """The result of a recorded refund: the decision of that time, with the present balances."""
    clawback, restored = await _clawback_and_restored(session, refund=refund)
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


async def _clawback_and_restored(session: Session, *, refund: Refund) -> tuple[Entry, dict[Unit, int]]:
    """The entry with which a refund clawed back points, and how much it restored of each unit, without later corrections."""
    all_entries = [stored.entry for stored in await entries.of_refund(session, refund_id=refund.id)]
    own_entries = [entry for entry in all_entries if entry.recorded_at == refund.recorded_at]
    restored = dict.fromkeys(Unit, 0)
    for entry in own_entries:
        if entry.type is EntryType.REVERSAL:
            restored[Unit(entry.unit)] += entry.points
    for entry in own_entries:
        if entry.type is EntryType.CLAWBACK and entry.unit == Unit.POINTS:
            return entry, restored
    raise LookupError(f"refund {refund.id} has no entry in the ledger")
