"""When a purchase arrives, apply the refunds and exchanges that arrived before it, in order of business time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.engine.returns import RemainingGoods, resolve_return
from app.domain.ledger.entries import Balance
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import NewReceipt, PendingRefund
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, ReceiptOrigin
from app.domain.units import Unit
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.purchases import pending_refunds, refunds
from app.store.terms import versions
from app.usecases.command import CommandContext
from app.usecases.customers.same_customer import is_same_customer
from app.usecases.purchases.booking.book_refund import book_refund
from app.usecases.purchases.booking.exchange_goods import ExchangeOutcome, exchange_goods
from app.usecases.purchases.command_json import receipt_of
from app.usecases.purchases.commands import RecordExchange, RecordRefund, RecordRefundResult
from app.usecases.purchases.duplicates.pending_exchanges import with_number_time


async def apply_pending_refunds(
    session: Session, *, context: CommandContext, purchase: Purchase
) -> Mapping[Unit, Balance] | None:
    """Apply the pending refunds of a purchase and of the new receipts of its exchanges; returns the balances after them, None if there are none.

    A refund of more than the purchase has left, or with the number of another refund, is left for staff to review.
    """
    balances: Mapping[Unit, Balance] | None = None
    numbering = context.program.numbering
    for pending in await pending_refunds.of_receipt(session, number=purchase.external_id):
        if not (
            numbering.is_unambiguous(pending.receipt) and numbering.matches(pending.receipt, origin=purchase.origin)
        ):
            continue
        outcome = await _apply(session, context=context, purchase=purchase, pending=pending)
        if isinstance(outcome, Problem):
            await pending_refunds.store_outcome(
                session, pending_id=pending.id, refund_id=None, rejected_with=outcome.code
            )
            continue
        if isinstance(outcome, RecordRefundResult):
            await pending_refunds.store_outcome(session, pending_id=pending.id, refund_id=outcome.refund_id)
            balances = outcome.balances
            continue
        await pending_refunds.store_outcome(session, pending_id=pending.id, refund_id=outcome.result.refund.refund_id)
        balances = outcome.result.purchase.balances
        if outcome.new_purchase is not None and outcome.has_pending_refunds:
            balances = await apply_pending_refunds(session, context=context, purchase=outcome.new_purchase) or balances
    return balances


async def _apply(
    session: Session, *, context: CommandContext, purchase: Purchase, pending: PendingRefund
) -> ExchangeOutcome | RecordRefundResult | Problem:
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id), lock=True)
    if customer is None:
        raise LookupError(f"purchase {purchase.id} has lost its customer")
    if pending.new_receipt is not None:
        return await _apply_exchange(
            session,
            context=context,
            purchase=purchase,
            pending=pending,
            stored_receipt=pending.new_receipt,
            customer=customer,
        )
    return await _apply_refund(session, context=context, purchase=purchase, pending=pending, customer=customer)


async def _apply_exchange(
    session: Session,
    *,
    context: CommandContext,
    purchase: Purchase,
    pending: PendingRefund,
    stored_receipt: NewReceipt,
    customer: Customer,
) -> ExchangeOutcome | Problem:
    if stored_receipt.customer_id is not None and not await is_same_customer(
        session, customer=customer, known_id=stored_receipt.customer_id
    ):
        return Problem(ProblemCode.OTHER_CUSTOMER, path=("customer",))
    is_own_card = await own_wallet.belongs_to_key_holder(
        session, own_customer_id=stored_receipt.sender_customer_id, customer=customer
    )
    if is_own_card:
        return Problem(ProblemCode.OWN_CARD, path=("customer",))
    refund = _refund_command(pending, purchase=purchase)
    at = max(pending.occurred_at, purchase.occurred_at)
    new_receipt = with_number_time(pending, new_receipt=receipt_of(stored_receipt.command_data, at=at))
    command = RecordExchange(
        replace(refund, occurred_at=at, number_used_at=pending.number_used_at or pending.occurred_at), new_receipt, None
    )
    purchase_command = new_receipt.for_customer(CustomerReference(purchase.customer_id))
    # The command of the purchase locked its own number only: without this lock, a refund of the new receipt that arrives
    # now would stay pending.
    await session.lock_receipt(new_receipt.external_id)
    return await exchange_goods(
        session,
        context=context,
        command=command,
        purchase=purchase,
        purchase_command=purchase_command,
        pending_exchange_id=pending.id,
    )


async def _apply_refund(
    session: Session, *, context: CommandContext, purchase: Purchase, pending: PendingRefund, customer: Customer
) -> RecordRefundResult | Problem:
    numbering = context.program.numbering
    deciding_terms = await versions.version(session, number=purchase.terms_version)
    if deciding_terms is None:
        raise LookupError(f"purchase {purchase.id} has lost its terms")
    earlier_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    remaining = RemainingGoods.after_refunds(purchase.facts, refunds=earlier_refunds)
    returned = resolve_return(
        lines=pending.lines, amounts=pending.amounts, amount=pending.amount, facts=purchase.facts, remaining=remaining
    )
    if isinstance(returned, Problem):
        return returned
    origin, number = (
        ReceiptOrigin(purchase.location_id, pending.number_used_at or pending.occurred_at, purchase.facts.zone),
        pending.external_id,
    )
    # The same number may have been sent twice at once, or belong to a refund of another purchase.
    if number is not None and await refunds.by_number(session, number=number, origin=origin, numbering=numbering):
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
    command = replace(
        _refund_command(pending, purchase=purchase),
        # A refund cannot be before its purchase, so its clock was wrong: it is booked right after the purchase.
        occurred_at=max(pending.occurred_at, purchase.occurred_at),
        space=numbering.space(origin) if number is not None else PROGRAM_WIDE,
    )
    return await book_refund(
        session,
        write_context=context,
        command=command,
        purchase=purchase,
        customer=customer,
        terms=deciding_terms,
        earlier_refunds=earlier_refunds,
        remaining=remaining,
        returned=returned,
    )


def _refund_command(pending: PendingRefund, *, purchase: Purchase) -> RecordRefund:
    """The command of a pending refund, whose purchase is known now."""
    return RecordRefund(
        purchase_id=purchase.id,
        receipt=None,
        lines=pending.lines,
        occurred_at=pending.occurred_at,
        external_id=pending.external_id,
        reason=pending.reason,
        fingerprint=pending.fingerprint,
        amounts=pending.amounts,
        amount=pending.amount,
    )
