"""The proof of the books: every balance, lot, stock, budget and hash worked out again from the entries alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from app.domain.ledger import FIRST_HASH, Entry, EntryType, sealed
from app.queries.deciding_again import Again, Standing, decided_again, past_of
from app.store import budgets, customers, ledger, purchases, redemptions, refunds, rewards
from app.store.customers import CustomerRow
from app.store.ledger import StoredEntry
from app.store.unit import Session

PAGE = 100
"""Customers proved from one snapshot."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the books that does not add up: where, and what."""

    place: str
    what: str


@dataclass(frozen=True, slots=True)
class ProvedPage:
    """Some customers' books: faults, entries by type, and the last customer (None: there are no more).

    `spent` is what the entries took from the budgets of clauses, by key.
    """

    faults: tuple[Fault, ...]
    customers: int
    entries: Mapping[EntryType, int]
    spent: Mapping[str, int]
    last: str | None


async def prove_page(session: Session, *, program_id: str, after: str | None) -> ProvedPage:
    """Prove the accounts of the next customers in the order of their ids."""
    found = await customers.page(session, program_id=program_id, after=after, limit=PAGE)
    faults: list[Fault] = []
    counted: Counter[EntryType] = Counter()
    spent: Counter[str] = Counter()
    for customer in found:
        entries = await _entries(session, program_id=program_id, account_id=customer.account_id)
        counted.update(one.entry.type for one in entries)
        for stored in entries:
            spent.update(dict(_spent(stored.entry)))
        faults.extend(_chain(customer, entries=entries))
        faults.extend(await _lots(session, program_id=program_id, customer=customer, entries=entries))
        faults.extend(await _facts(session, program_id=program_id, entries=entries))
    return ProvedPage(
        faults=tuple(faults),
        customers=len(found),
        entries=counted,
        spent=spent,
        last=found[-1].id if len(found) == PAGE else None,
    )


async def prove_whole(
    session: Session, *, program_id: str, entries: Mapping[EntryType, int], spent: Mapping[str, int]
) -> tuple[Fault, ...]:
    """Prove what belongs to no single account: each fact has its one entry, and stock and budgets add up.

    `entries` and `spent` are those of all pages together.
    """
    recorded = {
        EntryType.EARN: await purchases.count(session, program_id=program_id),
        EntryType.CLAWBACK: await refunds.count(session, program_id=program_id),
        EntryType.REDEEM: await redemptions.count(session, program_id=program_id),
    }
    faults = [
        Fault(place=kind.value, what=f"{count} recorded, {entries.get(kind, 0)} entries")
        for kind, count in recorded.items()
        if count != entries.get(kind, 0)
    ]
    given = await redemptions.taken_of_rewards(session, program_id=program_id)
    faults.extend(
        Fault(place=f"reward {reward.key}", what="the stock is not what was given away")
        for reward in await rewards.all_rewards(session, program_id=program_id)
        if reward.stock_initial is not None and reward.stock != reward.stock_initial - given.get(reward.id, 0)
    )
    counted = await budgets.counted(session, program_id=program_id)
    faults.extend(
        Fault(place=f"budget {clause}", what="what is spent of it is not what the entries took")
        for clause in sorted(counted.keys() | spent.keys())
        if counted.get(clause, 0) != spent.get(clause, 0)
    )
    return tuple(faults)


async def _entries(session: Session, *, program_id: str, account_id: str) -> list[StoredEntry]:
    entries: list[StoredEntry] = []
    while True:
        page = await ledger.page(
            session,
            program_id=program_id,
            account_id=account_id,
            after=entries[-1].entry.number if entries else 0,
            limit=1000,
            newest_first=False,
        )
        entries.extend(page)
        if len(page) < 1000:
            return entries


def _chain(customer: CustomerRow, *, entries: Sequence[StoredEntry]) -> list[Fault]:
    faults = []
    head = FIRST_HASH
    for number, stored in enumerate(entries, start=1):
        entry = stored.entry
        place = f"entry {entry.id}"
        if entry.number != number or entry.previous != head:
            faults.append(Fault(place, "does not follow the entry before it"))
        if sealed(entry) != stored.hash:
            faults.append(Fault(place, "is not what was sealed"))
        if sum(one.points for one in entry.movements) != entry.points:
            faults.append(Fault(place, "its movements do not add up to its points"))
        head = stored.hash
    place = f"account {customer.account_id}"
    if customer.head != head or customer.entries != len(entries):
        faults.append(Fault(place, "its head is not the last entry"))
    balance = customer.balance
    if balance.available != sum(one.entry.points for one in entries):
        faults.append(Fault(place, "the balance is not the sum of the entries"))
    gained = sum(one.entry.points for one in entries if one.entry.points > 0)
    if (balance.lifetime, balance.qualifying) != (gained, gained):
        faults.append(Fault(place, "what was ever earned is not the sum of the earnings"))
    if (balance.pending, balance.held, balance.owed) != (0, 0, 0):
        faults.append(Fault(place, "something is pending, held or owed without an entry"))
    return faults


async def _lots(
    session: Session, *, program_id: str, customer: CustomerRow, entries: Sequence[StoredEntry]
) -> list[Fault]:
    moved: Counter[str] = Counter()
    opened = {}
    for stored in entries:
        for one in stored.entry.movements:
            moved[one.lot_id] += one.points
        if stored.entry.new_lot is not None:
            opened[stored.entry.new_lot.id] = stored.entry.new_lot
    faults = []
    lots = await ledger.all_lots(session, program_id=program_id, account_id=customer.account_id)
    for lot in lots:
        if lot.id not in opened or opened[lot.id].points != lot.points:
            faults.append(Fault(f"lot {lot.id}", "was opened by no entry"))
        if lot.remaining != moved[lot.id] or lot.remaining < 0:
            faults.append(Fault(f"lot {lot.id}", "what is left is not the sum of its movements"))
    if {lot.id for lot in lots} != set(opened) or set(moved) - set(opened):
        faults.append(Fault(f"account {customer.account_id}", "lots and entries do not belong together"))
    return faults


async def _facts(session: Session, *, program_id: str, entries: Sequence[StoredEntry]) -> list[Fault]:
    """Decide every entry again from its stored facts, the account growing entry by entry."""
    past = await past_of(session, program_id=program_id, entries=[one.entry for one in entries], refund_ids=())
    standing = Standing()
    faults = []
    for stored in entries:
        entry = stored.entry
        again = decided_again(entry, past=past, standing=standing)
        place = f"entry {entry.id}"
        if again is None:
            faults.append(Fault(place, "what it was decided from is gone"))
        else:
            faults.extend(Fault(place, what) for what in _differing(entry, again=again))
        standing.add(entry)
    return faults


def _differing(entry: Entry, *, again: Again) -> Iterator[str]:
    """What an entry, or the record beside it, says otherwise than the rules of its time."""
    if again.points != entry.points:
        yield "the terms of its time give other points"
    elif not again.recorded:
        yield f"its {_RECORDS[entry.type]} says otherwise"
    if again.spent != _spent(entry):
        yield "the terms of its time take other points from a budget"


_RECORDS = {EntryType.EARN: "purchase", EntryType.CLAWBACK: "refund", EntryType.REDEEM: "redemption"}


def _spent(entry: Entry) -> tuple[tuple[str, int], ...]:
    """What the decision of an entry took from budgets; a text that is no decision took nothing."""
    data = orjson.loads(entry.decision)
    return tuple((clause, points) for clause, points in data.get("spent", {}).items())
