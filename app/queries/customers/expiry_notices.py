"""A customer's inbox: notices of expiring points, and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ledger.expiry_notice import Delivery, ExpiryNotice
from app.domain.wallets.forecast import last_spendable_day
from app.domain.wallets.unit_account import UnitAccount
from app.store.database.session import Session
from app.store.events.replay import replay_account
from app.store.ledger import accounts, expiry_notices

MAX_NOTICES = 100
"""Notices shown, newest first."""


@dataclass(frozen=True, slots=True)
class ExpiryNoticeView:
    """A notice with its deliveries, earliest first."""

    notice: ExpiryNotice
    deliveries: tuple[Delivery, ...]


async def of_accounts(session: Session, *, ids: Sequence[str], at: datetime) -> list[tuple[ExpiryNoticeView, ...]]:
    """The notices of several accounts, newest first, in the order requested, with the last days as of an instant."""
    notices = await expiry_notices.of_accounts(session, account_ids=ids)
    if not notices:
        return [() for _ in ids]
    deliveries = await expiry_notices.deliveries(session, notice_ids=[notice.id for notice in notices])
    holders = await accounts.by_ids(session, account_ids=sorted({notice.account_id for notice in notices}))
    wallets: dict[str, UnitAccount] = {}
    for id, account in holders.items():
        wallets[id] = (await replay_account(session, account=account, until=at)).wallet.points
    views: dict[str, list[ExpiryNoticeView]] = {id: [] for id in ids}
    for notice in notices:
        as_now = _as_now(notice, wallet=wallets[notice.account_id], at=at)
        views[notice.account_id].append(
            ExpiryNoticeView(as_now, tuple(by for by in deliveries if by.notice_id == notice.id))
        )
    return [tuple(views[id][:MAX_NOTICES]) for id in ids]


def _as_now(notice: ExpiryNotice, *, wallet: UnitAccount, at: datetime) -> ExpiryNotice:
    """The notice with the present last days: points of a late notice stay valid for longer."""
    lots = []
    for notified in notice.lots:
        lot = wallet.inventory.lots.get(wallet.lot_id_map.get(notified.lot_id, notified.lot_id))
        last = last_spendable_day(wallet, lot, at=at) if lot is not None else None
        lots.append(notified if last is None else replace(notified, last_day=last))
    return replace(notice, lots=tuple(lots))
