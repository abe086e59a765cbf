"""The recorded events of accounts: their rows turned into event histories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.ledger.account import EMPTY_DIGEST, Account
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.refund import Refund
from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.wallets import events
from app.domain.wallets.history import Event, EventHistory, WalletMerged
from app.store.customers import customers, mergers
from app.store.database.row_digests import combine
from app.store.database.session import Session
from app.store.events import history_rows
from app.store.events.history_rows import HistoryRows
from app.store.events.recorded_history import RecordedHistory
from app.store.ledger import accounts, adjustments, expiry_notices, transfers
from app.store.purchases import corrections, exchanges, purchases, refunds
from app.store.rewards import redemptions, reversals
from app.store.terms.known_versions import Versions


async def load(session: Session, *, account: Account, versions: Versions) -> RecordedHistory:
    """The recorded history of one points account and its wallet."""
    histories = await load_many(session, points_accounts=[account], versions=versions)
    return histories[account.id]


async def load_many(
    session: Session, *, points_accounts: Sequence[Account], versions: Versions
) -> dict[str, RecordedHistory]:
    """The recorded histories of several points accounts, by account id, read together."""
    rows = await history_rows.read(session, points_accounts=points_accounts, versions=versions)
    return {account.id: _history_of(rows, account) for account in points_accounts}


def _history_of(rows: HistoryRows, account: Account) -> RecordedHistory:
    """The recorded history of one points account: the events of its customers, each for as long as they held the wallet."""
    wallet_id = account.wallet_id
    ending_merger = next((merger for merger in rows.mergers if merger.from_wallet_id == wallet_id), None)
    until = ending_merger.occurred_at if ending_merger is not None else None
    own_ids, merged_in_at = _customers_of_wallet(rows, wallet_id)
    history = EventHistory(account.id, {id: rows.enrolled_at[id] for id in own_ids}, ())
    recorded_history = RecordedHistory(
        account=account, history=history, other_accounts=rows.other_accounts.get(wallet_id, {})
    )
    recorded_events: list[Event] = []
    recorded_corrections: list[events.ReceiptCorrected] = []
    digests: list[int] = []
    for id, since in {**dict.fromkeys(own_ids), **merged_in_at}.items():
        for event, row_digest in _customer_events(rows, id, recorded_history=recorded_history):
            if (since is None or event.at >= since) and (until is None or event.at < until):
                recorded_events.append(event)
                digests.append(row_digest)
        for correction, row_digest in _corrections(rows, id):
            if (since is None or correction.at >= since) and (until is None or correction.at < until):
                recorded_corrections.append(correction)
                digests.append(row_digest)
    for event, row_digest in (
        *_account_events(rows, account),
        *_notice_deliveries(rows, account, since=None, until=until),
    ):
        recorded_events.append(event)
        digests.append(row_digest)
    absorbed_histories = []
    for merger in rows.mergers:
        if merger.to_wallet_id == wallet_id:
            absorbed_history = _history_of(rows, rows.accounts[merger.from_wallet_id])
            absorbed_histories.append(absorbed_history)
            recorded_events.append(
                WalletMerged(merger.id, merger.occurred_at, absorbed_history.history, merger.survivor_id)
            )
            digests.append(mergers.row_digest(merger))
    digests += [expiry_notices.row_digest(notice) for notice in rows.notices.get(account.id, ())]
    digests += [customers.row_digest(id, enrolled_at=rows.enrolled_at[id]) for id in own_ids]
    recorded_history.absorbed_histories, recorded_history.ending_merger = tuple(absorbed_histories), ending_merger
    recorded_history.history = EventHistory(
        account.id, recorded_history.history.enrolled_at, tuple(recorded_events), tuple(recorded_corrections)
    )
    recorded_history.events_digest = combine(EMPTY_DIGEST, (*digests, accounts.row_digest(account)))
    recorded_history.notices = tuple(rows.notices.get(account.id, ()))
    return recorded_history


def _customers_of_wallet(rows: HistoryRows, wallet_id: str) -> tuple[set[str], dict[str, datetime]]:
    """The customers (ids) who held a wallet from its start, and those who joined it by a merger, with the time of that."""
    merged_in_at: dict[str, datetime] = {}
    for merger in rows.mergers:
        if merger.to_wallet_id == wallet_id:
            own_ids, earlier_ids = _customers_of_wallet(rows, merger.from_wallet_id)
            merged_in_at |= dict.fromkeys((*own_ids, *earlier_ids), merger.occurred_at)
    merged_away_ids = {merger.customer_id for merger in rows.mergers if merger.from_wallet_id == wallet_id}
    return merged_away_ids or set(rows.holders.get(wallet_id, ())) - merged_in_at.keys(), merged_in_at


def _customer_events(
    rows: HistoryRows, customer_id: str, *, recorded_history: RecordedHistory
) -> Iterator[tuple[Event, int]]:
    """A customer's purchases, refunds, redemptions and reversals, each with the digest of its rows.

    The rows themselves are put into `recorded_history`.
    """
    purchase_by_id = {purchase.id: purchase for purchase in rows.purchases.get(customer_id, ())}
    exchange_purchase_ids = frozenset(rows.exchange_purchases.values())
    for purchase in purchase_by_id.values():
        recorded_history.purchases[purchase.id] = purchase
        if purchase.id not in exchange_purchase_ids:
            yield _purchase_event(rows, purchase), purchases.row_digest(purchase)
        for refund in rows.refunds.get(purchase.id, ()):
            recorded_history.refunds[refund.id] = refund
            yield _refund_event(rows, refund, purchase_by_id=purchase_by_id)
    for redemption in rows.redemptions.get(customer_id, ()):
        recorded_history.redemptions[redemption.id] = redemption
        yield _redemption_event(rows, redemption), redemptions.row_digest(redemption)
        if (reversal := rows.reversals.get(redemption.id)) is not None:
            event = events.RedemptionReversed(reversal.id, redemption.id, reversal.occurred_at, reversal.usable_until)
            yield event, reversals.row_digest(reversal)


def _purchase_event(rows: HistoryRows, purchase: Purchase) -> events.PurchaseRecorded:
    terms = rows.versions.by_number[purchase.terms_version]
    return events.PurchaseRecorded(
        purchase.id, purchase.customer_id, purchase.tie_breaker, purchase.facts, terms, purchase.move_id or ""
    )


def _refund_event(rows: HistoryRows, refund: Refund, *, purchase_by_id: Mapping[str, Purchase]) -> tuple[Event, int]:
    """The event of a refund or, if the customer took new goods for the returned ones, of an exchange, with its digest."""
    number, at = refund.external_id or "", refund.occurred_at
    new_purchase = purchase_by_id.get(rows.exchange_purchases.get(refund.id, ""))
    if new_purchase is None:
        event = events.RefundRecorded(refund.id, refund.purchase_id, at, refund.lines, number, refund.amounts)
        return event, refunds.row_digest(refund)
    new_purchase_event = _purchase_event(rows, new_purchase)
    number = number or new_purchase.tie_breaker
    exchange_event = events.ExchangeRecorded(
        refund.id, refund.purchase_id, at, refund.lines, new_purchase_event, number, refund.amounts
    )
    row_digests = (
        refunds.row_digest(refund),
        purchases.row_digest(new_purchase),
        exchanges.row_digest(refund.id, new_purchase.id),
    )
    return exchange_event, sum(row_digests)


def _corrections(rows: HistoryRows, customer_id: str) -> Iterator[tuple[events.ReceiptCorrected, int]]:
    """The corrections of receipts that were the customer's before or after the correction, each with its digest."""
    for correction in rows.corrections:
        if customer_id not in (correction.from_customer_id, correction.to_customer_id):
            continue
        before = None
        if correction.from_customer_id == customer_id:
            terms, moved_by = (
                rows.versions.by_number[correction.terms_version],
                correction.move_id_before or "",
            )
            before = events.PurchaseRecorded(
                correction.purchase_id, customer_id, correction.tie_breaker, correction.facts_before, terms, moved_by
            )
        correction_event = events.ReceiptCorrected(
            correction.id, correction.purchase_id, correction.occurred_at, before, correction.retained_budget_usage
        )
        yield correction_event, corrections.row_digest(correction)


def _redemption_event(rows: HistoryRows, redemption: Redemption) -> events.RewardRedeemed | events.HoldPlaced:
    """The event of a redemption: of a hold, unless it was captured."""
    terms, reward = rows.versions.by_number[redemption.terms_version], rows.reward_keys[redemption.reward_id]
    if redemption.held_until is not None and (
        redemption.state is RedemptionState.HELD or redemption.ended_at is not None
    ):
        return events.HoldPlaced(
            redemption.id,
            redemption.occurred_at,
            redemption.points,
            redemption.held_until,
            redemption.ended_at,
            terms,
            reward,
        )
    return events.RewardRedeemed(
        id=redemption.id,
        customer_id=redemption.customer_id,
        facts=redemption.facts,
        terms=terms,
        points=redemption.points,
        reward=reward,
        clause_keys=redemption.decision.applied_clause_keys(),
    )


def _account_events(rows: HistoryRows, account: Account) -> Iterator[tuple[Event, int]]:
    """The adjustments and transfers of an account, each with the digest of its row."""
    for account_of_unit in (account, *rows.other_accounts.get(account.wallet_id, {}).values()):
        for adjustment in rows.adjustments.get(account_of_unit.id, ()):
            terms = rows.versions.by_number[adjustment.terms_version]
            event = events.PointsAdjusted(
                adjustment.id, adjustment.occurred_at, adjustment.points, terms, account_of_unit.unit
            )
            yield event, adjustments.row_digest(adjustment)
    for transfer in rows.transfers:
        if transfer.from_account_id == account.id:
            draws = {transferred_lot.source: transferred_lot.lot.points for transferred_lot in transfer.lots}
            yield events.TransferSent(transfer.id, transfer.occurred_at, draws), transfers.row_digest(transfer)
        elif transfer.to_account_id == account.id:
            lots = tuple(transferred_lot.lot for transferred_lot in transfer.lots)
            yield events.TransferReceived(transfer.id, transfer.occurred_at, lots), transfers.row_digest(transfer)


def _notice_deliveries(
    rows: HistoryRows, account: Account, *, since: datetime | None, until: datetime | None
) -> Iterator[tuple[Event, int]]:
    """The deliveries of expiry notices, including those for wallets merged into this one, each with its digest."""
    for notice in rows.notices.get(account.id, ()):
        lots = frozenset(notified_lot.lot_id for notified_lot in notice.lots)
        for delivery in rows.deliveries.get(notice.id, ()):
            if (since is None or delivery.delivered_at >= since) and (until is None or delivery.delivered_at < until):
                event = events.ExpiryNoticeDelivered(delivery.id, delivery.delivered_at, lots, delivery.channel)
                yield event, expiry_notices.delivery_digest(delivery)
    for merger in rows.mergers:
        if merger.to_wallet_id == account.wallet_id:
            merged_at = merger.occurred_at if since is None else max(since, merger.occurred_at)
            yield from _notice_deliveries(rows, rows.accounts[merger.from_wallet_id], since=merged_at, until=until)
