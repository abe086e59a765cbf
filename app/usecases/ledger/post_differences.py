"""Post the differences between a replayed account and its ledger.

This is how a late event takes effect: entries that the ledger lacks are appended, and no entry is edited.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from app.domain.decisions import Decision
from app.domain.ledger.account import Account
from app.domain.ledger.entries import Entry, EntryType
from app.domain.units import Unit
from app.domain.wallets.events import (
    ExchangeRecorded,
    PurchaseRecorded,
    ReceiptCorrected,
    RedemptionReversed,
    RefundRecorded,
    RewardRedeemed,
)
from app.domain.wallets.history import EventHistory, WalletMerged
from app.domain.wallets.postings import BookedDraws, Posting, PostingKey, excess_draws, missing_postings
from app.domain.wallets.unit_account import UnitAccount, terms_at
from app.store.customers import stored_usage, tiers
from app.store.database.session import Session
from app.store.events.recorded_history import RecordedHistory
from app.store.events.replay import ReplayedWallet, balance_of, next_notice
from app.store.ledger import accounts, entries, lots
from app.store.rewards import redemptions
from app.usecases.command import WriteContext
from app.usecases.ledger.account_writer import NO_REFERENCES, AccountWriter, EntryReferences, new_account
from app.usecases.ledger.end_redemptions import RedemptionChange, expire_holds


class DigestChanges(NamedTuple):
    """Digests of event rows that were added to an account, and of rows that they replace."""

    added: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()

    def __or__(self, other: DigestChanges) -> DigestChanges:
        """The digests of both changes."""
        return DigestChanges((*self.added, *other.added), (*self.replaced, *other.replaced))


NO_CHANGES = DigestChanges()
NO_DIGEST_CHANGES: Mapping[str, DigestChanges] = MappingProxyType({})


class BookedEvent(NamedTuple):
    """The ids of the event that is booked (None: scheduled changes) and, in an exchange, of the purchase recorded with it."""

    id: str | None
    purchase_id: str | None = None


async def post_differences(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedWallet,
    digests: Iterable[int] = (),
    replaced_digests: Iterable[int] = (),
    digest_changes: Mapping[str, DigestChanges] = NO_DIGEST_CHANGES,
    redemption_changes: Collection[RedemptionChange] = (),
    event_id: str | None = None,
    event_purchase_id: str | None = None,
    decisions: Mapping[str, Decision] | None = None,
) -> dict[PostingKey, Entry]:
    """Append the entries that the ledger lacks, update lots, balance, tiers and counters, and return the new entries by posting key.

    `digests` are those of new rows and `replaced_digests` those of the rows they replace, of the event `event_id` or of the
    account itself; `event_purchase_id` is the purchase recorded with that event. `digest_changes` are further digests, by account
    id.
    `decisions` are those of new redemptions (by id), `redemption_changes` the redemptions whose state was changed. The rows that
    entries refer to must be written before, and the account must be locked, which also covers accounts merged into
    it. Expired holds are ended.
    """
    account_id_of_event = replayed.history.account_id_of_event(event_id) if event_id is not None else None
    new_entries: dict[PostingKey, Entry] = {}
    merged = _merged_accounts(replayed) if replayed.wallet.merged_wallets else ()
    for replayed_account in (replayed, *merged):
        account_id = replayed_account.account.id
        is_of_event = account_id == (account_id_of_event or replayed.account.id)
        further_digests = digest_changes.get(account_id, NO_CHANGES)
        account_entries = await _post_account(
            session,
            write_context=write_context,
            replayed=replayed_account,
            digests=(*(digests if is_of_event else ()), *further_digests.added),
            replaced_digests=(*(replaced_digests if is_of_event else ()), *further_digests.replaced),
            redemption_changes=redemption_changes,
            until=replayed.until,
            booked_event=BookedEvent(event_id, event_purchase_id),
            decisions=decisions or {},
        )
        # A merger has an entry in both accounts; that of the wallet that continues is returned.
        new_entries = account_entries | new_entries
    return new_entries


def _merged_accounts(replayed: ReplayedWallet) -> Iterator[ReplayedWallet]:
    """The accounts merged into this one, directly or through others, as they were replayed with it."""
    merges_by_account = {
        event.history.account_id: event for event in replayed.history.events if isinstance(event, WalletMerged)
    }
    recorded_by_account = {merged.account.id: merged for merged in replayed.recorded_history.absorbed_histories}
    for wallet in replayed.wallet.merged_wallets:
        merge, recorded = merges_by_account[wallet.account_id], recorded_by_account[wallet.account_id]
        merged_account = ReplayedWallet(recorded.account, recorded, replayed.versions, merge.history, wallet, merge.at)
        yield merged_account
        yield from _merged_accounts(merged_account)


async def _post_account(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedWallet,
    decisions: Mapping[str, Decision],
    redemption_changes: Collection[RedemptionChange],
    until: datetime,
    booked_event: BookedEvent,
    digests: Iterable[int],
    replaced_digests: Iterable[int],
) -> dict[PostingKey, Entry]:
    wallet, account = replayed.wallet, replayed.account
    points_entries, writer = await _append_missing_entries(
        session,
        write_context=write_context,
        replayed=replayed,
        account=account,
        unit=Unit.POINTS,
        decisions=decisions,
        booked_event=booked_event,
    )
    other_entries = await _post_other_units(
        session, write_context=write_context, replayed=replayed, decisions=decisions, booked_event=booked_event
    )
    own_event_ids = {event.id for event in replayed.history.events}
    changes = [change for change in redemption_changes if change.before.id in own_event_ids]
    changes += await expire_holds(session, replayed=replayed, until=until)
    if not (points_entries or other_entries or changes or digests or replaced_digests or wallet.memberships):
        return points_entries
    await writer.store(
        lots_after=wallet.point_account.inventory.lots,
        balance=replayed.balances[Unit.POINTS],
        replayed_through=replayed.until,
        next_change_at=wallet.next_change(),
        next_notice_at=next_notice(wallet, recorded_history=replayed.recorded_history),
        terms_version=terms_at(wallet.versions, at=replayed.until).version,
        has_merges=bool(wallet.merged_wallets) or not wallet.memberships,
        digests=(*digests, *(redemptions.row_digest(change.after) for change in changes)),
        replaced_digests=(*replaced_digests, *(redemptions.row_digest(change.before) for change in changes)),
    )
    if wallet.memberships:
        await stored_usage.rebuild(session, wallet=wallet, new_id=write_context.new_id)
    if any(version.tiers for version in replayed.versions.not_withdrawn):
        # Merged customers share the membership of the surviving one.
        for membership in {id(membership): membership for membership in wallet.memberships.values()}.values():
            await tiers.update(session, customer_id=membership.id, tier=membership.tier)
    return other_entries | points_entries


async def _post_other_units(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedWallet,
    decisions: Mapping[str, Decision],
    booked_event: BookedEvent,
) -> dict[PostingKey, Entry]:
    """Post the differences of units other than points; an account is opened with its first entry."""
    new_entries: dict[PostingKey, Entry] = {}
    for unit, unit_account in replayed.wallet.unit_accounts.items():
        account = replayed.recorded_history.other_accounts.get(unit)
        if unit is Unit.POINTS or (account is None and not unit_account.postings):
            continue
        if account is None:
            account = new_account(write_context, wallet_id=replayed.account.wallet_id, unit=unit)
            account = await accounts.open_account(session, account=account)
        unit_entries, writer = await _append_missing_entries(
            session,
            write_context=write_context,
            replayed=replayed,
            account=account,
            unit=unit,
            decisions=decisions,
            booked_event=booked_event,
        )
        # Points move in and out of holds without an entry.
        if unit_entries or writer.changed_lots(unit_account.inventory.lots):
            balance = balance_of(replayed.wallet, at=replayed.until, unit=unit)
            await writer.store(lots_after=unit_account.inventory.lots, balance=balance)
        new_entries |= unit_entries
    return new_entries


async def _append_missing_entries(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedWallet,
    account: Account,
    unit: Unit,
    decisions: Mapping[str, Decision],
    booked_event: BookedEvent,
) -> tuple[dict[PostingKey, Entry], AccountWriter]:
    """Append every entry that is missing in the account of a unit; returns them, and the writer that appended them."""
    unit_account, replayed_through = replayed.wallet.unit_accounts[unit], replayed.account.replayed_through
    booked_draws = await entries.booked_draws(session, account_id=account.id)
    lots_before = {lot.id: lot for lot in await lots.all_lots(session, account_id=account.id)}
    writer = AccountWriter(session=session, write_context=write_context, account=account, lots_before=lots_before)
    references = dict(_references(replayed.history))
    corrections = {correction.purchase_id: correction for correction in replayed.history.corrections}
    postings = [(posting, False) for posting in missing_postings(unit_account.postings, booked=booked_draws)]
    postings += [
        (posting, True)
        for posting in _reversals_of_excess(
            unit_account, until=replayed.until, booked_draws=booked_draws, corrections=corrections
        )
    ]
    new_entries: dict[PostingKey, Entry] = {}
    for posting, is_excess in postings:
        key = posting.key
        if key.type is EntryType.REDEEM:
            posting = _with_decision(posting, replayed=replayed, decisions=decisions)
        # Scheduled changes are no corrections: only entries about a time before the last replay have a cause.
        is_before_last_replay = replayed_through is not None and posting.at <= replayed_through
        is_correction = key.id in corrections and corrections[key.id].id == booked_event.id
        new_entries[key] = await writer.append(
            posting,
            lots_after=unit_account.inventory.lots,
            references=references.get(key, NO_REFERENCES),
            # An entry about the event itself is no correction.
            cause=booked_event.id
            if (is_excess or is_before_last_replay or is_correction)
            and key.id not in (booked_event.id, booked_event.purchase_id)
            else None,
        )
    return new_entries, writer


def _reversals_of_excess(
    unit_account: UnitAccount,
    *,
    until: datetime,
    booked_draws: BookedDraws,
    corrections: Mapping[str, ReceiptCorrected],
) -> Iterator[Posting]:
    """Postings that reverse entries that are no longer in the replay, such as the points of a purchase that was moved to another wallet."""
    for key, draws in excess_draws(unit_account.postings, booked=booked_draws).items():
        correction = corrections.get(key.id) if key.type is EntryType.EARN else None
        yield unit_account.posting_without_clause(
            key, at=correction.at if correction is not None else until, draws=draws
        )


def _with_decision(posting: Posting, *, replayed: ReplayedWallet, decisions: Mapping[str, Decision]) -> Posting:
    """The posting of a redemption, with the decision that granted it."""
    id = posting.key.id
    decision = decisions.get(id)
    if decision is None:
        decision = _redemption_decision(replayed.recorded_history, id=id)
    return Posting(posting.key, posting.at, posting.draws, decision)


def _redemption_decision(recorded: RecordedHistory, *, id: str) -> Decision:
    if id in recorded.redemptions:
        return recorded.redemptions[id].decision
    for other in recorded.absorbed_histories:
        if id in other.redemptions:
            return other.redemptions[id].decision
    raise LookupError(f"redemption {id} has no decision")


def _references(history: EventHistory) -> Iterator[tuple[PostingKey, EntryReferences]]:
    """The records that each entry refers to, by the key of its posting."""
    for correction in history.corrections:
        yield PostingKey(EntryType.EARN, correction.purchase_id), EntryReferences(purchase_id=correction.purchase_id)
    for event in history.events:
        if isinstance(event, ExchangeRecorded):
            yield PostingKey(EntryType.EARN, event.purchase.id), EntryReferences(purchase_id=event.purchase.id)
        if isinstance(event, RefundRecorded | ExchangeRecorded):
            references = EntryReferences(purchase_id=event.purchase_id, refund_id=event.id)
            yield PostingKey(EntryType.CLAWBACK, event.id), references
            yield PostingKey(EntryType.REVERSAL, event.id), references
        elif isinstance(event, RewardRedeemed):
            yield PostingKey(EntryType.REDEEM, event.id), EntryReferences(redemption_id=event.id)
        elif isinstance(event, RedemptionReversed):
            yield PostingKey(EntryType.REVERSAL, event.id), EntryReferences(redemption_id=event.redemption_id)
        elif isinstance(event, PurchaseRecorded):
            yield PostingKey(EntryType.EARN, event.id), EntryReferences(purchase_id=event.id)
