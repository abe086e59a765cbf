"""Accounts: the balance of a wallet in one unit, and how far it was replayed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from app.domain.ledger.entries import FIRST_HASH, Balance
from app.domain.units import Unit

EMPTY_DIGEST = "0" * 64
"""The digest of no events."""


class Account(NamedTuple):
    """An account of a wallet: its balance, its number of entries and the last hash.

    It was replayed up to `replayed_through`, under the versions of the terms up to `terms_version`. Nothing falls due
    before `next_change_at`, and the next expiry notice is due at `next_notice_at`. `has_merges`: another wallet was
    merged into it, or it into another one, so its customers must be looked up. `events_digest` is the digest
    of all events behind it.
    """

    id: str
    wallet_id: str
    unit: Unit
    balance: Balance = Balance()
    entry_count: int = 0
    last_hash: str = FIRST_HASH
    replayed_through: datetime | None = None
    next_change_at: datetime | None = None
    next_notice_at: datetime | None = None
    has_merges: bool = False
    terms_version: int = 0
    events_digest: str = EMPTY_DIGEST

    def all_events_before(self, at: datetime) -> bool:
        """Are all known events of the account earlier than an instant?"""
        return self.replayed_through is None or self.replayed_through < at

    def can_append(self, at: datetime) -> bool:
        """May an event at an instant be appended: is it later than all recorded ones, with nothing due before and no debt?

        Tiers are checked separately: see `app.store.events.snapshot_path`.
        """
        return (
            not self.balance.owed
            and self.all_events_before(at)
            and (self.next_change_at is None or at < self.next_change_at)
        )
