"""Moments at which something is booked beside what is known already."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.store.ledger.accounts import Account

_SMALLEST_STEP = timedelta(microseconds=1)


def instant_after(*of: Account, now: datetime) -> datetime:
    """A moment after all that is known of accounts: now, or a little later where a till's clock was ahead."""
    return max(
        [now, *(account.replayed_through + _SMALLEST_STEP for account in of if account.replayed_through is not None)]
    )
