"""The proof of the books: every balance, lot, hold, level, stock, budget and hash worked out again from the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.deciding.redeeming import price
from app.domain.deciding.tiers import TierStanding, turning
from app.domain.ledger import COUNTER_ACCOUNT, FIRST_HASH, Balance, Entry, EntryType, sealed
from app.domain.lots import Lot
from app.domain.units import Unit
from app.domain.wallets.course import Course, unfold
from app.domain.wallets.happenings import Bought, Held, Redeemed
from app.domain.wallets.holdings import OWED
from app.domain.wallets.postings import Subject, differences, surplus
from app.domain.wallets.purse import Purse
from app.queries.faults import UNREADABLE
from app.queries.faults import Fault as Fault
from app.queries.paid_purchases import payments_astray
from app.queries.whole_books import prove_whole as prove_whole
from app.store import accounts, counts, ledger, levels, lots, starts, stories
from app.store.accounts import NO_EVIDENCE, Account
from app.store.counts import Counted
from app.store.evidence import added
from app.store.ledger import StoredEntry
from app.store.stories import Told, Versions
from app.store.telling import balance_of, next_notice
from app.store.unit import Session

PAGE = 100
"""Accounts proved from one snapshot."""

FIRST = "00000000-0000-0000-0000-000000000000"
"""Before every id."""

_PASSED = (EntryType.TRANSFER, EntryType.MERGE)


@dataclass(frozen=True, slots=True)
class ProvedPage:
    """Some accounts: faults, how many accounts and entries there are, and the last account (None: there are no more)."""

    faults: tuple[Fault, ...]
    accounts: int
    entries: int
    last: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a wallet: its facts, the entries of its accounts, and what is kept beside them."""

    told: Told
    versions: Versions
    entries: Mapping[Unit, Sequence[StoredEntry]]
    levels: Mapping[str, TierStanding]
    counted: Mapping[str, Counted]
    told_up_to: datetime | None
    """The start of the last terms that every account was told of."""

    @property
    def account(self) -> Account:
        """The account of points, which stands for all."""
        return self.told.account


async def prove_page(session: Session, *, program_id: str, after: str = FIRST, until: str | None = None) -> ProvedPage:
    """Prove the next accounts in the order of their ids; `until` is the id of the last one wanted."""
    page = await accounts.page(session, program_id=program_id, after=after, limit=PAGE)
    wanted = tuple(one for one in page if until is None or one.id <= until)
    found, faults = await _readable(session, program_id=program_id, of=wanted)
    for stored in found:
        faults.extend(_proved(stored))
    every = [account.id for stored in found for account in stored.told.accounts.values()]
    for id in await lots.astray(session, program_id=program_id, account_ids=every):
        faults.append(Fault(f"lot {id}", "stands in another account than its entry"))
    faults.extend(await payments_astray(session, program_id=program_id, of=[stored.told for stored in found]))
    return ProvedPage(
        faults=tuple(faults),
        accounts=len(wanted),
        entries=sum(len(entries) for stored in found for entries in stored.entries.values()),
        last=None if len(wanted) < PAGE else wanted[-1].id,
    )


async def _readable(session: Session, *, program_id: str, of: Sequence[Account]) -> tuple[list[_Found], list[Fault]]:
    """What is stored of accounts; where something cannot be read they are read one by one, and what is wrong is said."""
    try:
        return await _read(session, program_id=program_id, of=of), []
    except UNREADABLE as problem:
        if len(of) == 1:
            what = f"what is stored of it cannot be read: {type(problem).__name__} {problem}"
            return [], [Fault(f"account {of[0].id}", what)]
    found: list[_Found] = []
    faults: list[Fault] = []
    for one in of:
        some, wrong = await _readable(session, program_id=program_id, of=[one])
        found, faults = [*found, *some], [*faults, *wrong]
    return found, faults


async def _read(session: Session, *, program_id: str, of: Sequence[Account]) -> list[_Found]:
    """Everything that is stored of accounts. Raises what UNREADABLE names."""
    if not of:
        return []
    versions = await stories.versions_of(session, program_id=program_id)
    told = await stories.all_told(session, program_id=program_id, of=of, versions=versions)
    every = [account.id for one in told.values() for account in one.accounts.values()]
    written = await ledger.of_accounts(session, program_id=program_id, account_ids=every)
    people = sorted({id for one in told.values() for id in one.story.people()})
    held = await levels.of_customers(session, program_id=program_id, customer_ids=people)
    counted = await counts.counted(session, program_id=program_id, customer_ids=people)
    told_up_to = await starts.told_up_to(session, program_id=program_id)
    entries = {
        id: {unit: written.get(account.id, ()) for unit, account in one.accounts.items()} for id, one in told.items()
    }
    return [_Found(told[one.id], versions, entries[one.id], held, counted, told_up_to) for one in of]


def _proved(found: _Found) -> list[Fault]:
    """What is wrong with one account."""
    try:
        chains = [
            fault for unit, account in found.told.accounts.items() for fault in _chain(account, found.entries[unit])
        ]
        return [*chains, *_facts(found)]
    except UNREADABLE as problem:
        what = f"the facts behind it make no sense: {type(problem).__name__} {problem}"
        return [Fault(f"account {found.account.id}", what)]


def _chain(account: Account, entries: Sequence[StoredEntry]) -> Iterator[Fault]:
    """The entries follow one another, each as it was sealed, up to the head of the account."""
    head = FIRST_HASH
    for number, stored in enumerate(entries, start=1):
        entry = stored.entry
        place = f"entry {entry.id}"
        if entry.number != number or entry.previous != head:
            yield Fault(place, "does not follow the entry before it")
        if sealed(entry) != stored.hash:
            yield Fault(place, "is not what was sealed")
        if stored.counter_account != COUNTER_ACCOUNT[entry.type].value:
            yield Fault(place, "has another account on its other side")
        if sum(one.points for one in entry.movements) - entry.owed != entry.points:
            yield Fault(place, "its movements do not add up to its points")
        head = stored.hash
    if account.head != head or account.entries != len(entries):
        yield Fault(f"account {account.id}", "its head is not the last entry")


def _facts(found: _Found) -> Iterator[Fault]:
    """The facts, told from the beginning, come to these entries, lots, balance and levels."""
    account, told = found.account, found.told
    place = f"account {account.id}"
    if told.evidence != account.evidence:
        yield Fault(place, "the facts behind it are not those that were recorded")
    if account.settled_at is None:
        if any(found.entries.values()) or told.others or told.story.facts or account.balance != Balance():
            yield Fault(place, "it was never told, and has a history")
        for id in told.story.joined:
            if found.levels.get(id, TierStanding()) != TierStanding():
                yield Fault(f"customer {id}", "the level is not what the purchases come to")
            if found.counted.get(id, Counted()) != Counted():
                yield Fault(f"customer {id}", "what clauses counted is not what happened")
        return
    # What was told before later terms were published knows nothing of them; whoever looks next does.
    known = tuple(one for one in found.versions.standing if one.version <= account.terms_version)
    if (
        not known
        or max((one.terms.version for one in told.story.facts if isinstance(one, Bought)), default=0)
        > account.terms_version
    ):
        yield Fault(place, "it was told under other terms than those of its time")
        return
    course = unfold(told.story, versions=known, until=account.settled_at)
    if told.gone is not None:
        course.close(told.gone.id, at=told.gone.occurred_at)
    for unit, purse in course.purses.items():
        entries = found.entries.get(unit, ())
        yield from _postings(purse, entries)
        yield from _lots(purse, entries)
    yield from _other_units(told, course=course, at=account.settled_at)
    yield from _prices(told, course=course)
    for fact in told.story.facts:
        if isinstance(fact, Held) and fact.ended_at is None and fact.until <= account.settled_at:
            yield Fault(f"redemption {fact.id}", "its reservation ran out, and it still keeps goods from the stock")
    yield from _standing(found, course=course)


def _other_units(told: Told, *, course: Course, at: datetime) -> Iterator[Fault]:
    """What the wallet holds beside points; all that was told of it stands in the account of points."""
    for unit, account in told.others.items():
        place = f"account {account.id}"
        if balance_of(course, at=at, unit=unit) != account.balance:
            yield Fault(place, "the balance is not what the entries come to")
        if account != account._replace(settled_at=None, due_at=None, notice_at=None, joined=False, terms_version=0):
            yield Fault(place, "it is told for itself, and not with the wallet")
        if account.evidence != added(NO_EVIDENCE, [accounts.evidence(account)]):
            yield Fault(place, "it is not the account that was opened")


def _postings(purse: Purse, stored_entries: Sequence[StoredEntry]) -> Iterator[Fault]:
    """Every entry is what the terms of its time give for its fact."""
    recorded: dict[Subject, dict[str, int]] = {}
    entries: dict[Subject, Entry] = {}
    for stored in stored_entries:
        entry = stored.entry
        subject = Subject(entry.type, entry.subject)
        entries.setdefault(subject, entry)
        drawn = recorded.setdefault(subject, {})
        for one in entry.movements:
            drawn[one.lot_id] = drawn.get(one.lot_id, 0) - one.points
        if entry.owed:
            drawn[OWED] = drawn.get(OWED, 0) + entry.owed
    for posting in differences(purse.postings, recorded=recorded):
        if (known := entries.get(posting.subject)) is not None:
            yield Fault(f"entry {known.id}", "the terms of its time give other points")
        else:
            yield Fault(f"{posting.subject.type.value} {posting.subject.id}", "has no entry")
    for subject in surplus(purse.postings, recorded=recorded):
        yield Fault(f"entry {entries[subject].id}", "what it was decided from is gone")


def _prices(told: Told, *, course: Course) -> Iterator[Fault]:
    """Every redemption cost what its clause says; where older points paid an older price, the draws of its entry say so."""
    for one in told.story.facts:
        if not isinstance(one, Redeemed):
            continue
        if one.unit is Unit.POINTS and course.price_lists(terms=one.terms, at=one.at) is not None:
            continue
        clause = one.terms.cost_of(one.reward)
        if clause is None or price(clause).points != one.points:
            yield Fault(f"redemption {one.id}", "the terms of its time give other points")


def _lots(purse: Purse, stored_entries: Sequence[StoredEntry]) -> Iterator[Fault]:
    """What is in each lot, and its dates, are what the facts come to."""
    wanted = purse.holdings.lots
    opened = [lot for one in stored_entries for lot in one.entry.new_lots]
    for lot in opened:
        there = wanted.get(lot.id)
        if there is None:
            if lot.points or lot.remaining or lot.held:
                yield Fault(f"lot {lot.id}", "was opened by no fact")
        elif _marks(there) != _marks(lot):
            yield Fault(f"lot {lot.id}", "what is in it, or its dates, are not what its movements come to")
    stored = {lot.id for lot in opened}
    for id in wanted:
        if id not in stored and (wanted[id].remaining or wanted[id].held):
            yield Fault(f"lot {id}", "is missing")


def _marks(lot: Lot) -> tuple[object, ...]:
    return (
        lot.points,
        lot.remaining,
        lot.held,
        lot.earned_at,
        lot.available_from,
        lot.valid_until,
        lot.terms_version,
        lot.zone,
    )


def _standing(found: _Found, *, course: Course) -> Iterator[Fault]:
    """The balance, the levels, the counts, and when the account is looked at next."""
    account, told = found.account, found.told
    place = f"account {account.id}"
    assert account.settled_at is not None, "it was told"
    if balance_of(course, at=account.settled_at) != account.balance:
        yield Fault(place, "the balance is not what the entries come to")
    if _later(account.due_at, than=course.next_due()) or _later(account.notice_at, than=next_notice(course, told=told)):
        yield Fault(place, "it would be looked at too late")
    if told.gone is None and _overlooked(found):
        yield Fault(place, "it was not told that terms with other levels start")
    for holder in {id(one): one for one in course.holders.values()}.values():
        if found.levels.get(holder.id, TierStanding()) != holder.standing:
            yield Fault(f"customer {holder.id}", "the level is not what the purchases come to")
    for person in course.holders:
        if found.counted.get(person, Counted()) != Counted.of(course, customer_id=person):
            yield Fault(f"customer {person}", "what clauses counted is not what happened")


def _overlooked(found: _Found) -> bool:
    """Whether terms with other levels than those it was told under have started, and it is not looked at."""
    account, since = found.account, found.told_up_to
    due = [
        one.effective_from
        for one in turning(found.versions.standing)
        if one.version > account.terms_version and since is not None and one.effective_from <= since
    ]
    return bool(due) and _later(account.due_at, than=due[0])


def _later(known: datetime | None, *, than: datetime | None) -> bool:
    """Whether a moment comes after one by which something has to be done."""
    return than is not None and (known is None or known > than)
