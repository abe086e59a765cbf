"""Verification of payments: each redemption that a receipt names paid that purchase, and no other."""

from __future__ import annotations

from collections.abc import Sequence

from app.queries.verification.discrepancies import Discrepancy
from app.store.database.session import Session
from app.store.events.recorded_history import RecordedHistory
from app.store.rewards import redemption_payments


async def verify_payment_links(session: Session, *, recorded_histories: Sequence[RecordedHistory]) -> list[Discrepancy]:
    """The payments with redemptions that are stored but on no receipt of the wallets, or on a receipt but not stored."""
    customer_ids = sorted(
        {id for recorded_history in recorded_histories for id in recorded_history.history.customer_ids()}
    )
    stored_payments = await redemption_payments.of_customers(session, customer_ids=customer_ids)
    named_payments = {
        (redemption_id, purchase.id)
        for recorded_history in recorded_histories
        for purchase in recorded_history.purchases.values()
        for redemption_id in purchase.facts.redemption_ids()
    }
    missing = [
        Discrepancy(f"redemption {id}", "what it paid is not kept")
        for id, _ in sorted(named_payments - stored_payments)
    ]
    return missing + [
        Discrepancy(f"redemption {id}", "the receipt does not name it")
        for id, _ in sorted(stored_payments - named_payments)
    ]
