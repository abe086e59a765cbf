"""Record what an account that was told from the beginning lacks in its ledger.

This is how facts find their place in time, whenever they arrive: what the ledger lacks is appended, and nothing is edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.domain.decisions import Decision
from app.domain.ledger import Entry, EntryType
from app.domain.wallets.happenings import Bought, Joined, Redeemed, Returned, Reversed, Story
from app.domain.wallets.postings import Posting, Subject, differences, surplus
from app.store import customers, ledger, lots
from app.store.stories import Told
from app.store.telling import Retold, next_notice
from app.store.unit import Session
from app.usecases.book import NOTHING, Book, Origin
from app.usecases.call import Stamp


async def record(
    session: Session,
    *,
    stamp: Stamp,
    retold: Retold,
    late: bool = False,
    digests: Iterable[int] = (),
    gone: Iterable[int] = (),
    cause: str | None = None,
    decisions: Mapping[str, Decision] | None = None,
) -> dict[Subject, Entry]:
    """Append what the ledger lacks, set lots, balance and levels, and return the new entries by what they are about.

    `late` facts make the counts of terms be told from the beginning from now on. `digests` are those of the new rows,
    `decisions` those of new redemptions (by id). The rows that entries go with must be written before, and the
    accounts be locked.
    """
    made = await _record_one(
        session,
        stamp=stamp,
        retold=retold,
        late=late,
        digests=digests,
        gone=gone,
        cause=cause,
        decisions=decisions or {},
    )
    for other in _absorbed(retold):
        made |= await _record_one(session, stamp=stamp, retold=other, late=late, cause=cause, decisions={})
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
    late: bool,
    decisions: Mapping[str, Decision],
    cause: str | None,
    digests: Iterable[int] = (),
    gone: Iterable[int] = (),
) -> dict[Subject, Entry]:
    course, account = retold.course, retold.account
    recorded = await ledger.recorded(session, program_id=stamp.program_id, account_id=account.id)
    known = {one.id: one for one in await lots.all_lots(session, program_id=stamp.program_id, account_id=account.id)}
    book = Book(session=session, stamp=stamp, account=account, known=known)
    origins = dict(_origins(retold.story))
    after = course.holdings.lots
    made: dict[Subject, Entry] = {}
    wanted = [*differences(course.postings, recorded=recorded), *_taken_back(retold, recorded=recorded)]
    for posting in wanted:
        subject = posting.subject
        if subject.type is EntryType.REDEEM:
            posting = _decided(posting, retold=retold, decisions=decisions)
        origin = origins.get(subject, NOTHING)
        because = cause if cause != subject.id else None
        made[subject] = await book.append(posting, lots_after=after, origin=origin, cause=because)
    counting = any(not one.asked.nothing for one in retold.versions.standing)
    await book.close(
        lots_after=after,
        balance=retold.balance,
        settled_at=retold.until,
        due_at=course.next_due(),
        notice_at=next_notice(course, told=retold.told),
        corrected=late and counting,
        digests=digests,
        gone=gone,
    )
    if any(one.tiers for one in retold.versions.standing):
        for holder in {id(one): one for one in course.holders.values()}.values():
            await customers.set_level(
                session, program_id=stamp.program_id, customer_id=holder.id, standing=holder.standing
            )
    return made


def _taken_back(retold: Retold, *, recorded: Mapping[Subject, Mapping[str, int]]) -> Iterator[Posting]:
    """Entries that take back what should not be there."""
    for subject, draws in surplus(retold.course.postings, recorded=recorded).items():
        yield retold.course.moved(subject, at=retold.until, draws=draws)


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
    for one in story.facts:
        if isinstance(one, Returned):
            of_refund = Origin(purchase_id=one.purchase_id, refund_id=one.id)
            yield Subject(EntryType.CLAWBACK, one.id), of_refund
            yield Subject(EntryType.REVERSAL, one.id), of_refund
        elif isinstance(one, Redeemed):
            yield Subject(EntryType.REDEEM, one.id), Origin(redemption_id=one.id)
        elif isinstance(one, Reversed):
            yield Subject(EntryType.REVERSAL, one.id), Origin(redemption_id=one.redemption_id)
        elif isinstance(one, Bought):
            yield Subject(EntryType.EARN, one.id), Origin(purchase_id=one.id)
