"""A customer's ledger: pages of entries, and the records behind an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.decisions import Decision
from app.domain.engine.redemption import reward_cost
from app.domain.ledger.entries import Entry, EntryType, StoredEntry
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase
from app.domain.rewards.redemption import Redemption
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.events import RewardRedeemed
from app.domain.wallets.history import EventHistory
from app.domain.wallets.postings import PostingKey, draws_by_key
from app.domain.wallets.wallet import replay
from app.queries.purchases.values_of_returned_goods import values_of_returned_goods
from app.store.customers import wallet_members
from app.store.database.session import Session
from app.store.events import event_log
from app.store.ledger import accounts, entries
from app.store.purchases import corrections, purchases
from app.store.rewards import redemptions
from app.store.terms import known_versions, versions
from app.store.terms.known_versions import Versions


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Entries in the order requested, whether there are more on either side, and the terms that decided them."""

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
    session: Session, *, account_id: str, window: Window, with_lots: bool = True, with_decisions: bool = True
) -> LedgerPage:
    """One page of a ledger, newest first; lots and the terms of the decisions only if requested."""
    page = await entries.page(
        session,
        account_id=account_id,
        before=window.after,
        after=window.before,
        limit=window.size + 1,
        newest_first=not window.from_end,
        whole=with_lots,
    )
    more = len(page) > window.size
    selected = page[: window.size]
    if window.from_end:
        selected = tuple(reversed(selected))
    return LedgerPage(
        entries=selected,
        more_before=more if window.from_end else window.after is not None,
        more_after=window.before is not None if window.from_end else more,
        terms=await terms_of(session, decided_entries=[stored.entry for stored in selected]) if with_decisions else {},
    )


async def terms_of(session: Session, *, decided_entries: Sequence[Entry]) -> dict[int, Terms]:
    """The versions of the terms that decided the entries."""
    numbers = {decided_by(entry) for entry in decided_entries}
    by_number: dict[int, Terms] = {}
    for number in numbers:
        terms = await versions.version(session, number=number)
        if terms is None:
            raise LookupError(f"terms version {number} is missing")
        by_number[number] = terms
    return by_number


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
    """An entry, the terms that decided it, and the points that these terms give for what was known then, computed now."""

    stored: StoredEntry
    holders: tuple[str, ...]
    """The customers (ids) whose ledger it stands in."""
    terms: Terms
    recomputed: int


async def explain(session: Session, *, entry_id: str) -> Explained | None:
    """Decide an old entry once more: by what was known of its account then, under the terms of its time."""
    stored = (await entries.entries_by_ids(session, entry_ids=[entry_id])).get(entry_id)
    if stored is None:
        return None
    entry = stored.entry
    deciding_terms = (await terms_of(session, decided_entries=[entry]))[decided_by(entry)]
    account = (await accounts.by_ids(session, account_ids=[entry.account_id]))[entry.account_id]
    accounts_of_wallet = await accounts.of_wallets(session, wallet_ids=[account.wallet_id])
    of_points = next(account_of_unit for account_of_unit in accounts_of_wallet if account_of_unit.unit is Unit.POINTS)
    known = await known_versions.load(session)
    recorded = await event_log.load(session, account=of_points, versions=known)
    before = await entries.recorded(session, account_id=account.id, before=entry.number)
    replayed = replay(recorded.history.as_known_at(entry.id), versions=known.not_withdrawn, until=entry.occurred_at)
    if recorded.merged_away is not None and recorded.merged_away.id <= entry.id:
        replayed.close(recorded.merged_away.id, at=recorded.merged_away.occurred_at)
    subject = PostingKey(entry.type, entry.subject)
    points = sum(draws_by_key(replayed.unit_accounts[account.unit].postings).get(subject, {}).values())
    if entry.type is EntryType.REDEEM:
        points = _price_then(entry, history=recorded.history.as_known_at(entry.id), known=known) or points
    holders = await wallet_members.of_accounts(session, account_ids=[entry.account_id])
    return Explained(
        stored=stored,
        holders=holders[entry.account_id],
        terms=deciding_terms,
        recomputed=sum(before.get(subject, {}).values()) - points,
    )


def _price_then(entry: Entry, *, history: EventHistory, known: Versions) -> int | None:
    """The cost of a reward under the terms of its time and for the points in the wallet then; None: not known."""
    event = next(
        (event for event in history.events if isinstance(event, RewardRedeemed) and event.id == entry.subject),
        None,
    )
    clause = event.terms.clause_of_reward(event.reward) if event is not None else None
    if event is None or clause is None:
        return None
    wallet = replay(history.before_event(event.id), versions=known.not_withdrawn, until=event.at)
    old_prices = wallet.old_prices(terms=event.terms, at=event.at) if event.unit is Unit.POINTS else None
    charge = old_prices.charge(event.reward) if old_prices is not None else None
    return charge.cost if charge is not None else reward_cost(clause).points


async def entries_by_id(session: Session, *, ids: Sequence[str]) -> list[StoredEntry | None]:
    """Entries by id, in the order requested."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    return [by_id.get(id) for id in ids]


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """An entry with the customers (ids) whose ledger it stands in."""

    stored: StoredEntry
    holders: tuple[str, ...]


async def owned_entries(session: Session, *, ids: Sequence[str]) -> list[OwnedEntry | None]:
    """Entries by id with their customers, in the order requested."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    holders = await wallet_members.of_accounts(
        session, account_ids=sorted({stored.entry.account_id for stored in by_id.values()})
    )
    return [
        OwnedEntry(stored=by_id[id], holders=holders[by_id[id].entry.account_id]) if id in by_id else None for id in ids
    ]


async def purchases_by_id(session: Session, *, ids: Sequence[str]) -> list[Purchase | None]:
    """Purchases by id, in the order requested."""
    by_id = await purchases.by_ids(session, purchase_ids=ids)
    return [by_id.get(id) for id in ids]


async def receipts_behind(session: Session, *, ids: Sequence[str]) -> list[PurchaseFacts | None]:
    """The receipts of entries (by id) that a purchase earned, as they were known then; None for any other entry."""
    stored_entries = await entries.entries_by_ids(session, entry_ids=ids)
    purchase_of = {
        id: stored.entry.purchase_id
        for id, stored in stored_entries.items()
        if stored.entry.type is EntryType.EARN and stored.entry.purchase_id is not None
    }
    purchase_ids = sorted(set(purchase_of.values()))
    by_id = await purchases.by_ids(session, purchase_ids=purchase_ids)
    facts = {id: by_id[purchase_id].facts for id, purchase_id in purchase_of.items()}
    corrected = await corrections.of_purchases(session, purchase_ids=purchase_ids)
    # The oldest correction after the entry holds the facts as they were when it was booked.
    for correction in reversed(corrected):
        for id, purchase_id in purchase_of.items():
            if purchase_id == correction.purchase_id and id < correction.id:
                facts[id] = correction.facts_before
    new_purchase_ids = {
        id: purchase_id for id, purchase_id in purchase_of.items() if facts[id].replaced_price is not None
    }
    values = await values_of_returned_goods(session, new_purchase_ids=new_purchase_ids)
    facts |= {id: facts[id].as_replacement(value) for id, value in values.items()}
    return [facts.get(id) for id in ids]


async def redemptions_by_id(session: Session, *, ids: Sequence[str]) -> list[Redemption | None]:
    """Redemptions by id, in the order requested."""
    by_id = await redemptions.by_ids(session, redemption_ids=ids)
    return [by_id.get(id) for id in ids]
