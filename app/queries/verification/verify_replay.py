"""Verification of a stored wallet: entries, lots, balance, tiers and counters must be what a replay of its history gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.domain.customers.current_tier import CurrentTier
from app.domain.engine.redemption import cost_effect_of
from app.domain.engine.tiers import tier_changing_versions
from app.domain.ledger.account import EMPTY_DIGEST
from app.domain.ledger.entries import Balance, Entry, StoredEntry
from app.domain.ledger.lots import Lot
from app.domain.units import Unit
from app.domain.wallets.events import HoldPlaced, PurchaseRecorded, RewardRedeemed
from app.domain.wallets.lot_inventory import DEBT
from app.domain.wallets.postings import PostingKey, excess_draws, missing_postings
from app.domain.wallets.unit_account import UnitAccount
from app.domain.wallets.wallet import Wallet, replay
from app.queries.verification.discrepancies import Discrepancy
from app.queries.verification.stored_wallets import StoredWallet
from app.store.customers.stored_usage import StoredUsage
from app.store.database.row_digests import combine
from app.store.events.recorded_history import RecordedHistory
from app.store.events.replay import balance_of, next_notice
from app.store.ledger import accounts


def verify_replay(stored_wallet: StoredWallet) -> Iterator[Discrepancy]:
    """Every difference between a stored wallet and the replay of its history."""
    account, recorded_history = stored_wallet.account, stored_wallet.recorded_history
    place = f"account {account.id}"
    if recorded_history.events_digest != account.events_digest:
        yield Discrepancy(place, "its events are not those that were recorded")
    if account.replayed_through is None:
        yield from _verify_never_replayed(stored_wallet)
        return
    # Terms published after the last replay do not affect what is stored; the next replay takes them into account.
    replay_versions = tuple(
        version for version in stored_wallet.versions.not_withdrawn if version.version <= account.terms_version
    )
    purchases = (event for event in recorded_history.history.events if isinstance(event, PurchaseRecorded))
    if not replay_versions or any(purchase.terms.version > account.terms_version for purchase in purchases):
        yield Discrepancy(place, "it was replayed under other terms than those of its time")
        return
    wallet = replay(recorded_history.history, versions=replay_versions, until=account.replayed_through)
    if recorded_history.ending_merger is not None:
        wallet.close(recorded_history.ending_merger.id, at=recorded_history.ending_merger.occurred_at)
    for unit, unit_account in wallet.unit_accounts.items():
        entries = stored_wallet.entries.get(unit, ())
        yield from _verify_postings(unit_account, entries)
        yield from _verify_lots(unit_account, entries)
    yield from _verify_other_units(recorded_history, wallet=wallet, at=account.replayed_through)
    yield from _verify_prices(recorded_history, wallet=wallet)
    for event in recorded_history.history.events:
        if isinstance(event, HoldPlaced) and event.ended_at is None and event.expires_at <= account.replayed_through:
            yield Discrepancy(f"redemption {event.id}", "its hold has expired, but its goods are still held from stock")
    yield from _verify_snapshot(stored_wallet, wallet=wallet, at=account.replayed_through)


def _verify_never_replayed(stored_wallet: StoredWallet) -> Iterator[Discrepancy]:
    """A wallet that was never replayed must be empty, and so must what is stored of its customers."""
    account, recorded_history = stored_wallet.account, stored_wallet.recorded_history
    if (
        any(stored_wallet.entries.values())
        or recorded_history.other_accounts
        or recorded_history.history.events
        or account.balance != Balance()
    ):
        yield Discrepancy(f"account {account.id}", "it has a history, but was never replayed")
    for id in recorded_history.history.enrolled_at:
        if stored_wallet.tiers.get(id, CurrentTier()) != CurrentTier():
            yield Discrepancy(f"customer {id}", _WRONG_TIER)
        if stored_wallet.counters.get(id, StoredUsage()) != StoredUsage():
            yield Discrepancy(f"customer {id}", _WRONG_COUNTERS)


_WRONG_TIER = "the tier is not what the purchases come to"
_WRONG_COUNTERS = "the usage counters are not what the events come to"
_WRONG_BALANCE = "the balance is not what the entries come to"


def _verify_other_units(recorded_history: RecordedHistory, *, wallet: Wallet, at: datetime) -> Iterator[Discrepancy]:
    """The accounts of other units than points: their balances, and that only the points account has a state of replay."""
    for unit, account in recorded_history.other_accounts.items():
        place = f"account {account.id}"
        if balance_of(wallet, at=at, unit=unit) != account.balance:
            yield Discrepancy(place, _WRONG_BALANCE)
        if account != account._replace(
            replayed_through=None, next_change_at=None, next_notice_at=None, has_merges=False, terms_version=0
        ):
            yield Discrepancy(place, "it has a replay state of its own")
        if account.events_digest != combine(EMPTY_DIGEST, [accounts.row_digest(account)]):
            yield Discrepancy(place, "it is not the account that was opened")


def _verify_postings(unit_account: UnitAccount, stored_entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """Every entry is what the terms of its time give for its event, and every posting has an entry."""
    booked: dict[PostingKey, dict[str, int]] = {}
    entries: dict[PostingKey, Entry] = {}
    for stored_entry in stored_entries:
        entry = stored_entry.entry
        key = PostingKey(entry.type, entry.subject)
        entries.setdefault(key, entry)
        draws = booked.setdefault(key, {})
        for movement in entry.movements:
            draws[movement.lot_id] = draws.get(movement.lot_id, 0) - movement.points
        if entry.owed_change:
            draws[DEBT] = draws.get(DEBT, 0) + entry.owed_change
    for posting in missing_postings(unit_account.postings, booked=booked):
        if (entry_of_key := entries.get(posting.key)) is not None:
            yield Discrepancy(f"entry {entry_of_key.id}", "the terms of its time give other points")
        else:
            yield Discrepancy(f"{posting.key.type.value} {posting.key.id}", "has no entry")
    for key in excess_draws(unit_account.postings, booked=booked):
        yield Discrepancy(f"entry {entries[key].id}", "the event behind it is missing")


def _verify_prices(recorded_history: RecordedHistory, *, wallet: Wallet) -> Iterator[Discrepancy]:
    """Every redemption cost what its clause says, unless points earned before paid an older price (then `_verify_postings` checks it)."""
    for event in recorded_history.history.events:
        if not isinstance(event, RewardRedeemed):
            continue
        if event.unit is Unit.POINTS and wallet.old_prices(terms=event.terms, at=event.at) is not None:
            continue
        clause = event.terms.clause_of_reward(event.reward)
        if clause is None or cost_effect_of(clause).points != event.points:
            yield Discrepancy(f"redemption {event.id}", "the terms of its time give other points")


def _verify_lots(unit_account: UnitAccount, stored_entries: Sequence[StoredEntry]) -> Iterator[Discrepancy]:
    """The content and the dates of each lot are what the events come to."""
    expected_lots = unit_account.inventory.lots
    opened_lots = [lot for entry in stored_entries for lot in entry.entry.new_lots]
    for lot in opened_lots:
        expected_lot = expected_lots.get(lot.id)
        if expected_lot is None:
            if lot.points or lot.remaining or lot.held:
                yield Discrepancy(f"lot {lot.id}", "was opened by no event")
        elif _content(expected_lot) != _content(lot):
            yield Discrepancy(f"lot {lot.id}", "what is in it, or its dates, are not what its movements come to")
    opened_ids = {lot.id for lot in opened_lots}
    for id, lot in expected_lots.items():
        if id not in opened_ids and (lot.remaining or lot.held):
            yield Discrepancy(f"lot {id}", "is missing")


def _content(lot: Lot) -> tuple[object, ...]:
    return (
        lot.points,
        lot.remaining,
        lot.held,
        lot.earned_at,
        lot.available_from,
        lot.promised_last_day,
        lot.terms_version,
        lot.zone,
    )


def _verify_snapshot(stored_wallet: StoredWallet, *, wallet: Wallet, at: datetime) -> Iterator[Discrepancy]:
    """The stored balance, tiers and counters, and the time when the account is due next."""
    account, recorded_history = stored_wallet.account, stored_wallet.recorded_history
    place = f"account {account.id}"
    if balance_of(wallet, at=at) != account.balance:
        yield Discrepancy(place, _WRONG_BALANCE)
    if _later(account.next_change_at, than=wallet.next_change()) or _later(
        account.next_notice_at, than=next_notice(wallet, recorded_history=recorded_history)
    ):
        yield Discrepancy(place, "its next due time is too late")
    if recorded_history.ending_merger is None and _lacks_tier_review(stored_wallet):
        yield Discrepancy(place, "its tier review for the start of later terms is not scheduled")
    # Customers who were merged into one share a membership.
    memberships = {id(membership): membership for membership in wallet.memberships.values()}
    for membership in memberships.values():
        if stored_wallet.tiers.get(membership.id, CurrentTier()) != membership.tier:
            yield Discrepancy(f"customer {membership.id}", _WRONG_TIER)
    for customer_id in wallet.memberships:
        if stored_wallet.counters.get(customer_id, StoredUsage()) != StoredUsage.of(wallet, customer_id=customer_id):
            yield Discrepancy(f"customer {customer_id}", _WRONG_COUNTERS)


def _lacks_tier_review(stored_wallet: StoredWallet) -> bool:
    """Have terms with other tiers started since the last replay, without a tier review of the account being due?"""
    account, reviews_scheduled_through = stored_wallet.account, stored_wallet.reviews_scheduled_through
    due_starts = [
        version.effective_from
        for version in tier_changing_versions(stored_wallet.versions.not_withdrawn)
        if version.version > account.terms_version
        and reviews_scheduled_through is not None
        and version.effective_from <= reviews_scheduled_through
    ]
    return bool(due_starts) and _later(account.next_change_at, than=due_starts[0])


def _later(due: datetime | None, *, than: datetime | None) -> bool:
    """Is an account `due` (None: never) later than at the instant at which it has to be (None: never)?"""
    return than is not None and (due is None or due > than)
