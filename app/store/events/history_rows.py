"""The rows that the event history of accounts is built from, read together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from app.domain.customers.merger import Merger
from app.domain.ledger.account import Account
from app.domain.ledger.adjustment import Adjustment
from app.domain.ledger.expiry_notice import Delivery, ExpiryNotice
from app.domain.ledger.transfer import Transfer
from app.domain.purchases.purchase import Purchase
from app.domain.purchases.receipt_correction import ReceiptCorrection
from app.domain.purchases.refund import Refund
from app.domain.rewards.redemption import Redemption
from app.domain.rewards.reversal import Reversal
from app.domain.units import Unit
from app.store.customers import mergers
from app.store.database.codecs import instant
from app.store.database.session import Session
from app.store.ledger import accounts, adjustments, expiry_notices, transfers
from app.store.purchases import corrections, exchanges, purchases, refunds
from app.store.rewards import redemptions, reversals, rewards
from app.store.terms.known_versions import Versions


@dataclass(slots=True)
class HistoryRows:
    """The rows behind the histories of several accounts and of those merged into them.

    Each attribute is read in one query. The keys of a mapping are ids of the customers or accounts that its rows belong to,
    unless a remark says otherwise.
    """

    versions: Versions
    accounts: dict[str, Account]
    """The points accounts, by wallet id."""
    other_accounts: dict[str, dict[Unit, Account]]
    """The accounts of other units, by wallet id."""
    mergers: tuple[Merger, ...]
    holders: dict[str, set[str]] = field(default_factory=dict)
    """The customers (ids) who hold a wallet now, by wallet id."""
    enrolled_at: dict[str, datetime] = field(default_factory=dict)
    purchases: dict[str, list[Purchase]] = field(default_factory=dict)
    corrections: tuple[ReceiptCorrection, ...] = ()
    refunds: dict[str, list[Refund]] = field(default_factory=dict)
    """By purchase id."""
    exchange_purchases: dict[str, str] = field(default_factory=dict)
    """The purchase (id) of the new goods of an exchange, by the id of its refund."""
    redemptions: dict[str, list[Redemption]] = field(default_factory=dict)
    reversals: dict[str, Reversal] = field(default_factory=dict)
    """By redemption id."""
    reward_keys: dict[str, str] = field(default_factory=dict)
    """By reward id."""
    adjustments: dict[str, list[Adjustment]] = field(default_factory=dict)
    transfers: tuple[Transfer, ...] = ()
    notices: dict[str, list[ExpiryNotice]] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)


async def read(session: Session, *, points_accounts: Sequence[Account], versions: Versions) -> HistoryRows:
    """Read the rows of accounts, and of the accounts merged into them."""
    wallet_ids = sorted({account.wallet_id for account in points_accounts})
    merger_rows = await mergers.connected_to_wallets(session, wallet_ids=wallet_ids)
    all_wallet_ids = sorted({*wallet_ids, *(merger.from_wallet_id for merger in merger_rows)})
    account_rows = list(points_accounts)
    has_stamps = any(Unit.STAMPS in version.units for version in versions.by_number.values())
    if has_stamps or len(all_wallet_ids) > len(wallet_ids):
        account_rows = list(await accounts.of_wallets(session, wallet_ids=all_wallet_ids))
    other_accounts: dict[str, dict[Unit, Account]] = {}
    for account in account_rows:
        if account.unit is not Unit.POINTS:
            other_accounts.setdefault(account.wallet_id, {})[account.unit] = account
    points_by_wallet = {account.wallet_id: account for account in account_rows if account.unit is Unit.POINTS}
    rows = await session.rows(
        "SELECT id, wallet_id, enrolled_at FROM customers WHERE program_id = $1"
        " AND (wallet_id = ANY($2) OR id = ANY($3))",
        all_wallet_ids,
        sorted({merger.customer_id for merger in merger_rows}),
    )
    history_rows = HistoryRows(
        versions=versions, accounts=points_by_wallet, other_accounts=other_accounts, mergers=merger_rows
    )
    for row in rows:
        history_rows.holders.setdefault(row["wallet_id"], set()).add(row["id"])
        history_rows.enrolled_at[row["id"]] = instant(row["enrolled_at"])
    await _read_customers(session, ids=sorted(history_rows.enrolled_at), history_rows=history_rows)
    await _read_accounts(session, ids=sorted(account.id for account in account_rows), history_rows=history_rows)
    return history_rows


async def _read_customers(session: Session, *, ids: Sequence[str], history_rows: HistoryRows) -> None:
    """Read what customers bought, returned and redeemed."""
    purchase_rows = await purchases.of_customers(session, customer_ids=ids)
    refund_rows = await refunds.of_customers(session, customer_ids=ids)
    history_rows.exchange_purchases = await exchanges.of_customers(session, customer_ids=ids) if refund_rows else {}
    redemption_rows = await redemptions.of_customers(session, customer_ids=ids)
    history_rows.corrections = await corrections.of_customers(session, customer_ids=ids)
    history_rows.purchases = _grouped(purchase_rows, key=lambda purchase: purchase.customer_id)
    history_rows.refunds = _grouped(refund_rows, key=lambda refund: refund.purchase_id)
    history_rows.redemptions = _grouped(redemption_rows, key=lambda redemption: redemption.customer_id)
    if redemption_rows:
        redemption_ids = [redemption.id for redemption in redemption_rows]
        reversed_redemptions = await reversals.of_redemptions(session, redemption_ids=redemption_ids)
        reward_ids = sorted({redemption.reward_id for redemption in redemption_rows})
        redeemed_rewards = await rewards.by_ids(session, reward_ids=reward_ids)
        history_rows.reversals = {reversal.redemption_id: reversal for reversal in reversed_redemptions}
        history_rows.reward_keys = {reward.id: reward.key for reward in redeemed_rewards.values()}


async def _read_accounts(session: Session, *, ids: Sequence[str], history_rows: HistoryRows) -> None:
    """Read adjustments, transfers and expiry notices of accounts."""
    adjustment_rows = await adjustments.of_accounts(session, account_ids=ids)
    history_rows.adjustments = _grouped(adjustment_rows, key=lambda adjustment: adjustment.account_id)
    history_rows.transfers = await transfers.of_accounts(session, account_ids=ids)
    if any(version.validity.expires for version in history_rows.versions.by_number.values()):
        notices = await expiry_notices.of_accounts(session, account_ids=ids)
        deliveries = await expiry_notices.deliveries(session, notice_ids=[notice.id for notice in notices])
        history_rows.notices = _grouped(notices, key=lambda notice: notice.account_id)
        history_rows.deliveries = _grouped(deliveries, key=lambda delivery: delivery.notice_id)


T = TypeVar("T")


def _grouped(rows: Iterable[T], *, key: Callable[[T], str]) -> dict[str, list[T]]:
    """Rows grouped by a key."""
    grouped: dict[str, list[T]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return grouped
