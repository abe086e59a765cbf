"""Wallets as they are stored, for verification: recorded history, entries, tiers and counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.customers.current_tier import CurrentTier
from app.domain.ledger.account import Account
from app.domain.ledger.entries import StoredEntry
from app.domain.units import Unit
from app.store.customers import stored_usage, tiers
from app.store.customers.stored_usage import StoredUsage
from app.store.database.session import Session
from app.store.events import event_log
from app.store.events.recorded_history import RecordedHistory
from app.store.ledger import entries
from app.store.terms import known_versions, tier_reviews
from app.store.terms.known_versions import Versions


@dataclass(frozen=True, slots=True)
class StoredWallet:
    """Everything stored about one wallet: its recorded history, the entries of its accounts, tiers and counters.

    `tiers` and `counters` are by customer id, and contain those of all wallets read together. `reviews_scheduled_through`
    is the start of the latest terms for which the tier reviews of all accounts are scheduled.
    """

    recorded_history: RecordedHistory
    versions: Versions
    entries: Mapping[Unit, Sequence[StoredEntry]]
    tiers: Mapping[str, CurrentTier]
    counters: Mapping[str, StoredUsage]
    reviews_scheduled_through: datetime | None

    @property
    def account(self) -> Account:
        """The points account, which carries the state of the whole wallet."""
        return self.recorded_history.account


async def read(session: Session, *, points_accounts: Sequence[Account]) -> list[StoredWallet]:
    """The wallets of points accounts, in the order given. Raises one of `UNREADABLE` if rows make no sense."""
    if not points_accounts:
        return []
    versions = await known_versions.load(session)
    histories = await event_log.load_many(session, points_accounts=points_accounts, versions=versions)
    account_ids = [
        account.id for recorded_history in histories.values() for account in recorded_history.accounts.values()
    ]
    stored_entries = await entries.of_accounts(session, account_ids=account_ids)
    customer_ids = sorted(
        {id for recorded_history in histories.values() for id in recorded_history.history.customer_ids()}
    )
    tiers_by_customer = await tiers.of_customers(session, customer_ids=customer_ids)
    counters = await stored_usage.of_customers(session, customer_ids=customer_ids)
    reviews_scheduled_through = await tier_reviews.reviews_scheduled_through(session)
    return [
        StoredWallet(
            recorded_history := histories[account.id],
            versions,
            {
                unit: stored_entries.get(account_of_unit.id, ())
                for unit, account_of_unit in recorded_history.accounts.items()
            },
            tiers_by_customer,
            counters,
            reviews_scheduled_through,
        )
        for account in points_accounts
    ]
