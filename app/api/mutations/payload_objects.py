"""The objects that a payload leads to, read as they are now."""

from __future__ import annotations

from app.api.conventions.context import Context
from app.api.types.customers.customer import Customer
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.source_records import Purchase, Redemption
from app.queries.customers import customers
from app.queries.ledger import entries
from app.usecases.command import Answer


async def load_customer(answer: Answer | None, *, context: Context) -> Customer | None:
    """The customer of an answer."""
    if answer is None or answer.customer_id is None:
        return None
    row = await context.load(customers.cards, answer.customer_id, at=context.now)
    return Customer.of(row) if row is not None else None


async def load_purchase(answer: Answer | None, *, context: Context) -> Purchase | None:
    """The purchase of an answer."""
    if answer is None or answer.purchase_id is None:
        return None
    row = await context.load(entries.purchases_by_id, answer.purchase_id)
    return Purchase.of(row) if row is not None else None


async def load_entry(answer: Answer | None, *, context: Context) -> LedgerEntry | None:
    """The ledger entry of an answer."""
    if answer is None or answer.entry_id is None:
        return None
    stored = await context.load(entries.entries_by_id, answer.entry_id)
    if stored is None:
        return None
    judged_by = await context.terms(entries.decided_by(stored.entry))
    return LedgerEntry.of(stored, judged_by=judged_by, context=context)


async def load_redemption(answer: Answer | None, *, context: Context) -> Redemption | None:
    """The redemption of an answer."""
    if answer is None or answer.redemption_id is None:
        return None
    row = await context.load(entries.redemptions_by_id, answer.redemption_id)
    return Redemption.of(row) if row is not None else None
