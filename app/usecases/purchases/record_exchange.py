"""Exchange goods: the return and the goods handed out for it are recorded together, or not at all."""

from __future__ import annotations

from dataclasses import replace

from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem, ProblemCode
from app.store.customers import customers
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases.booking.exchange_goods import exchange_goods, in_refund
from app.usecases.purchases.commands import ReceiptQuarantined, RecordExchange, RecordExchangeResult, RefundPending
from app.usecases.purchases.duplicates.pending_exchanges import exchange_as_applied
from app.usecases.purchases.duplicates.quarantined import exchange_as_booked
from app.usecases.purchases.pending.apply_pending import apply_pending_refunds
from app.usecases.purchases.pending.record_pending import record_pending_exchange
from app.usecases.purchases.quarantine_receipt import quarantine_exchange
from app.usecases.purchases.record_refund import purchase_of


@use_case(RecordExchangeResult, RefundPending, ReceiptQuarantined)
async def run(
    session: Session, *, context: CommandContext, command: RecordExchange
) -> RecordExchangeResult | RefundPending | ReceiptQuarantined | Problem:
    """Record the exchange once. Both receipts are new, or both are known and get their earlier result.

    An exchange that arrives before the purchase of the returned goods is pending, and applied when that arrives. One
    with a time that cannot be right goes into quarantine, as a whole.
    """
    purchase = await purchase_of(session, context=context, command=command.refund)
    if isinstance(purchase, Problem):
        return in_refund(purchase)
    by = CustomerReference(purchase.customer_id) if purchase is not None else None
    if by is not None and command.customer is not None:
        other = await _other_customer(session, by=by, claimed=command.customer)
        if other is not None:
            return other
    by = command.customer or by
    command = await exchange_as_booked(session, context=context, command=command, purchase=purchase)
    quarantined = await quarantine_exchange(
        session, context=context, new_receipt=command.new_receipt, refund=command.refund, purchase=purchase, customer=by
    )
    if quarantined is not None:
        return quarantined
    if purchase is None or by is None:
        return await record_pending_exchange(session, context=context, command=command)
    command = await exchange_as_applied(session, command=command, purchase=purchase)
    done = await exchange_goods(
        session, context=context, command=command, purchase=purchase, new=command.new_receipt.of(by)
    )
    if isinstance(done, Problem):
        return done
    after = (
        await apply_pending_refunds(session, context=context, purchase=done.new_purchase)
        if done.new_purchase and done.has_pending_refunds
        else None
    )
    if after is None:
        return done.result
    return replace(done.result, purchase=replace(done.result.purchase, balances=after))


async def _other_customer(session: Session, *, by: CustomerReference, claimed: CustomerReference) -> Problem | None:
    """The problem where another customer had bought the goods, or None; a merged customer counts as the surviving one."""
    buyer, found = await customers.find_two(session, first=by, second=claimed)
    if found is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if buyer is None or buyer.id != found.id:
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    return None
