"""Exchange goods: the refund of the returned goods and the purchase of the new ones are recorded together, or not at all."""

from __future__ import annotations

from dataclasses import replace

from app.domain.customers.customer import CustomerReference
from app.domain.problems import Problem, ProblemCode
from app.store.customers import customers
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases.booking.exchange_goods import exchange_goods, in_refund
from app.usecases.purchases.commands import ReceiptQuarantined, RecordExchange, RecordExchangeResult, RefundPending
from app.usecases.purchases.duplicates.pending_exchanges import exchange_with_applied_time
from app.usecases.purchases.duplicates.quarantined import exchange_with_booked_time
from app.usecases.purchases.pending.apply_pending import apply_pending_refunds
from app.usecases.purchases.pending.record_pending import record_pending_exchange
from app.usecases.purchases.quarantine_receipt import quarantine_exchange
from app.usecases.purchases.record_refund import purchase_of


@use_case(RecordExchangeResult, RefundPending, ReceiptQuarantined)
async def run(
    session: Session, *, context: CommandContext, command: RecordExchange
) -> RecordExchangeResult | RefundPending | ReceiptQuarantined | Problem:
    """Record the exchange once. Both receipts are new, or both were recorded before and get their earlier result.

    An exchange that arrives before the purchase of the returned goods is pending, and is applied when that purchase
    arrives. An exchange with a time that cannot be right goes into quarantine, as a whole.
    """
    purchase = await purchase_of(session, context=context, command=command.refund)
    if isinstance(purchase, Problem):
        return in_refund(purchase)
    buyer = CustomerReference(purchase.customer_id) if purchase is not None else None
    if buyer is not None and command.customer is not None:
        problem = await _other_customer_problem(session, buyer=buyer, claimed=command.customer)
        if problem is not None:
            return problem
    buyer = command.customer or buyer
    command = await exchange_with_booked_time(session, context=context, command=command, purchase=purchase)
    quarantined = await quarantine_exchange(
        session,
        context=context,
        new_receipt=command.new_receipt,
        refund=command.refund,
        purchase=purchase,
        customer=buyer,
    )
    if quarantined is not None:
        return quarantined
    if purchase is None or buyer is None:
        return await record_pending_exchange(session, context=context, command=command)
    command = await exchange_with_applied_time(session, command=command, purchase=purchase)
    outcome = await exchange_goods(
        session,
        context=context,
        command=command,
        purchase=purchase,
        purchase_command=command.new_receipt.for_customer(buyer),
    )
    if isinstance(outcome, Problem):
        return outcome
    balances = (
        await apply_pending_refunds(session, context=context, purchase=outcome.new_purchase)
        if outcome.new_purchase and outcome.has_pending_refunds
        else None
    )
    if balances is None:
        return outcome.result
    return replace(outcome.result, purchase=replace(outcome.result.purchase, balances=balances))


async def _other_customer_problem(
    session: Session, *, buyer: CustomerReference, claimed: CustomerReference
) -> Problem | None:
    """The problem if another customer has bought the goods, or None; a merged customer counts as the survivor."""
    buying_customer, claimed_customer = await customers.find_two(session, first=buyer, second=claimed)
    if claimed_customer is None:
        return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
    if buying_customer is None or buying_customer.id != claimed_customer.id:
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    return None
