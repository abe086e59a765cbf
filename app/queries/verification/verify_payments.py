"""Verification of payments: each redemption that a receipt names paid that purchase, and no other."""

from __future__ import annotations

from collections.abc import Sequence

from app.queries.verification.discrepancies import Discrepancy
from app.store.database.session import Session
from app.store.events.recorded_history import RecordedHistory
from app.store.rewards import redemption_payments


async def verify_payment_links(session: Session, *, of: Sequence[RecordedHistory]) -> list[Discrepancy]:
    """Payments of some accounts that are stored but on no receipt, or on a receipt but not stored."""
    customer_ids = sorted({id for recorded in of for id in recorded.history.customer_ids()})
    stored = await redemption_payments.of_customers(session, customer_ids=customer_ids)
    named = {
        (redemption_id, purchase.id)
        for recorded in of
        for purchase in recorded.purchases.values()
        for redemption_id in purchase.facts.redemptions()
    }
    missing = [Discrepancy(f"redemption {id}", "what it paid is not kept") for id, _ in sorted(named - stored)]
    return missing + [
        Discrepancy(f"redemption {id}", "the receipt does not name it") for id, _ in sorted(stored - named)
    ]
