"""The proof of what paid purchases: each redemption that a receipt names paid that purchase, and no other."""

from __future__ import annotations

from collections.abc import Sequence

from app.queries.faults import Fault
from app.store import redemption_payments
from app.store.told import Told
from app.store.unit import Session


async def payments_astray(session: Session, *, program_id: str, of: Sequence[Told]) -> list[Fault]:
    """What is kept of the payments of some accounts and stands on no receipt, or stands on one and is not kept."""
    people = sorted({id for told in of for id in told.story.people()})
    stored = await redemption_payments.of_customers(session, program_id=program_id, customer_ids=people)
    named = {
        (redemption_id, sale.id)
        for told in of
        for sale in told.purchases.values()
        for redemption_id in sale.facts.redemptions()
    }
    missing = [Fault(f"redemption {id}", "what it paid is not kept") for id, _ in sorted(named - stored)]
    return missing + [Fault(f"redemption {id}", "the receipt does not name it") for id, _ in sorted(stored - named)]
