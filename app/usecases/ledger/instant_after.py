"""Instants for entries that follow everything known so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.ledger.account import Account

_SMALLEST_STEP = timedelta(microseconds=1)


def instant_after(*of: Account, now: datetime) -> datetime:
    """An instant after all known events of accounts: now, or a little later where a till's clock was ahead."""
    return max(
        [now, *(account.replayed_through + _SMALLEST_STEP for account in of if account.replayed_through is not None)]
    )
