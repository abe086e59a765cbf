"""Make all changes of an account that have fallen due, and give its expiry notices that are due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ledger.account import Account
from app.domain.ledger.entries import EntryType
from app.domain.ledger.expiry_notice import ExpiryNotice, NotifiedLot
from app.domain.wallets.events import HoldPlaced
from app.domain.wallets.postings import PostingKey
from app.store.database.session import Session
from app.store.events import replay
from app.store.events.replay import ReplayedWallet, replay_wallet
from app.store.ledger import accounts, expiry_notices
from app.usecases.command import WriteContext
from app.usecases.ledger.post_differences import post_differences


@dataclass(frozen=True, slots=True)
class DueChangesSummary:
    """How many accounts had something due, how many changes of each kind were made, and how many notices were given."""

    accounts: int = 0
    lots_activated: int = 0
    holds_expired: int = 0
    notices_given: int = 0
    lots_expired: int = 0
    tier_changes: int = 0

    def plus(self, other: DueChangesSummary) -> DueChangesSummary:
        """The sum of two summaries."""
        return DueChangesSummary(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def to_data(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


NOTHING_DUE = DueChangesSummary()
"""The summary of an account in which nothing was due."""


async def run_due_changes(session: Session, *, write_context: WriteContext, account_id: str) -> DueChangesSummary:
    """Carry out everything that is due in an account at the time of the write context, once.

    The order is that of time and, at one instant, this: activation, end of holds, expiry notices, expiry, tiers. The
    account is replayed up to the last instant at which something was due and not beyond, so that an event that
    arrives a moment late is still later than all known ones.
    """
    by_id = await accounts.by_ids(session, account_ids=[account_id], lock=True)
    account = by_id.get(account_id)
    if account is None or not is_due(account, at=write_context.now):
        return NOTHING_DUE
    last_replay = account.replayed_through
    replayed = await replay_wallet(session, account=account, until=last_replay or write_context.now)
    if replayed.recorded_history.ending_merger is not None:
        await accounts.update(session, account=account._replace(next_change_at=None, next_notice_at=None))
        return replace(NOTHING_DUE, accounts=1)
    replayed = _replayed_to_last_due(replayed, to=write_context.now)
    digests = await _give_notice(session, write_context=write_context, replayed=replayed)
    entries = await post_differences(session, write_context=write_context, replayed=replayed, digests=digests)
    return _summary(entries, replayed=replayed, since=last_replay, notices_given=len(digests))


def is_due(account: Account, *, at: datetime) -> bool:
    """Is a change or an expiry notice due in the account at an instant?"""
    due_times = (account.next_change_at, account.next_notice_at)
    return any(due_at is not None and due_at <= at for due_at in due_times)


def _replayed_to_last_due(replayed: ReplayedWallet, *, to: datetime) -> ReplayedWallet:
    """The account replayed up to the last instant, at most `to`, at which something was due."""
    until = replayed.until
    while (due_at := replayed.wallet.next_change()) is not None and due_at <= to:
        until = max(until, due_at)
        replayed.wallet.advance_to(until)
    return replace(replayed, until=until)


async def _give_notice(session: Session, *, write_context: WriteContext, replayed: ReplayedWallet) -> tuple[int, ...]:
    """Put one notice into the inbox for all lots whose notice is due; returns the digest of its row."""
    due = [
        due_notice
        for due_notice in replay.notices_due(replayed.wallet, recorded_history=replayed.recorded_history)
        if due_notice.at <= write_context.now
    ]
    if not due:
        return ()
    notice = ExpiryNotice(
        id=write_context.new_id(),
        account_id=replayed.account.id,
        given_at=write_context.now,
        lots=tuple(NotifiedLot(due_notice.lot.id, due_notice.lot.free, due_notice.last_day) for due_notice in due),
    )
    await expiry_notices.add(session, notice=notice)
    replayed.recorded_history.notices = (notice, *replayed.recorded_history.notices)
    return (expiry_notices.row_digest(notice),)


def _summary(
    new_entries: Mapping[PostingKey, object], *, replayed: ReplayedWallet, since: datetime | None, notices_given: int
) -> DueChangesSummary:
    """The summary of one account."""

    def fell_due(at: datetime) -> bool:
        return (since is None or since < at) and at <= replayed.until

    holds = [event for event in replayed.history.events if isinstance(event, HoldPlaced) and event.ended_at is None]
    return DueChangesSummary(
        accounts=1,
        lots_activated=sum(posting_key.type is EntryType.ACTIVATE for posting_key in new_entries),
        holds_expired=sum(fell_due(hold.expires_at) for hold in holds),
        notices_given=notices_given,
        lots_expired=sum(posting_key.type is EntryType.EXPIRE for posting_key in new_entries),
        tier_changes=sum(fell_due(change.at) for change in replayed.wallet.tier_changes),
    )
