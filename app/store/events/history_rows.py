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

    Each attribute is read in one query. Rows without a remark are grouped by the customer or account they belong to.
    """

    versions: Versions
    accounts: dict[str, Account]
    """The points accounts, by wallet."""
    other_accounts: dict[str, dict[Unit, Account]]
    """The accounts of other units, by wallet."""
    mergers: tuple[Merger, ...]
    holders: dict[str, set[str]] = field(default_factory=dict)
    """The customers who hold a wallet now, by wallet."""
    enrolled_at: dict[str, datetime] = field(default_factory=dict)
    purchases: dict[str, list[Purchase]] = field(default_factory=dict)
    corrections: tuple[ReceiptCorrection, ...] = ()
    refunds: dict[str, list[Refund]] = field(default_factory=dict)
    """By purchase."""
    exchange_purchases: dict[str, str] = field(default_factory=dict)
    """The purchase of the goods handed out in exchange, by refund."""
    redemptions: dict[str, list[Redemption]] = field(default_factory=dict)
    reversals: dict[str, Reversal] = field(default_factory=dict)
    """By redemption."""
    reward_keys: dict[str, str] = field(default_factory=dict)
    """By reward id."""
    adjustments: dict[str, list[Adjustment]] = field(default_factory=dict)
    transfers: tuple[Transfer, ...] = ()
    notices: dict[str, list[ExpiryNotice]] = field(default_factory=dict)
    deliveries: dict[str, list[Delivery]] = field(default_factory=dict)


async def read(session: Session, *, of: Sequence[Account], versions: Versions) -> HistoryRows:
    """Read the rows of accounts, and of the accounts merged into them."""
    wallets = sorted({account.wallet_id for account in of})
    merger_rows = await mergers.connected_to_wallets(session, wallet_ids=wallets)
    all_wallets = sorted({*wallets, *(merger.from_wallet_id for merger in merger_rows)})
    account_rows = list(of)
    has_stamps = any(Unit.STAMPS in version.units for version in versions.all.values())
    if has_stamps or len(all_wallets) > len(wallets):
        account_rows = list(await accounts.of_wallets(session, wallet_ids=all_wallets))
    others: dict[str, dict[Unit, Account]] = {}
    for account in account_rows:
        if account.unit is not Unit.POINTS:
            others.setdefault(account.wallet_id, {})[account.unit] = account
    points = {account.wallet_id: account for account in account_rows if account.unit is Unit.POINTS}
    rows = await session.rows(
        "SELECT id, wallet_id, enrolled_at FROM customers WHERE program_id = $1"
        " AND (wallet_id = ANY($2) OR id = ANY($3))",
        all_wallets,
        sorted({merger.customer_id for merger in merger_rows}),
    )
    history_rows = HistoryRows(versions=versions, accounts=points, other_accounts=others, mergers=merger_rows)
    for row in rows:
        history_rows.holders.setdefault(row["wallet_id"], set()).add(row["id"])
        history_rows.enrolled_at[row["id"]] = instant(row["enrolled_at"])
    await _read_customers(session, ids=sorted(history_rows.enrolled_at), into=history_rows)
    await _read_accounts(session, ids=sorted(account.id for account in account_rows), into=history_rows)
    return history_rows


async def _read_customers(session: Session, *, ids: Sequence[str], into: HistoryRows) -> None:
    """Read what customers bought, returned and redeemed."""
    bought = await purchases.of_customers(session, customer_ids=ids)
    returned = await refunds.of_customers(session, customer_ids=ids)
    into.exchange_purchases = await exchanges.of_customers(session, customer_ids=ids) if returned else {}
    redeemed = await redemptions.of_customers(session, customer_ids=ids)
    into.corrections = await corrections.of_customers(session, customer_ids=ids)
    into.purchases = _grouped(bought, key=lambda purchase: purchase.customer_id)
    into.refunds = _grouped(returned, key=lambda refund: refund.purchase_id)
    into.redemptions = _grouped(redeemed, key=lambda redemption: redemption.customer_id)
    if redeemed:
        redemption_ids = [redemption.id for redemption in redeemed]
        reversed_redemptions = await reversals.of_redemptions(session, redemption_ids=redemption_ids)
        reward_ids = sorted({redemption.reward_id for redemption in redeemed})
        redeemed_rewards = await rewards.by_ids(session, reward_ids=reward_ids)
        into.reversals = {reversal.redemption_id: reversal for reversal in reversed_redemptions}
        into.reward_keys = {reward.id: reward.key for reward in redeemed_rewards.values()}


async def _read_accounts(session: Session, *, ids: Sequence[str], into: HistoryRows) -> None:
    """Read adjustments, transfers and expiry notices of accounts."""
    adjusted = await adjustments.of_accounts(session, account_ids=ids)
    into.adjustments = _grouped(adjusted, key=lambda adjustment: adjustment.account_id)
    into.transfers = await transfers.of_accounts(session, account_ids=ids)
    if any(version.validity.expires for version in into.versions.all.values()):
        notices = await expiry_notices.of_accounts(session, account_ids=ids)
        deliveries = await expiry_notices.deliveries(session, notice_ids=[notice.id for notice in notices])
        into.notices = _grouped(notices, key=lambda notice: notice.account_id)
        into.deliveries = _grouped(deliveries, key=lambda delivery: delivery.notice_id)


T = TypeVar("T")


def _grouped(rows: Iterable[T], *, key: Callable[[T], str]) -> dict[str, list[T]]:
    """Rows grouped by a key."""
    grouped: dict[str, list[T]] = {}
    for row in rows:
        grouped.setdefault(key(row), []).append(row)
    return grouped
