"""Record a purchase, which earns what the terms in force at its time give."""

from __future__ import annotations

from dataclasses import replace

from app.domain.problems import Problem
from app.domain.purchases.receipt_numbers import OWN_SOURCE
from app.store.database.session import Session
from app.usecases.command import CommandContext, use_case
from app.usecases.purchases.booking.admit_receipt import AdmittedReceipt, admit
from app.usecases.purchases.booking.book_purchase import book_purchase
from app.usecases.purchases.commands import ReceiptQuarantined, RecordPurchase, RecordPurchaseResult
from app.usecases.purchases.pending.apply_pending import apply_pending_refunds
from app.usecases.rewards.redemption_payments import link_payments


@use_case(RecordPurchaseResult, ReceiptQuarantined)
async def run(
    session: Session, *, context: CommandContext, command: RecordPurchase
) -> RecordPurchaseResult | ReceiptQuarantined | Problem:
    """Record the purchase once, decide, and book the points.

    A receipt that was recorded before gets its earlier result, or is rejected if its content differs. A receipt with a time
    that cannot be right goes into quarantine.
    """
    admitted = await admit(session, context=context, command=command)
    if not isinstance(admitted, AdmittedReceipt):
        return admitted
    booked = await book_purchase(
        session,
        context=context,
        command=command,
        customer=admitted.customer,
        facts=admitted.facts,
        terms=admitted.terms,
        source=OWN_SOURCE,
    )
    if isinstance(booked, Problem):
        return booked
    purchase, result = booked
    if purchase.facts.payments:
        await link_payments(session, purchase_id=purchase.id, facts=purchase.facts)
    balances = (
        await apply_pending_refunds(session, context=context, purchase=purchase)
        if admitted.has_pending_refunds
        else None
    )
    return result if balances is None else replace(result, balances=balances)
