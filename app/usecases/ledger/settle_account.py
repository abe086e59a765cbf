"""Bring an account to where time has brought it: what becomes available, is let go, expires or turns a tier, and what has to be told before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ledger.entries import EntryType
from app.domain.wallets.events import HoldPlaced
from app.domain.wallets.postings import PostingKey
from app.store.database.session import Session
from app.store.events import replay
from app.store.events.replay import ReplayedAccount, replay_account
from app.store.ledger import accounts, expiry_notices
from app.store.ledger.accounts import Account
from app.store.ledger.expiry_notices import ExpiryNotice, NotifiedLot
from app.usecases.command import WriteContext
from app.usecases.ledger.post_differences import post_differences


@dataclass(frozen=True, slots=True)
class SettlementSummary:
    """What time has done: how many accounts were looked at, and what came of it, by kind."""

    accounts: int = 0
    activated: int = 0
    released: int = 0
    warned: int = 0
    expired: int = 0
    tiers: int = 0

    def plus(self, other: SettlementSummary) -> SettlementSummary:
        """Both together."""
        return SettlementSummary(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def to_data(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


NOTHING = SettlementSummary()
"""What comes of an account in which nothing is due."""


async def settle_account(session: Session, *, write_context: WriteContext, account_id: str) -> SettlementSummary:
    """Let everything happen that is due at the time of the stamp, once; nothing where nothing is.

    In the order of time, and at one moment: what becomes available, what a reservation lets go, notices of expiry, what
    expires, tiers. The account is told up to the last moment at which something was due, not beyond, so that what a till
    sends a moment late still follows it.
    """
    found = await accounts.by_ids(session, account_ids=[account_id], lock=True)
    account = found.get(account_id)
    if account is None or not is_due(account, at=write_context.now):
        return NOTHING
    before = account.replayed_through
    replayed = await replay_account(session, account=account, until=before or write_context.now)
    if replayed.recorded.merged_away is not None:
        await accounts.keep(session, account=account._replace(next_change_at=None, next_notice_at=None))
        return replace(NOTHING, accounts=1)
    replayed = _passed(replayed, to=write_context.now)
    digests = await _give_notice(session, write_context=write_context, replayed=replayed)
    made = await post_differences(session, write_context=write_context, replayed=replayed, digests=digests)
    return _counted(made, replayed=replayed, since=before, warned=len(digests))


def is_due(account: Account, *, at: datetime) -> bool:
    """Whether time changes the account at a moment, or a notice has to be given."""
    moments = (account.next_change_at, account.next_notice_at)
    return any(moment is not None and moment <= at for moment in moments)


def _passed(replayed: ReplayedAccount, *, to: datetime) -> ReplayedAccount:
    """The account told up to the last moment, until `to`, at which something was due."""
    until = replayed.until
    while (due := replayed.wallet.next_change()) is not None and due <= to:
        until = max(until, due)
        replayed.wallet.advance_to(until)
    return replace(replayed, until=until)


async def _give_notice(session: Session, *, write_context: WriteContext, replayed: ReplayedAccount) -> tuple[int, ...]:
    """Put one notice into the inbox for all lots whose notice is due; the digest of its row."""
    due = [
        each_notice
        for each_notice in replay.notices_due(replayed.wallet, recorded=replayed.recorded)
        if each_notice.at <= write_context.now
    ]
    if not due:
        return ()
    notice = ExpiryNotice(
        id=write_context.new_id(),
        account_id=replayed.account.id,
        given_at=write_context.now,
        lots=tuple(NotifiedLot(each_notice.lot.id, each_notice.lot.free, each_notice.last_day) for each_notice in due),
    )
    await expiry_notices.add(session, notice=notice)
    replayed.recorded.notices = (notice, *replayed.recorded.notices)
    return (expiry_notices.evidence(notice),)


def _counted(
    made: Mapping[PostingKey, object], *, replayed: ReplayedAccount, since: datetime | None, warned: int
) -> SettlementSummary:
    """What came of it."""

    def happened(at: datetime) -> bool:
        return (since is None or since < at) and at <= replayed.until

    ended = [event for event in replayed.history.events if isinstance(event, HoldPlaced) and event.ended_at is None]
    return SettlementSummary(
        accounts=1,
        activated=sum(posting_key.type is EntryType.ACTIVATE for posting_key in made),
        released=sum(happened(placed.until) for placed in ended),
        warned=warned,
        expired=sum(posting_key.type is EntryType.EXPIRE for posting_key in made),
        tiers=sum(happened(change.at) for change in replayed.wallet.tier_changes),
    )
