"""Refund a purchase, in full, by line or by amount, and claw back the points that the returned goods had earned."""

from __future__ import annotations

from dataclasses import replace

from app.domain.customers.customer import CustomerReference
from app.domain.details import detail_of
from app.domain.engine.returns import RemainingGoods, quantity_problem, resolve_return
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_numbers import OWN_SOURCE, ReceiptOrigin
from app.store.customers import customers
from app.store.database.session import Session
from app.store.purchases import purchases, receipt_references, refunds
from app.store.terms import versions
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases.booking.book_refund import book_refund
from app.usecases.purchases.commands import ReceiptQuarantined, RecordRefund, RecordRefundResult, RefundPending
from app.usecases.purchases.duplicates.receipts import time_missing_problem
from app.usecases.purchases.duplicates.refunds import earlier_refund_result
from app.usecases.purchases.pending.record_pending import record_pending_refund
from app.usecases.purchases.quarantine_receipt import quarantine_refund


@use_case(RecordRefundResult, RefundPending, ReceiptQuarantined)
async def run(
    session: Session, *, context: CommandContext, command: RecordRefund
) -> RecordRefundResult | RefundPending | ReceiptQuarantined | Problem:
    """Record the refund and claw back, under the terms of the purchase, what the remaining goods would not have earned.

    A refund that arrives before its purchase is pending, and is applied when the purchase arrives. A refund with a time that
    cannot be right goes into quarantine.
    """
    purchase = await purchase_of(session, context=context, command=command)
    if isinstance(purchase, Problem):
        return await earlier_result_if_ambiguous(session, context=context, command=command, problem=purchase)
    quarantined = await quarantine_refund(session, context=context, command=command, purchase=purchase)
    if quarantined is not None:
        return quarantined
    if purchase is None:
        assert command.receipt is not None, "an id of something else than a purchase is rejected before"
        return await record_pending_refund(session, context=context, command=command, receipt=command.receipt)
    return await run_refund(session, context=context, command=command, purchase=purchase)


async def purchase_of(session: Session, *, context: CommandContext, command: RecordRefund) -> Purchase | Problem | None:
    """The purchase to refund, None if its receipt is not known yet, or the problem with the command."""
    if (problem := quantity_problem(command.lines)) is not None:
        return problem
    number = command.external_id
    if number is not None and not command.states_time and context.program.numbering.per_day:
        return time_missing_problem(path=("occurredAt",))
    if command.receipt is not None:
        return await receipt_references.find(
            session, source=OWN_SOURCE, by=command.receipt, numbering=context.program.numbering
        )
    purchase = await purchases.by_id(session, purchase_id=command.purchase_id or "")
    return purchase if purchase is not None else Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))


async def earlier_result_if_ambiguous(
    session: Session, *, context: CommandContext, command: RecordRefund, problem: Problem
) -> RecordRefundResult | Problem:
    """The result of a refund that was recorded before its reference matched several receipts; otherwise `problem`."""
    if problem.code is not ProblemCode.RECEIPT_AMBIGUOUS or command.external_id is None:
        return problem
    candidates = await purchases.by_ids(session, purchase_ids=problem.purchase_ids)
    for purchase in candidates.values():
        origin = ReceiptOrigin(purchase.location_id, command.number_used_at or command.occurred_at, purchase.facts.zone)
        customer = await customers.find(session, by=CustomerReference(purchase.customer_id))
        if customer is None:
            continue
        earlier_result = await earlier_refund_result(
            session, context=context, command=command, purchase=purchase, customer=customer, origin=origin
        )
        if isinstance(earlier_result, RecordRefundResult):
            return earlier_result
    return problem


async def run_refund(
    session: Session, *, context: CommandContext, command: RecordRefund, purchase: Purchase
) -> RecordRefundResult | Problem:
    """Carry out a refund of a known purchase. A refund number that was recorded before gets its earlier result."""
    customer = await customers.find(session, by=CustomerReference(purchase.customer_id), lock=True)
    deciding_terms = await versions.version(session, number=purchase.terms_version)
    if customer is None or deciding_terms is None:
        return Problem(ProblemCode.PURCHASE_NOT_FOUND, path=("purchase",))
    purchase = await purchases.reread(session, purchase=purchase)
    if command.external_id is not None:
        origin = ReceiptOrigin(purchase.location_id, command.number_used_at or command.occurred_at, purchase.facts.zone)
        earlier_result = await earlier_refund_result(
            session, context=context, command=command, purchase=purchase, customer=customer, origin=origin
        )
        if earlier_result is not None:
            return earlier_result
        command = replace(command, space=context.program.numbering.space(origin))
    if command.occurred_at < purchase.occurred_at:
        return Problem(ProblemCode.CLOCK_SKEW, path=("occurredAt",), detail=detail_of("REFUND_BEFORE_PURCHASE"))
    earlier_refunds = await refunds.of_purchase(session, purchase_id=purchase.id)
    remaining = RemainingGoods.after_refunds(purchase.facts, refunds=earlier_refunds)
    returned = resolve_return(
        lines=command.lines, amounts=command.amounts, amount=command.amount, facts=purchase.facts, remaining=remaining
    )
    if isinstance(returned, Problem):
        return returned
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
