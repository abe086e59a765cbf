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
from app.domain.wallets.postings import BookedDraws, Posting, PostingKey, excess_postings, missing_postings
from app.domain.wallets.unit_account import UnitAccount, terms_at
from app.store.customers import tiers
from app.store.database.session import Session
from app.store.events import usage_counts
from app.store.events.recorded_history import RecordedHistory
from app.store.events.replay import ReplayedAccount, balance_of, next_notice
from app.store.ledger import accounts, entries, lots
from app.store.rewards import redemptions
from app.usecases.command import WriteContext
from app.usecases.ledger.account_writer import NOTHING, AccountWriter, Origin, new_account
from app.usecases.ledger.expire_holds import Changed, expire_holds


class DigestChanges(NamedTuple):
    """Digests of rows added behind an account, and of rows removed from behind it."""

    added: tuple[int, ...] = ()
    replaced: tuple[int, ...] = ()

    def __or__(self, other: DigestChanges) -> DigestChanges:
        """The digests of both."""
        return DigestChanges((*self.added, *other.added), (*self.replaced, *other.replaced))


NO_CHANGES = DigestChanges()
NO_DIGEST_CHANGES: Mapping[str, DigestChanges] = MappingProxyType({})


class Cause(NamedTuple):
    """The event that became known and, in an exchange, the purchase recorded with it."""

    id: str | None
    purchase_id: str | None = None


async def post_differences(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedAccount,
    digests: Iterable[int] = (),
    replaced_digests: Iterable[int] = (),
    digest_changes: Mapping[str, DigestChanges] = NO_DIGEST_CHANGES,
    changed: Collection[Changed] = (),
    cause: str | None = None,
    part_of_cause: str | None = None,
    decisions: Mapping[str, Decision] | None = None,
) -> dict[PostingKey, Entry]:
    """Append the entries that the ledger lacks, update lots, balance, tiers and counters, and return the new entries by posting key.

    `digests` are those of new rows, `replaced_digests` those of the rows they replace, for the event `cause` or for the account
    itself; `part_of_cause` is the purchase recorded with the cause. `digest_changes` are further ones by account id.
    `decisions` are those of new redemptions (by id), `changed` the redemptions whose state was changed. The rows that
    entries refer to must be written before, and the account must be locked, which also covers accounts merged into
    it. Expired holds are ended.
    """
    keeper = replayed.history.owning_account(cause) if cause is not None else None
    new_entries: dict[PostingKey, Entry] = {}
    merged = _merged_accounts(replayed) if replayed.wallet.merged_wallets else ()
    for account in (replayed, *merged):
        own = account.account.id == (keeper or replayed.account.id)
        entries = await _post_account(
            session,
            write_context=write_context,
            replayed=account,
            digests=(*(digests if own else ()), *digest_changes.get(account.account.id, NO_CHANGES).added),
            replaced_digests=(
                *(replaced_digests if own else ()),
                *digest_changes.get(account.account.id, NO_CHANGES).replaced,
            ),
            changed=changed,
            until=replayed.until,
            cause=Cause(cause, part_of_cause),
            decisions=decisions or {},
        )
        # A merger has an entry in both ledgers: the one of the wallet that continues is returned.
        new_entries = entries | new_entries
    return new_entries


def _merged_accounts(replayed: ReplayedAccount) -> Iterator[ReplayedAccount]:
    """The accounts merged into this one, however many steps before, as they were replayed with it."""
    merges_of = {
        event.history.account_id: event for event in replayed.history.events if isinstance(event, WalletMerged)
    }
    recorded_of = {merged.account.id: merged for merged in replayed.recorded.merged}
    for wallet in replayed.wallet.merged_wallets:
        merge, recorded = merges_of[wallet.account_id], recorded_of[wallet.account_id]
        other = ReplayedAccount(recorded.account, recorded, replayed.versions, merge.history, wallet, merge.at)
        yield other
        yield from _merged_accounts(other)


async def _post_account(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedAccount,
    decisions: Mapping[str, Decision],
    changed: Collection[Changed],
    until: datetime,
    cause: Cause,
    digests: Iterable[int],
    replaced_digests: Iterable[int],
) -> dict[PostingKey, Entry]:
    wallet, account = replayed.wallet, replayed.account
    made, book = await _append(
        session,
        write_context=write_context,
        replayed=replayed,
        account=account,
        unit=Unit.POINTS,
        decisions=decisions,
        because=cause,
    )
    others = await _other_units(
        session, write_context=write_context, replayed=replayed, decisions=decisions, because=cause
    )
    own = {event.id for event in replayed.history.events}
    ended = await expire_holds(session, replayed=replayed, until=until)
    rows = [*(change for change in changed if change.before.id in own), *ended]
    if not (made or others or rows or digests or replaced_digests or wallet.memberships):
        return made
    await book.commit(
        lots_after=wallet.points.inventory.lots,
        balance=replayed.balances[Unit.POINTS],
        replayed_through=replayed.until,
        next_change_at=wallet.next_change(),
        next_notice_at=next_notice(wallet, recorded=replayed.recorded),
        terms_version=terms_at(wallet.versions, at=replayed.until).version,
        has_merges=bool(wallet.merged_wallets) or not wallet.memberships,
        digests=(*digests, *(redemptions.row_digest(row.after) for row in rows)),
        replaced_digests=(*replaced_digests, *(redemptions.row_digest(row.before) for row in rows)),
    )
    if wallet.memberships:
        await usage_counts.rebuild(session, wallet=wallet, new_id=write_context.new_id)
    if any(version.tiers for version in replayed.versions.not_withdrawn):
        for membership in {id(membership): membership for membership in wallet.memberships.values()}.values():
            await tiers.update(session, customer_id=membership.id, membership=membership.tier)
    return others | made


async def _other_units(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedAccount,
    decisions: Mapping[str, Decision],
    because: Cause,
) -> dict[PostingKey, Entry]:
    """Post the differences of other units than points; an account begins with its first entry."""
    new_entries: dict[PostingKey, Entry] = {}
    for unit, unit_account in replayed.wallet.unit_accounts.items():
        account = replayed.recorded.others.get(unit)
        if unit is Unit.POINTS or (account is None and not unit_account.postings):
            continue
        if account is None:
            account = new_account(write_context, wallet_id=replayed.account.wallet_id, unit=unit)
            account = await accounts.open_account(session, account=account)
        made, book = await _append(
            session,
            write_context=write_context,
            replayed=replayed,
            account=account,
            unit=unit,
            decisions=decisions,
            because=because,
        )
        # Points move in and out of holds without an entry.
        if made or book.changed(unit_account.inventory.lots):
            balance = balance_of(replayed.wallet, at=replayed.until, unit=unit)
            await book.commit(lots_after=unit_account.inventory.lots, balance=balance)
        new_entries |= made
    return new_entries


async def _append(
    session: Session,
    *,
    write_context: WriteContext,
    replayed: ReplayedAccount,
    account: Account,
    unit: Unit,
    decisions: Mapping[str, Decision],
    because: Cause,
) -> tuple[dict[PostingKey, Entry], AccountWriter]:
    """Append every entry that the account of a unit lacks."""
    unit_account, told_up_to = replayed.wallet.unit_accounts[unit], replayed.account.replayed_through
    recorded = await entries.recorded(session, account_id=account.id)
    known = {lot.id: lot for lot in await lots.all_lots(session, account_id=account.id)}
    book = AccountWriter(session=session, write_context=write_context, account=account, known=known)
    origins = dict(_origins(replayed.history))
    corrected = {correction.purchase_id: correction for correction in replayed.history.corrections}
    postings = [(posting, False) for posting in missing_postings(unit_account.postings, booked=recorded)]
    postings += [
        (posting, True)
        for posting in _clawed_back(unit_account, until=replayed.until, recorded=recorded, corrected=corrected)
    ]
    new_entries: dict[PostingKey, Entry] = {}
    for posting, too_much in postings:
        subject = posting.key
        if subject.type is EntryType.REDEEM:
            posting = _decided(posting, replayed=replayed, decisions=decisions)
        # Scheduled changes are no corrections: only entries about a time before the last replay have a cause or a receipt.
        told_before = told_up_to is not None and posting.at <= told_up_to
        set_right = subject.id in corrected and corrected[subject.id].id == because.id
        new_entries[subject] = await book.append(
            posting,
            lots_after=unit_account.inventory.lots,
            origin=origins.get(subject, NOTHING),
            # An entry about the cause itself is no correction.
            cause=because.id if (too_much or told_before or set_right) and subject.id not in because else None,
        )
    return new_entries, book


def _clawed_back(
    unit_account: UnitAccount, *, until: datetime, recorded: BookedDraws, corrected: Mapping[str, ReceiptCorrected]
) -> Iterator[Posting]:
    """Entries that reverse what should not be there, such as points of a purchase that belongs to another wallet, at its time."""
    for subject, draws in excess_postings(unit_account.postings, booked=recorded).items():
        earned = corrected.get(subject.id) if subject.type is EntryType.EARN else None
        yield unit_account.posting_without_clause(subject, at=earned.at if earned is not None else until, draws=draws)


def _decided(posting: Posting, *, replayed: ReplayedAccount, decisions: Mapping[str, Decision]) -> Posting:
    """The entry of a redemption with the decision that granted it."""
    id = posting.key.id
    decision = decisions.get(id)
    if decision is None:
        decision = _redemption_decision(replayed.recorded, id=id)
    return Posting(posting.key, posting.at, posting.draws, decision)


def _redemption_decision(recorded: RecordedHistory, *, id: str) -> Decision:
    if id in recorded.redemptions:
        return recorded.redemptions[id].decision
    for other in recorded.merged:
        if id in other.redemptions:
            return other.redemptions[id].decision
    raise LookupError(f"redemption {id} has no decision")


def _origins(history: EventHistory) -> Iterator[tuple[PostingKey, Origin]]:
    """The records that entries refer to."""
    for correction in history.corrections:
        yield PostingKey(EntryType.EARN, correction.purchase_id), Origin(purchase_id=correction.purchase_id)
    for event in history.events:
        if isinstance(event, ExchangeRecorded):
            yield PostingKey(EntryType.EARN, event.purchase.id), Origin(purchase_id=event.purchase.id)
        if isinstance(event, RefundRecorded | ExchangeRecorded):
            of_refund = Origin(purchase_id=event.purchase_id, refund_id=event.id)
            yield PostingKey(EntryType.CLAWBACK, event.id), of_refund
            yield PostingKey(EntryType.REVERSAL, event.id), of_refund
        elif isinstance(event, RewardRedeemed):
            yield PostingKey(EntryType.REDEEM, event.id), Origin(redemption_id=event.id)
        elif isinstance(event, RedemptionReversed):
            yield PostingKey(EntryType.REVERSAL, event.id), Origin(redemption_id=event.redemption_id)
        elif isinstance(event, PurchaseRecorded):
            yield PostingKey(EntryType.EARN, event.id), Origin(purchase_id=event.id)
