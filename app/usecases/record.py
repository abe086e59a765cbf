"""Record what an account that was told from the beginning lacks in its ledger.

This is how facts find their place in time, whenever they arrive: what the ledger lacks is appended, and nothing is edited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from app.domain.decisions import Decision
from app.domain.ledger import Entry, EntryType
from app.domain.units import Unit
from app.domain.wallets.happenings import Bought, Corrected, Exchanged, Redeemed, Returned, Reversed
from app.domain.wallets.postings import Posting, Recorded, Subject, differences, surplus
from app.domain.wallets.purse import Purse
from app.domain.wallets.story import Joined, Story
from app.store import accounts, counts, ledger, levels, lots, redemptions
from app.store.accounts import Account
from app.store.stories import Told
from app.store.telling import Retold, balance_of, next_notice
from app.store.unit import Session
from app.usecases.book import NOTHING, Book, Origin, new_account
from app.usecases.call import Stamp
from app.usecases.run_out import Changed, run_out


class Evidence(NamedTuple):
    """Digests of rows that are new behind an account, and of those that are no longer behind it."""

    digests: tuple[int, ...] = ()
    gone: tuple[int, ...] = ()

    def __or__(self, other: Evidence) -> Evidence:
        """Both."""
        return Evidence((*self.digests, *other.digests), (*self.gone, *other.gone))


NOTHING_NEW = Evidence()
NOWHERE: Mapping[str, Evidence] = MappingProxyType({})


class Cause(NamedTuple):
    """The fact that became known, and the purchase that was made in it, where it is an exchange."""

    id: str | None
    purchase_id: str | None = None

    def made(self, id: str) -> bool:
        """Whether something is the cause itself, so that an entry about it corrects nothing."""
        return id in (self.id, self.purchase_id)


async def record(
    session: Session,
    *,
    stamp: Stamp,
    retold: Retold,
    digests: Iterable[int] = (),
    gone: Iterable[int] = (),
    evidence: Mapping[str, Evidence] = NOWHERE,
    changed: Collection[Changed] = (),
    cause: str | None = None,
    part_of_cause: str | None = None,
    decisions: Mapping[str, Decision] | None = None,
) -> dict[Subject, Entry]:
    """Append what the ledger lacks, set lots, balance and levels, and return the new entries by what they are about.

    What clauses counted is set right, too. `digests` are those of the new rows, `gone` those of rows that have changed: of
    the fact `cause`, or of the account itself; `part_of_cause` is the purchase that was made in it; `evidence` are those of accounts by their ids. `decisions` are those of new
    redemptions (by id), `changed` the redemptions whose state was changed. The rows that entries go with must be written
    before, and the account be locked; who has it locked has those, too, that went over into it. Reservations that have
    run out are ended.
    """
    keeper = retold.story.keeper(cause) if cause is not None else None
    made: dict[Subject, Entry] = {}
    for one in (retold, *_absorbed(retold)):
        own = one.account.id == (keeper or retold.account.id)
        entries = await _record_one(
            session,
            stamp=stamp,
            retold=one,
            digests=(*(digests if own else ()), *evidence.get(one.account.id, NOTHING_NEW).digests),
            gone=(*(gone if own else ()), *evidence.get(one.account.id, NOTHING_NEW).gone),
            changed=changed,
            until=retold.until,
            because=Cause(cause, part_of_cause),
            decisions=decisions or {},
        )
        # A merger is in the ledger of both wallets: what is answered is how it came into the one that goes on.
        made = entries | made
    return made


def _absorbed(retold: Retold) -> Iterator[Retold]:
    """The accounts that went over into this one, however many before, as they were told along with it."""
    stories_of = {one.story.account_id: one for one in retold.story.facts if isinstance(one, Joined)}
    told_of = {one.account.id: one for one in retold.told.absorbed}
    for course in retold.course.absorbed:
        joined, told = stories_of[course.account_id], told_of[course.account_id]
        other = Retold(told.account, told, retold.versions, joined.story, course, joined.at)
        yield other
        yield from _absorbed(other)


async def _record_one(
    session: Session,
    *,
    stamp: Stamp,
    retold: Retold,
    decisions: Mapping[str, Decision],
    changed: Collection[Changed],
    until: datetime,
    because: Cause,
    digests: Iterable[int],
    gone: Iterable[int],
) -> dict[Subject, Entry]:
    course, account = retold.course, retold.account
    made, book = await _append(
        session, stamp=stamp, retold=retold, account=account, unit=Unit.POINTS, decisions=decisions, because=because
    )
    others = await _other_units(session, stamp=stamp, retold=retold, decisions=decisions, because=because)
    own = {one.id for one in retold.story.facts}
    ended = await run_out(session, program_id=stamp.program_id, retold=retold, until=until)
    rows = [*(one for one in changed if one.before.id in own), *ended]
    if not (made or others or rows or digests or gone or course.holders):
        return made
    await book.close(
        lots_after=course.points.holdings.lots,
        balance=retold.balance,
        settled_at=retold.until,
        due_at=course.next_due(),
        notice_at=next_notice(course, told=retold.told),
        terms_version=course.in_force(retold.until).version,
        joined=bool(course.absorbed) or not course.holders,
        digests=(*digests, *(redemptions.evidence(one.after) for one in rows)),
        gone=(*gone, *(redemptions.evidence(one.before) for one in rows)),
    )
    if course.holders:
        await counts.set_right(session, program_id=stamp.program_id, course=course, new_id=stamp.new_id)
    if any(one.tiers for one in retold.versions.standing):
        for holder in {id(one): one for one in course.holders.values()}.values():
            await levels.keep(session, program_id=stamp.program_id, customer_id=holder.id, standing=holder.standing)
    return others | made


async def _other_units(
    session: Session, *, stamp: Stamp, retold: Retold, decisions: Mapping[str, Decision], because: Cause
) -> dict[Subject, Entry]:
    """The same for what the wallet holds beside points; an account begins with the first entry in it."""
    found: dict[Subject, Entry] = {}
    for unit, purse in retold.course.purses.items():
        account = retold.told.others.get(unit)
        if unit is Unit.POINTS or (account is None and not purse.postings):
            continue
        if account is None:
            account = new_account(stamp, wallet_id=retold.account.wallet_id, unit=unit)
            account = await accounts.open_account(session, program_id=stamp.program_id, account=account)
        made, book = await _append(
            session, stamp=stamp, retold=retold, account=account, unit=unit, decisions=decisions, because=because
        )
        # What reservations hold moves between lots without an entry.
        if made or book.changed(purse.holdings.lots):
            balance = balance_of(retold.course, at=retold.until, unit=unit)
            await book.close(lots_after=purse.holdings.lots, balance=balance)
        found |= made
    return found


async def _append(
    session: Session,
    *,
    stamp: Stamp,
    retold: Retold,
    account: Account,
    unit: Unit,
    decisions: Mapping[str, Decision],
    because: Cause,
) -> tuple[dict[Subject, Entry], Book]:
    """Append every entry that is lacking in the account of a unit."""
    purse, told_up_to = retold.course.purses[unit], retold.account.settled_at
    recorded = await ledger.recorded(session, program_id=stamp.program_id, account_id=account.id)
    known = {one.id: one for one in await lots.all_lots(session, program_id=stamp.program_id, account_id=account.id)}
    book = Book(session=session, stamp=stamp, account=account, known=known)
    origins = dict(_origins(retold.story))
    corrected = {one.purchase_id: one for one in retold.story.corrections}
    wanted = [(one, False) for one in differences(purse.postings, recorded=recorded)]
    wanted += [(one, True) for one in _taken_back(purse, until=retold.until, recorded=recorded, corrected=corrected)]
    made: dict[Subject, Entry] = {}
    for posting, too_much in wanted:
        subject = posting.subject
        if subject.type is EntryType.REDEEM:
            posting = _decided(posting, retold=retold, decisions=decisions)
        # What time brings is no correction: only what changes a time that was told before has a cause, or a receipt.
        told_before = told_up_to is not None and posting.at <= told_up_to
        set_right = subject.id in corrected and corrected[subject.id].id == because.id
        made[subject] = await book.append(
            posting,
            lots_after=purse.holdings.lots,
            origin=origins.get(subject, NOTHING),
            cause=because.id if (too_much or told_before or set_right) and not because.made(subject.id) else None,
        )
    return made, book


def _taken_back(
    purse: Purse, *, until: datetime, recorded: Recorded, corrected: Mapping[str, Corrected]
) -> Iterator[Posting]:
    """Entries that take back what should not be there; what a purchase earned that was another wallet's, at its time."""
    for subject, draws in surplus(purse.postings, recorded=recorded).items():
        earned = corrected.get(subject.id) if subject.type is EntryType.EARN else None
        yield purse.moved(subject, at=earned.at if earned is not None else until, draws=draws)


def _decided(posting: Posting, *, retold: Retold, decisions: Mapping[str, Decision]) -> Posting:
    """The entry of a redemption with the decision by which it was granted."""
    id = posting.subject.id
    decision = decisions.get(id)
    if decision is None:
        decision = _redemption_decision(retold.told, id=id)
    return Posting(posting.subject, posting.at, posting.draws, decision)


def _redemption_decision(told: Told, *, id: str) -> Decision:
    if id in told.redemptions:
        return told.redemptions[id].decision
    for other in told.absorbed:
        if id in other.redemptions:
            return other.redemptions[id].decision
    raise LookupError(f"redemption {id} has no decision")


def _origins(story: Story) -> Iterator[tuple[Subject, Origin]]:
    """The records that entries go with."""
    for correction in story.corrections:
        yield Subject(EntryType.EARN, correction.purchase_id), Origin(purchase_id=correction.purchase_id)
    for one in story.facts:
        if isinstance(one, Exchanged):
            yield Subject(EntryType.EARN, one.bought.id), Origin(purchase_id=one.bought.id)
        if isinstance(one, Returned | Exchanged):
            of_refund = Origin(purchase_id=one.purchase_id, refund_id=one.id)
            yield Subject(EntryType.CLAWBACK, one.id), of_refund
            yield Subject(EntryType.REVERSAL, one.id), of_refund
        elif isinstance(one, Redeemed):
            yield Subject(EntryType.REDEEM, one.id), Origin(redemption_id=one.id)
        elif isinstance(one, Reversed):
            yield Subject(EntryType.REVERSAL, one.id), Origin(redemption_id=one.redemption_id)
        elif isinstance(one, Bought):
            yield Subject(EntryType.EARN, one.id), Origin(purchase_id=one.id)
