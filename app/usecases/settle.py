"""Bring an account to where time has brought it: what becomes available, is let go, expires or turns a level, and what has to be told before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ledger import EntryType
from app.domain.wallets.happenings import Held
from app.domain.wallets.postings import Subject
from app.store import accounts, expiry_notices, telling
from app.store.accounts import Account
from app.store.expiry_notices import ExpiryNotice, Told
from app.store.telling import Retold, retell
from app.store.unit import Session
from app.usecases.call import Stamp
from app.usecases.record import record


@dataclass(frozen=True, slots=True)
class Settled:
    """What time has done: how many accounts were looked at, and what came of it, by kind."""

    accounts: int = 0
    activated: int = 0
    released: int = 0
    warned: int = 0
    expired: int = 0
    levels: int = 0

    def plus(self, other: Settled) -> Settled:
        """Both together."""
        return Settled(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def to_data(self) -> dict[str, int]:
        """The counts by name."""
        return {name: getattr(self, name) for name in self.__slots__}


NOTHING = Settled()
"""What comes of an account in which nothing is due."""


async def settle(session: Session, *, stamp: Stamp, account_id: str) -> Settled:
    """Let everything happen that is due at the time of the stamp, once; nothing where nothing is.

    In the order of time, and at one moment: what becomes available, what a reservation lets go, notices of expiry, what
    expires, levels. The account is told up to the last moment at which something was due, not beyond, so that what a till
    sends a moment late still follows it.
    """
    found = await accounts.by_ids(session, program_id=stamp.program_id, account_ids=[account_id], lock=True)
    account = found.get(account_id)
    if account is None or not is_due(account, at=stamp.now):
        return NOTHING
    before = account.settled_at
    retold = await retell(session, program_id=stamp.program_id, account=account, until=before or stamp.now)
    if retold.told.gone is not None:
        await accounts.keep(session, program_id=stamp.program_id, account=account._replace(due_at=None, notice_at=None))
        return replace(NOTHING, accounts=1)
    retold = _passed(retold, to=stamp.now)
    digests = await _give_notice(session, stamp=stamp, retold=retold)
    made = await record(session, stamp=stamp, retold=retold, digests=digests)
    return _counted(made, retold=retold, since=before, warned=len(digests))


def is_due(account: Account, *, at: datetime) -> bool:
    """Whether time changes the account at a moment, or a notice has to be given."""
    moments = (account.due_at, account.notice_at)
    return any(one is not None and one <= at for one in moments)


def _passed(retold: Retold, *, to: datetime) -> Retold:
    """The account told up to the last moment, until `to`, at which something was due."""
    until = retold.until
    while (due := retold.course.next_due()) is not None and due <= to:
        until = max(until, due)
        retold.course.pass_to(until)
    return replace(retold, until=until)


async def _give_notice(session: Session, *, stamp: Stamp, retold: Retold) -> tuple[int, ...]:
    """Put one notice into the inbox for all lots whose notice is due; the digest of its row."""
    due = [one for one in telling.notices_due(retold.course, told=retold.told) if one.at <= stamp.now]
    if not due:
        return ()
    notice = ExpiryNotice(
        id=stamp.new_id(),
        account_id=retold.account.id,
        given_at=stamp.now,
        lots=tuple(Told(one.lot.id, one.lot.free, one.last_day) for one in due),
    )
    await expiry_notices.add(session, program_id=stamp.program_id, notice=notice)
    retold.told.notices = (notice, *retold.told.notices)
    return (expiry_notices.evidence(notice),)


def _counted(made: Mapping[Subject, object], *, retold: Retold, since: datetime | None, warned: int) -> Settled:
    """What came of it."""

    def happened(at: datetime) -> bool:
        return (since is None or since < at) and at <= retold.until

    ended = [one for one in retold.story.facts if isinstance(one, Held) and one.ended_at is None]
    return Settled(
        accounts=1,
        activated=sum(one.type is EntryType.ACTIVATE for one in made),
        released=sum(happened(one.until) for one in ended),
        warned=warned,
        expired=sum(one.type is EntryType.EXPIRE for one in made),
        levels=sum(happened(one.at) for one in retold.course.tier_changes),
    )
