"""Store refunds and exchanges that arrive before their purchase as pending."""

from __future__ import annotations

from app.domain.customers.customer import Customer
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.pending_refund import NewReceipt, PendingRefund, PendingRefundState
from app.domain.purchases.receipt_numbers import OWN_SOURCE, PROGRAM_WIDE, ReceiptOrigin, ReceiptReference
from app.store.customers import customers, own_wallet
from app.store.database.session import Session
from app.store.programs import locations
from app.store.purchases import pending_refunds, purchases, refunds
from app.store.terms import versions
from app.usecases.command import CommandContext
from app.usecases.customers.same_customer import is_same_customer
from app.usecases.purchases.booking.exchange_goods import in_refund
from app.usecases.purchases.commands import ReceiptToRecord, RecordExchange, RecordRefund, RefundPending
from app.usecases.purchases.duplicates.pending_exchanges import (
    content_digest_of,
    exchanges_with_new_receipt,
    new_receipt_to_store,
)
from app.usecases.purchases.duplicates.receipts import receipt_problem


async def record_pending_exchange(
    session: Session, *, context: CommandContext, command: RecordExchange
) -> RefundPending | Problem:
    """Store an exchange as pending until its purchase arrives. An exchange that was sent before gets its earlier result, or a problem if the content differs."""
    new_receipt, receipt = command.new_receipt, command.refund.receipt
    assert receipt is not None, "an id of something else than a purchase is rejected before"
    facts = await locations.facts_at_location(session, facts=new_receipt.facts, location_id=new_receipt.location_id)
    if facts is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "locationId"))
    origin = ReceiptOrigin(
        new_receipt.location_id, new_receipt.number_used_at or new_receipt.facts.occurred_at, facts.zone
    )
    customer = None
    if command.customer is not None:
        customer = await customers.find(session, by=command.customer)
        if customer is None:
            return Problem(ProblemCode.CUSTOMER_NOT_FOUND, path=("customer",))
        problem = await own_wallet.problem(session, principal=context.principal, customer=customer, path=("customer",))
        if problem is not None:
            return problem
    earlier_result = await _earlier_exchange_result(
        session, context=context, command=command, receipt=receipt, origin=origin, customer=customer
    )
    if earlier_result is not None:
        return earlier_result
    if (problem := await _receipt_problem(session, context=context, new_receipt=new_receipt)) is not None:
        return problem
    stored_receipt = new_receipt_to_store(
        new_receipt,
        origin=origin,
        customer_id=(customer.requested_id or customer.id) if customer is not None else None,
        sender_customer_id=context.principal.own_customer_id if context.principal is not None else None,
    )
    pending = await record_pending_refund(
        session, context=context, command=command.refund, receipt=receipt, stored_receipt=stored_receipt
    )
    return in_refund(pending) if isinstance(pending, Problem) else pending


async def _receipt_problem(
    session: Session, *, context: CommandContext, new_receipt: ReceiptToRecord
) -> Problem | None:
    """Why the receipt of the new goods can never be recorded, whatever the purchase of the returned goods is; or None."""
    if (problem := receipt_problem(context, states_time=new_receipt.states_time, facts=new_receipt.facts)) is not None:
        return problem
    if await versions.in_force(session, at=new_receipt.facts.occurred_at) is None:
        return Problem(ProblemCode.NO_TERMS_IN_FORCE, path=("purchase", "occurredAt"))
    return None


async def _earlier_exchange_result(
    session: Session,
    *,
    context: CommandContext,
    command: RecordExchange,
    receipt: ReceiptReference,
    origin: ReceiptOrigin,
    customer: Customer | None,
) -> RefundPending | Problem | None:
    """The result of an exchange that is pending already, or the problem with its new receipt; None if the exchange is new."""
    new_receipt, refund, path = command.new_receipt, command.refund, ("purchase", "externalId")
    number, numbering = new_receipt.external_id, context.program.numbering
    sent_content = (
        receipt,
        refund.lines,
        refund.amounts,
        refund.amount,
        refund.reason,
        (number, content_digest_of(new_receipt)),
    )
    for pending in await exchanges_with_new_receipt(
        session, context=context, number=number, origin=origin, completion=new_receipt.completion
    ):
        has_same_time = not new_receipt.states_time or pending.occurred_at == new_receipt.facts.occurred_at
        has_same_content = (
            has_same_time and pending.content == sent_content and pending.external_id == refund.external_id
        )
        if has_same_content and await _same_buyer(session, pending=pending, customer=customer):
            return RefundPending(pending_refund_id=pending.id, already_recorded=True)
        if pending.state is PendingRefundState.PENDING:
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail=detail_of("EXCHANGE_PENDING"))
    if number == receipt.number and numbering.matches(receipt, origin=origin):
        return Problem(ProblemCode.INVALID_INPUT, path=path, detail=detail_of("EXCHANGE_OF_OTHER"))
    receipt_record = await purchases.lookup_receipt(
        session, source=OWN_SOURCE, number=number, origin=origin, numbering=numbering
    )
    recorded_ids = tuple(
        purchase.id for purchase in receipt_record.purchases if purchase.completion == new_receipt.completion
    )
    if recorded_ids:
        wrong = detail_of("WITHOUT_EXCHANGE")
        return Problem(ProblemCode.RECEIPT_DIFFERS, path=path, detail=wrong, purchase_ids=recorded_ids)
    return None


async def _same_buyer(session: Session, *, pending: PendingRefund, customer: Customer | None) -> bool:
    """Is the customer named as the buyer the one that a pending exchange names?"""
    known_id = pending.new_receipt.customer_id if pending.new_receipt is not None else None
    if known_id is None or customer is None:
        return True
    return await is_same_customer(session, customer=customer, known_id=known_id)


async def record_pending_refund(
    session: Session,
    *,
    context: CommandContext,
    command: RecordRefund,
    receipt: ReceiptReference,
    stored_receipt: NewReceipt | None = None,
) -> RefundPending | Problem:
    """Store a refund as pending until its purchase arrives. A number that was sent before gets its earlier result, or a problem if the content differs.

    A reference that may match several receipts cannot be pending: the first one to arrive would be a guess. `stored_receipt`
    is the new receipt of an exchange.
    """
    numbering = context.program.numbering
    if not numbering.is_unambiguous(receipt):
        return Problem(
            ProblemCode.PURCHASE_NOT_FOUND,
            path=("purchase",),
            detail=detail_of("GIVE_LOCATION_OR_DAY"),
        )
    zone = await _zone(session, context=context, receipt=receipt)
    if zone is None:
        return Problem(ProblemCode.LOCATION_NOT_FOUND, path=("purchase", "receipt", "locationId"))
    origin = ReceiptOrigin(receipt.location_id, command.number_used_at or command.occurred_at, zone)
    pending = PendingRefund(
        id=context.new_id(),
        receipt=receipt,
        external_id=command.external_id,
        occurred_at=command.occurred_at,
        recorded_at=context.now,
        lines=command.lines,
        reason=command.reason,
        fingerprint=command.fingerprint,
        amounts=command.amounts,
        amount=command.amount,
        space=numbering.space(origin) if command.external_id is not None else PROGRAM_WIDE,
        new_receipt=stored_receipt,
        number_used_at=command.number_used_at if command.number_used_at != command.occurred_at else None,
    )
    if command.external_id is not None:
        earlier_result = await _earlier_result(
            session, context=context, number=command.external_id, pending=pending, command=command, origin=origin
        )
        if earlier_result is not None:
            return earlier_result
    await pending_refunds.add(session, pending=pending)
    return RefundPending(pending_refund_id=pending.id)


async def _zone(session: Session, *, context: CommandContext, receipt: ReceiptReference) -> str | None:
    """The zone of the location in a reference, or the program's if it names none; None for an unknown location."""
    if receipt.location_id is None:
        return context.program.zone
    by_id = await locations.by_ids(session, location_ids=[receipt.location_id])
    return by_id[receipt.location_id].zone if receipt.location_id in by_id else None


async def _earlier_result(
    session: Session,
    *,
    context: CommandContext,
    number: str,
    pending: PendingRefund,
    command: RecordRefund,
    origin: ReceiptOrigin,
) -> RefundPending | Problem | None:
    """The result of a refund number that was sent before, or the problem with it; None if it is new."""
    numbering = context.program.numbering
    pending_before = await pending_refunds.by_number(session, number=number, origin=origin, numbering=numbering)
    if pending_before is not None:
        has_same_time = not command.states_time or pending_before.occurred_at == pending.occurred_at
        if not has_same_time or not pending_before.has_same_content(pending):
            return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",))
        return RefundPending(pending_refund_id=pending_before.id, already_recorded=True)
    same_number = await refunds.by_number(session, number=number, origin=origin, numbering=numbering)
    if not same_number:
        return None
    ids = tuple(refund.purchase_id for refund in same_number)
    return Problem(ProblemCode.RECEIPT_DIFFERS, path=("externalId",), purchase_ids=ids)
