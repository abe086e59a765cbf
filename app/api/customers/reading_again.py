"""The objects that a payload leads to, read as they are now."""

from __future__ import annotations

from app.api.conventions.context import Context
from app.api.customers.customers import Customer
from app.api.wallets.ledgers import LedgerEntry
from app.api.wallets.receipts import Purchase, Redemption
from app.queries import cards, ledgers
from app.usecases.call import Answer


async def customer_again(answer: Answer | None, *, context: Context) -> Customer | None:
    """The customer of an answer."""
    if answer is None or answer.customer_id is None:
        return None
    row = await context.load(cards.cards, answer.customer_id, at=context.now)
    return Customer.of(row) if row is not None else None


async def purchase_again(answer: Answer | None, *, context: Context) -> Purchase | None:
    """The purchase of an answer."""
    if answer is None or answer.purchase_id is None:
        return None
    row = await context.load(ledgers.purchases_by_id, answer.purchase_id)
    return Purchase.of(row) if row is not None else None


async def entry_again(answer: Answer | None, *, context: Context) -> LedgerEntry | None:
    """The ledger entry of an answer."""
    if answer is None or answer.entry_id is None:
        return None
    stored = await context.load(ledgers.entries, answer.entry_id)
    if stored is None:
        return None
    judged_by = await context.terms(ledgers.decided_by(stored.entry))
    return LedgerEntry.of(stored, judged_by=judged_by, context=context)


async def redemption_again(answer: Answer | None, *, context: Context) -> Redemption | None:
    """The redemption of an answer."""
    if answer is None or answer.redemption_id is None:
        return None
    row = await context.load(ledgers.redemptions_by_id, answer.redemption_id)
    return Redemption.of(row) if row is not None else None
