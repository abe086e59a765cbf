"""The instant of an entry that follows everything known so far."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.ledger.account import Account

_SMALLEST_STEP = timedelta(microseconds=1)


def instant_after(*accounts: Account, now: datetime) -> datetime:
    """An instant after all known events of the accounts: now, or a little later if a till's clock was ahead."""
    return max(
        [
            now,
            *(
                account.replayed_through + _SMALLEST_STEP
                for account in accounts
                if account.replayed_through is not None
            ),
        ]
    )
