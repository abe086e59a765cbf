"""The proof of the books: every balance, lot, hold, tier, stock, budget and hash worked out again from the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.engine.redemption import price
from app.domain.engine.tiers import TierMembership, tier_changing_versions
from app.domain.ledger.entries import COUNTER_ACCOUNT, FIRST_HASH, Balance, Entry, EntryType, sealed
from app.domain.ledger.lots import Lot
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, PurchaseRecorded, RewardRedeemed
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.postings import PostingKey, excess_postings, missing_postings
from app.domain.wallets.unit_account import UnitAccount
from app.domain.wallets.wallet import Wallet, replay
from app.queries.ledger.discrepancies import UNREADABLE
from app.queries.ledger.discrepancies import Discrepancy as Discrepancy
from app.queries.ledger.paid_purchases import broken_payment_links
from app.queries.ledger.verify_program import verify_program as verify_program
from app.store.customers import tiers
from app.store.database.row_digests import combine
from app.store.database.session import Session
from app.store.events import event_log, usage_counts
from app.store.events.event_log import RecordedHistory
from app.store.events.replay import balance_of, next_notice
from app.store.events.usage_counts import UsageCounts
from app.store.ledger import accounts, entries, lots
from app.store.ledger.accounts import NO_EVIDENCE, Account
from app.store.ledger.entries import StoredEntry
from app.store.terms import activation, in_force
from app.store.terms.in_force import Versions

PAGE = 100
"""Accounts proved from one snapshot."""

FIRST = "00000000-0000-0000-0000-000000000000"
"""Before every id."""

_PASSED = (EntryType.TRANSFER, EntryType.MERGE)


@dataclass(frozen=True, slots=True)
class VerifiedPage:
    """Some accounts: faults, how many accounts and entries there are, and the last account (None: there are no more)."""

    faults: tuple[Discrepancy, ...]
    accounts: int
    entries: int
    last: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    """What is stored of a wallet: its facts, the entries of its accounts, and what is kept beside them."""

    told: RecordedHistory
    versions: Versions
    entries: Mapping[Unit, Sequence[StoredEntry]]
    tiers: Mapping[str, TierMembership]
    counted: Mapping[str, UsageCounts]
    told_up_to: datetime | None
    """The start of the last terms that every account was told of."""

    @property
    def account(self) -> Account:
        """The account of points, which stands for all."""
        return self.told.account


async def verify_page(session: Session, *, after: str = FIRST, until: str | None = None) -> VerifiedPage:
    """Prove the next accounts in the order of their ids; `until` is the id of the last one wanted."""
    page = await accounts.page(session, after=after, limit=PAGE)
    wanted = tuple(account for account in page if until is None or account.id <= until)
    found, faults = await _readable(session, of=wanted)
    for stored in found:
        faults.extend(_verified(stored))
    every = [account.id for stored in found for account in stored.told.accounts.values()]
    for id in await lots.in_wrong_account(session, account_ids=every):
        faults.append(Discrepancy(f"lot {id}", "stands in another account than its entry"))
    faults.extend(await broken_payment_links(session, of=[stored.told for stored in found]))
    return VerifiedPage(
        faults=tuple(faults),
        accounts=len(wanted),
        entries=sum(len(entries) for stored in found for entries in stored.entries.values()),
        last=None if len(wanted) < PAGE else wanted[-1].id,
    )


async def _readable(session: Session, *, of: Sequence[Account]) -> tuple[list[_Found], list[Discrepancy]]:
    """What is stored of accounts; where something cannot be read they are read one by one, and what is wrong is said."""
    try:
        return await _read(session, of=of), []
    except UNREADABLE as problem:
        if len(of) == 1:
            what = f"what is stored of it cannot be read: {type(problem).__name__} {problem}"
            return [], [Discrepancy(f"account {of[0].id}", what)]
    found: list[_Found] = []
    faults: list[Discrepancy] = []
    for account in of:
        some, wrong = await _readable(session, of=[account])
        found, faults = [*found, *some], [*faults, *wrong]
    return found, faults


async def _read(session: Session, *, of: Sequence[Account]) -> list[_Found]:
    """Everything that is stored of accounts. Raises what UNREADABLE names."""
    if not of:
        return []
    versions = await in_force.versions_of(session)
    histories = await event_log.load_many(session, of=of, versions=versions)
    every = [account.id for history in histories.values() for account in history.accounts.values()]
    written = await entries.of_accounts(session, account_ids=every)
    people = sorted({id for history in histories.values() for id in history.history.customer_ids()})
    held = await tiers.of_customers(session, customer_ids=people)
    counted = await usage_counts.counted(session, customer_ids=people)
    told_up_to = await activation.processed_through(session)
    booked = {
        id: {unit: written.get(account.id, ()) for unit, account in recorded.accounts.items()}
        for id, recorded in histories.items()
    }
    return [_Found(histories[account.id], versions, booked[account.id], held, counted, told_up_to) for account in of]


def _verified(found: _Found) -> list[Discrepancy]:
    """What is wrong with one account."""
    try:
        chains = [
            fault for unit, account in found.told.accounts.items() for fault in _chain(account, found.entries[unit])
        ]
        return [*chains, *_facts(found)]
    except UNREADABLE as problem:
        what = f"the facts behind it make no sense: {type(problem).__name__} {problem}"
        return [Discrepancy(f"account {found.account.id}", what)]


def _chain(account: Account, entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """The entries follow one another, each as it was sealed, up to the head of the account."""
    head = FIRST_HASH
    for number, stored in enumerate(entries, start=1):
        entry = stored.entry
        place = f"entry {entry.id}"
        if entry.number != number or entry.previous != head:
            yield Discrepancy(place, "does not follow the entry before it")
        if sealed(entry) != stored.hash:
            yield Discrepancy(place, "is not what was sealed")
        if stored.counter_account != COUNTER_ACCOUNT[entry.type].value:
            yield Discrepancy(place, "has another account on its other side")
        if sum(movement.points for movement in entry.movements) - entry.owed != entry.points:
            yield Discrepancy(place, "its movements do not add up to its points")
        head = stored.hash
    if account.head != head or account.entries != len(entries):
        yield Discrepancy(f"account {account.id}", "its head is not the last entry")


def _facts(found: _Found) -> Iterator[Discrepancy]:
    """The facts, told from the beginning, come to these entries, lots, balance and tiers."""
    account, recorded = found.account, found.told
    place = f"account {account.id}"
    if recorded.evidence != account.events_digest:
        yield Discrepancy(place, "the facts behind it are not those that were recorded")
    if account.replayed_through is None:
        if any(found.entries.values()) or recorded.others or recorded.history.events or account.balance != Balance():
            yield Discrepancy(place, "it was never told, and has a history")
        for id in recorded.history.enrolled_at:
            if found.tiers.get(id, TierMembership()) != TierMembership():
                yield Discrepancy(f"customer {id}", "the tier is not what the purchases come to")
            if found.counted.get(id, UsageCounts()) != UsageCounts():
                yield Discrepancy(f"customer {id}", "what clauses counted is not what happened")
        return
    # What was told before later terms were published knows nothing of them; whoever looks next does.
    known = tuple(version for version in found.versions.standing if version.version <= account.terms_version)
    if (
        not known
        or max(
            (
                each_event.terms.version
                for each_event in recorded.history.events
                if isinstance(each_event, PurchaseRecorded)
            ),
            default=0,
        )
        > account.terms_version
    ):
        yield Discrepancy(place, "it was told under other terms than those of its time")
        return
    wallet = replay(recorded.history, versions=known, until=account.replayed_through)
    if recorded.merged_away is not None:
        wallet.close(recorded.merged_away.id, at=recorded.merged_away.occurred_at)
    for unit, unit_account in wallet.unit_accounts.items():
        entries = found.entries.get(unit, ())
        yield from _postings(unit_account, entries)
        yield from _lots(unit_account, entries)
    yield from _other_units(recorded, wallet=wallet, at=account.replayed_through)
    yield from _prices(recorded, wallet=wallet)
    for event in recorded.history.events:
        if isinstance(event, HoldPlaced) and event.ended_at is None and event.until <= account.replayed_through:
            yield Discrepancy(
                f"redemption {event.id}", "its reservation ran out, and it still keeps goods from the stock"
            )
    yield from _standing(found, wallet=wallet)


def _other_units(recorded: RecordedHistory, *, wallet: Wallet, at: datetime) -> Iterator[Discrepancy]:
    """What the wallet holds beside points; all that was told of it stands in the account of points."""
    for unit, account in recorded.others.items():
        place = f"account {account.id}"
        if balance_of(wallet, at=at, unit=unit) != account.balance:
            yield Discrepancy(place, "the balance is not what the entries come to")
        if account != account._replace(
            replayed_through=None, next_change_at=None, next_notice_at=None, has_merges=False, terms_version=0
        ):
            yield Discrepancy(place, "it is told for itself, and not with the wallet")
        if account.events_digest != combine(NO_EVIDENCE, [accounts.evidence(account)]):
            yield Discrepancy(place, "it is not the account that was opened")


def _postings(unit_account: UnitAccount, stored_entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """Every entry is what the terms of its time give for its fact."""
    recorded: dict[PostingKey, dict[str, int]] = {}
    entries: dict[PostingKey, Entry] = {}
    for stored in stored_entries:
        entry = stored.entry
        subject = PostingKey(entry.type, entry.subject)
        entries.setdefault(subject, entry)
        drawn = recorded.setdefault(subject, {})
        for movement in entry.movements:
            drawn[movement.lot_id] = drawn.get(movement.lot_id, 0) - movement.points
        if entry.owed:
            drawn[DEBT] = drawn.get(DEBT, 0) + entry.owed
    for posting in missing_postings(unit_account.postings, recorded=recorded):
        if (known := entries.get(posting.key)) is not None:
            yield Discrepancy(f"entry {known.id}", "the terms of its time give other points")
        else:
            yield Discrepancy(f"{posting.key.type.value} {posting.key.id}", "has no entry")
    for subject in excess_postings(unit_account.postings, recorded=recorded):
        yield Discrepancy(f"entry {entries[subject].id}", "what it was decided from is gone")


def _prices(recorded: RecordedHistory, *, wallet: Wallet) -> Iterator[Discrepancy]:
    """Every redemption cost what its clause says; where older points paid an older price, the draws of its entry say so."""
    for event in recorded.history.events:
        if not isinstance(event, RewardRedeemed):
            continue
        if event.unit is Unit.POINTS and wallet.price_lists(terms=event.terms, at=event.at) is not None:
            continue
        clause = event.terms.cost_of(event.reward)
        if clause is None or price(clause).points != event.points:
            yield Discrepancy(f"redemption {event.id}", "the terms of its time give other points")


def _lots(unit_account: UnitAccount, stored_entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """What is in each lot, and its dates, are what the facts come to."""
    wanted = unit_account.inventory.lots
    opened = [lot for entry in stored_entries for lot in entry.entry.new_lots]
    for lot in opened:
        there = wanted.get(lot.id)
        if there is None:
            if lot.points or lot.remaining or lot.held:
                yield Discrepancy(f"lot {lot.id}", "was opened by no fact")
        elif _marks(there) != _marks(lot):
            yield Discrepancy(f"lot {lot.id}", "what is in it, or its dates, are not what its movements come to")
    stored = {lot.id for lot in opened}
    for id in wanted:
        if id not in stored and (wanted[id].remaining or wanted[id].held):
            yield Discrepancy(f"lot {id}", "is missing")


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


def _standing(found: _Found, *, wallet: Wallet) -> Iterator[Discrepancy]:
    """The balance, the tiers, the counts, and when the account is looked at next."""
    account, recorded = found.account, found.told
    place = f"account {account.id}"
    assert account.replayed_through is not None, "it was told"
    if balance_of(wallet, at=account.replayed_through) != account.balance:
        yield Discrepancy(place, "the balance is not what the entries come to")
    if _later(account.next_change_at, than=wallet.next_change()) or _later(
        account.next_notice_at, than=next_notice(wallet, recorded=recorded)
    ):
        yield Discrepancy(place, "it would be looked at too late")
    if recorded.merged_away is None and _overlooked(found):
        yield Discrepancy(place, "it was not told that terms with other tiers start")
    for membership in {
        id(each_membership): each_membership for each_membership in wallet.memberships.values()
    }.values():
        if found.tiers.get(membership.id, TierMembership()) != membership.tier:
            yield Discrepancy(f"customer {membership.id}", "the tier is not what the purchases come to")
    for person in wallet.memberships:
        if found.counted.get(person, UsageCounts()) != UsageCounts.of(wallet, customer_id=person):
            yield Discrepancy(f"customer {person}", "what clauses counted is not what happened")


def _overlooked(found: _Found) -> bool:
    """Whether terms with other tiers than those it was told under have started, and it is not looked at."""
    account, since = found.account, found.told_up_to
    due = [
        version.effective_from
        for version in tier_changing_versions(found.versions.standing)
        if version.version > account.terms_version and since is not None and version.effective_from <= since
    ]
    return bool(due) and _later(account.next_change_at, than=due[0])


def _later(known: datetime | None, *, than: datetime | None) -> bool:
    """Whether a moment comes after one by which something has to be done."""
    return than is not None and (known is None or known > than)
