"""A customer's ledger: pages of entries, and the records behind an entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.domain.decisions import Decision
from app.domain.engine.redemption import cost_effect_of
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
    """Entries, newest first, whether there are more on either side, and the terms that decided them, by version number."""

    entries: tuple[StoredEntry, ...]
    more_before: bool
    more_after: bool
    terms: Mapping[int, Terms]


@dataclass(frozen=True, slots=True)
class Window:
    """Which entries of a ledger to read: `size` of those between the entries number `after` and `before`.

    The ledger is read newest entry first, so the entries after one are older and have smaller numbers. With `from_end`
    the last `size` of them are read, otherwise the first.
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
        with_lots=with_lots,
    )
    more = len(page) > window.size
    selected = page[: window.size]
    if window.from_end:
        selected = tuple(reversed(selected))
    return LedgerPage(
        entries=selected,
        more_before=more if window.from_end else window.after is not None,
        more_after=window.before is not None if window.from_end else more,
        terms=await terms_of(session, decided_entries=[stored_entry.entry for stored_entry in selected])
        if with_decisions
        else {},
    )


async def terms_of(session: Session, *, decided_entries: Sequence[Entry]) -> dict[int, Terms]:
    """The terms that decided the entries, by version number."""
    numbers = {deciding_version(entry) for entry in decided_entries}
    by_number: dict[int, Terms] = {}
    for number in numbers:
        terms = await versions.version(session, number=number)
        if terms is None:
            raise LookupError(f"terms version {number} is missing")
        by_number[number] = terms
    return by_number


def deciding_version(entry: Entry) -> int:
    """The version number of the terms in an entry's stored decision."""
    version: int = orjson.loads(entry.decision)["terms"]
    return version


def decision_of(entry: Entry) -> Decision:
    """The decision that is stored with an entry."""
    data: dict[str, Any] = orjson.loads(entry.decision)
    return Decision.from_data(data)


@dataclass(frozen=True, slots=True)
class ExplainedEntry:
    """An entry, the terms that decided it, and the points that these terms give for the events known when it was booked."""

    stored_entry: StoredEntry
    holders: tuple[str, ...]
    """The customers (ids) whose ledger it stands in."""
    terms: Terms
    recomputed_points: int


async def explain(session: Session, *, entry_id: str) -> ExplainedEntry | None:
    """An entry decided once more, by the events known when it was booked and under the terms of its time; None if unknown."""
    stored_entry = (await entries.entries_by_ids(session, entry_ids=[entry_id])).get(entry_id)
    if stored_entry is None:
        return None
    entry = stored_entry.entry
    deciding_terms = (await terms_of(session, decided_entries=[entry]))[deciding_version(entry)]
    account = (await accounts.by_ids(session, account_ids=[entry.account_id]))[entry.account_id]
    accounts_of_wallet = await accounts.of_wallets(session, wallet_ids=[account.wallet_id])
    points_account = next(
        account_of_unit for account_of_unit in accounts_of_wallet if account_of_unit.unit is Unit.POINTS
    )
    terms_versions = await known_versions.load(session)
    recorded_history = await event_log.load(session, account=points_account, versions=terms_versions)
    draws_before = await entries.booked_draws(session, account_id=account.id, before=entry.number)
    replayed = replay(
        recorded_history.history.as_known_at(entry.id), versions=terms_versions.not_withdrawn, until=entry.occurred_at
    )
    if recorded_history.ending_merger is not None and recorded_history.ending_merger.id <= entry.id:
        replayed.close(recorded_history.ending_merger.id, at=recorded_history.ending_merger.occurred_at)
    posting_key = PostingKey(entry.type, entry.subject)
    points = sum(draws_by_key(replayed.unit_accounts[account.unit].postings).get(posting_key, {}).values())
    if entry.type is EntryType.REDEEM:
        points = (
            _cost_then(entry, history=recorded_history.history.as_known_at(entry.id), terms_versions=terms_versions)
            or points
        )
    holders = await wallet_members.of_accounts(session, account_ids=[entry.account_id])
    return ExplainedEntry(
        stored_entry=stored_entry,
        holders=holders[entry.account_id],
        terms=deciding_terms,
        recomputed_points=sum(draws_before.get(posting_key, {}).values()) - points,
    )


def _cost_then(entry: Entry, *, history: EventHistory, terms_versions: Versions) -> int | None:
    """The cost of a redemption under its terms and for the points in the wallet then.

    None if the redemption is not in the history, or its terms do not offer the reward.
    """
    event = next(
        (event for event in history.events if isinstance(event, RewardRedeemed) and event.id == entry.subject),
        None,
    )
    clause = event.terms.clause_of_reward(event.reward) if event is not None else None
    if event is None or clause is None:
        return None
    wallet = replay(history.before_event(event.id), versions=terms_versions.not_withdrawn, until=event.at)
    old_prices = wallet.old_prices(terms=event.terms, at=event.at) if event.unit is Unit.POINTS else None
    charge = old_prices.charge(event.reward) if old_prices is not None else None
    return charge.cost if charge is not None else cost_effect_of(clause).points


async def entries_by_id(session: Session, *, ids: Sequence[str]) -> list[StoredEntry | None]:
    """Entries by id, in the order requested."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    return [by_id.get(id) for id in ids]


@dataclass(frozen=True, slots=True)
class OwnedEntry:
    """An entry with the customers (ids) whose ledger it stands in."""

    stored_entry: StoredEntry
    holders: tuple[str, ...]


async def owned_entries(session: Session, *, ids: Sequence[str]) -> list[OwnedEntry | None]:
    """Entries by id with their customers, in the order requested."""
    by_id = await entries.entries_by_ids(session, entry_ids=ids)
    holders = await wallet_members.of_accounts(
        session, account_ids=sorted({stored_entry.entry.account_id for stored_entry in by_id.values()})
    )
    return [
        OwnedEntry(stored_entry=by_id[id], holders=holders[by_id[id].entry.account_id]) if id in by_id else None
        for id in ids
    ]


async def purchases_by_id(session: Session, *, ids: Sequence[str]) -> list[Purchase | None]:
    """Purchases by id, in the order requested."""
    by_id = await purchases.by_ids(session, purchase_ids=ids)
    return [by_id.get(id) for id in ids]


async def receipts_behind(session: Session, *, ids: Sequence[str]) -> list[PurchaseFacts | None]:
    """The receipt of each entry (by id) with points earned by a purchase, as it was known when the entry was booked.

    None for any other entry.
    """
    stored_entries = await entries.entries_by_ids(session, entry_ids=ids)
    purchase_id_by_entry = {
        id: stored_entry.entry.purchase_id
        for id, stored_entry in stored_entries.items()
        if stored_entry.entry.type is EntryType.EARN and stored_entry.entry.purchase_id is not None
    }
    purchase_ids = sorted(set(purchase_id_by_entry.values()))
    by_id = await purchases.by_ids(session, purchase_ids=purchase_ids)
    facts = {id: by_id[purchase_id].facts for id, purchase_id in purchase_id_by_entry.items()}
    receipt_corrections = await corrections.of_purchases(session, purchase_ids=purchase_ids)
    # The oldest correction after the entry holds the facts as they were when it was booked.
    for correction in reversed(receipt_corrections):
        for id, purchase_id in purchase_id_by_entry.items():
            if purchase_id == correction.purchase_id and id < correction.id:
                facts[id] = correction.facts_before
    new_purchase_ids = {
        id: purchase_id for id, purchase_id in purchase_id_by_entry.items() if facts[id].replaced_price is not None
    }
    values = await values_of_returned_goods(session, new_purchase_ids=new_purchase_ids)
    facts |= {id: facts[id].as_replacement(value) for id, value in values.items()}
    return [facts.get(id) for id in ids]


async def redemptions_by_id(session: Session, *, ids: Sequence[str]) -> list[Redemption | None]:
    """Redemptions by id, in the order requested."""
    by_id = await redemptions.by_ids(session, redemption_ids=ids)
    return [by_id.get(id) for id in ids]
