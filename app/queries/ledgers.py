"""A customer's ledger: pages of entries, and what stands behind an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.deciding.redeeming import price
from app.domain.decisions import Decision
from app.domain.facts import PurchaseFacts
from app.domain.ledger import Entry, EntryType
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.course import unfold
from app.domain.wallets.happenings import Redeemed
from app.domain.wallets.postings import Subject, summed
from app.domain.wallets.story import Story
from app.queries.exchanged_prices import exchanged_prices
from app.store import accounts, holders, ledger, purchases, receipt_corrections, redemptions, stories, terms
from app.store.ledger import StoredEntry
from app.store.purchases import Purchase
from app.store.redemptions import Redemption
from app.store.stories import Versions
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Entries in the order asked for, whether there are more on either side, and the terms that decided them."""

    entries: tuple[StoredEntry, ...]
    more_before: bool
    more_after: bool
    terms: Mapping[int, Terms]


@dataclass(frozen=True, slots=True)
class Window:
    """A window on the ledger, newest entry first: `size` entries after a number or, `from_end`, before one.

    "After" an entry in this order means older: a smaller number.
    """

    size: int
    after: int | None = None
    before: int | None = None
    from_end: bool = False


async def ledger_page(
    session: Session,
    *,
    program_id: str,
    account_id: str,
    window: Window,
    with_lots: bool = True,
    with_decisions: bool = True,
) -> LedgerPage:
    """One page of a ledger, newest first; lots and the terms of the decisions only where they are wanted."""
    found = await ledger.page(
        session,
        program_id=program_id,
        account_id=account_id,
        before=window.after,
        after=window.before,
        limit=window.size + 1,
        newest_first=not window.from_end,
        whole=with_lots,
    )
    more = len(found) > window.size
    entries = found[: window.size]
    if window.from_end:
        entries = tuple(reversed(entries))
    return LedgerPage(
        entries=entries,
        more_before=more if window.from_end else window.after is not None,
        more_after=window.before is not None if window.from_end else more,
        terms=await terms_of(session, program_id=program_id, entries=[one.entry for one in entries])
        if with_decisions
        else {},
    )


async def terms_of(session: Session, *, program_id: str, entries: Sequence[Entry]) -> dict[int, Terms]:
    """The versions of the terms that the entries were decided by."""
    numbers = {decided_by(entry) for entry in entries}
    found: dict[int, Terms] = {}
    for number in numbers:
        one = await terms.version(session, program_id=program_id, number=number)
        if one is None:
            raise LookupError(f"terms version {number} is missing")
        found[number] = one
    return found


def decided_by(entry: Entry) -> int:
    """The version of the terms in an entry's stored decision."""
    version: int = orjson.loads(entry.decision)["terms"]
    return version


def decision_of(entry: Entry) -> Decision:
    """The decision that is stored with an entry."""
    data: dict[str, Any] = orjson.loads(entry.decision)
    return Decision.from_data(data)


@dataclass(frozen=True, slots=True)
class Explained:
    """An entry, the terms that decided it, and the points that its stored facts give under them today."""

    stored: StoredEntry
    owners: tuple[str, ...]
    """The customers (ids) whose ledger it stands in."""
    terms: Terms
    recomputed: int


async def explain(session: Session, *, program_id: str, entry_id: str) -> Explained | None:
    """Decide an old entry once more: from what was known of its account then, and by the terms of its time."""
    stored = (await ledger.entries_by_ids(session, program_id=program_id, entry_ids=[entry_id])).get(entry_id)
    if stored is None:
        return None
    entry = stored.entry
    judged_by = (await terms_of(session, program_id=program_id, entries=[entry]))[decided_by(entry)]
    account = (await accounts.by_ids(session, program_id=program_id, account_ids=[entry.account_id]))[entry.account_id]
    wallet = await accounts.of_wallets(session, program_id=program_id, wallet_ids=[account.wallet_id])
    first = next(one for one in wallet if one.unit is Unit.POINTS)
    versions = await stories.versions_of(session, program_id=program_id)
    told = await stories.told(session, program_id=program_id, account=first, versions=versions)
    before = await ledger.recorded(session, program_id=program_id, account_id=account.id, before=entry.number)
    course = unfold(told.story.known_by(entry.id), versions=versions.standing, until=entry.occurred_at)
    if told.gone is not None and told.gone.id <= entry.id:
        course.close(told.gone.id, at=told.gone.occurred_at)
    subject = Subject(entry.type, entry.subject)
    wanted = sum(summed(course.purses[account.unit].postings).get(subject, {}).values())
    if entry.type is EntryType.REDEEM:
        wanted = _price_then(entry, story=told.story.known_by(entry.id), versions=versions) or wanted
    owners = await holders.of_accounts(session, program_id=program_id, account_ids=[entry.account_id])
    return Explained(
        stored=stored,
        owners=owners[entry.account_id],
        terms=judged_by,
        recomputed=sum(before.get(subject, {}).values()) - wanted,
    )


def _price_then(entry: Entry, *, story: Story, versions: Versions) -> int | None:
    """What the reward of a redemption cost by the terms of its time, and by the points that were there; None: not known."""
    fact = next((one for one in story.facts if isinstance(one, Redeemed) and one.id == entry.subject), None)
    clause = fact.terms.cost_of(fact.reward) if fact is not None else None
    if fact is None or clause is None:
        return None
    course = unfold(story.before_fact(fact.id), versions=versions.standing, until=fact.at)
    lists = course.price_lists(terms=fact.terms, at=fact.at) if fact.unit is Unit.POINTS else None
    charge = lists.charge(fact.reward) if lists is not None else None
    return charge.cost if charge is not None else price(clause).points


async def entries(session: Session, *, program_id: str, ids: Sequence[str]) -> list[StoredEntry | None]:
    """Entries by id, in the order asked for."""
    found = await ledger.entries_by_ids(session, program_id=program_id, entry_ids=ids)
    return [found.get(id) for id in ids]


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """An entry with the customers (ids) whose ledger it stands in."""

    stored: StoredEntry
    owners: tuple[str, ...]


async def owned_entries(session: Session, *, program_id: str, ids: Sequence[str]) -> list[OwnedEntry | None]:
    """Entries by id with their customers, in the order asked for."""
    found = await ledger.entries_by_ids(session, program_id=program_id, entry_ids=ids)
    owners = await holders.of_accounts(
        session, program_id=program_id, account_ids=sorted({one.entry.account_id for one in found.values()})
    )
    return [
        OwnedEntry(stored=found[id], owners=owners[found[id].entry.account_id]) if id in found else None for id in ids
    ]


async def purchases_by_id(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Purchase | None]:
    """Purchases by id, in the order asked for."""
    found = await purchases.by_ids(session, program_id=program_id, purchase_ids=ids)
    return [found.get(id) for id in ids]


async def receipts_behind(session: Session, *, program_id: str, ids: Sequence[str]) -> list[PurchaseFacts | None]:
    """The receipts of entries (by id) that a purchase earned, as they were known then; None for any other entry."""
    entries = await ledger.entries_by_ids(session, program_id=program_id, entry_ids=ids)
    bought = {
        id: stored.entry.purchase_id
        for id, stored in entries.items()
        if stored.entry.type is EntryType.EARN and stored.entry.purchase_id is not None
    }
    wanted = sorted(set(bought.values()))
    found = await purchases.by_ids(session, program_id=program_id, purchase_ids=wanted)
    facts = {id: found[purchase_id].facts for id, purchase_id in bought.items()}
    corrections = await receipt_corrections.of_purchases(session, program_id=program_id, purchase_ids=wanted)
    # What was corrected after an entry stood like this when it was booked, so the oldest such correction has the last word.
    for correction in reversed(corrections):
        for id, purchase_id in bought.items():
            if purchase_id == correction.purchase_id and id < correction.id:
                facts[id] = correction.facts
    handed_out = {id: purchase_id for id, purchase_id in bought.items() if facts[id].replaces is not None}
    prices = await exchanged_prices(session, program_id=program_id, handed_out=handed_out)
    facts |= {id: facts[id].replacing(price) for id, price in prices.items()}
    return [facts.get(id) for id in ids]


async def redemptions_by_id(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Redemption | None]:
    """Redemptions by id, in the order asked for."""
    found = await redemptions.by_ids(session, program_id=program_id, redemption_ids=ids)
    return [found.get(id) for id in ids]
