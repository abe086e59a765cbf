"""A customer's inbox: notices of expiring points, and their deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.ledger.expiry_notice import Delivery, ExpiryNotice
from app.domain.wallets.forecast import last_spendable_day
from app.domain.wallets.unit_account import UnitAccount
from app.store.database.session import Session
from app.store.events.replay import replay_wallet
from app.store.ledger import accounts, expiry_notices

MAX_NOTICES = 100
"""The number of an account's notices that are shown; older ones are left out."""


@dataclass(frozen=True, slots=True)
class ExpiryNoticeView:
    """A notice with its deliveries, earliest first."""

    notice: ExpiryNotice
    deliveries: tuple[Delivery, ...]


async def of_accounts(session: Session, *, ids: Sequence[str], at: datetime) -> list[tuple[ExpiryNoticeView, ...]]:
    """The notices of each account, newest first, in the order of `ids`. The last days of their points are as of an instant."""
    notices = await expiry_notices.of_accounts(session, account_ids=ids)
    if not notices:
        return [() for _ in ids]
    deliveries = await expiry_notices.deliveries(session, notice_ids=[notice.id for notice in notices])
    accounts_by_id = await accounts.by_ids(session, account_ids=sorted({notice.account_id for notice in notices}))
    points_accounts: dict[str, UnitAccount] = {}
    for id, account in accounts_by_id.items():
        points_accounts[id] = (await replay_wallet(session, account=account, until=at)).wallet.point_account
    views: dict[str, list[ExpiryNoticeView]] = {id: [] for id in ids}
    for notice in notices:
        present_notice = _with_present_last_days(notice, points_account=points_accounts[notice.account_id], at=at)
        views[notice.account_id].append(
            ExpiryNoticeView(
                present_notice, tuple(delivery for delivery in deliveries if delivery.notice_id == notice.id)
            )
        )
    return [tuple(views[id][:MAX_NOTICES]) for id in ids]


def _with_present_last_days(notice: ExpiryNotice, *, points_account: UnitAccount, at: datetime) -> ExpiryNotice:
    """The notice with the last days as of an instant, which are later than the stored ones if the notice was late."""
    lots = []
    for notified_lot in notice.lots:
        lot_id = points_account.lot_id_map.get(notified_lot.lot_id, notified_lot.lot_id)
        lot = points_account.inventory.lots.get(lot_id)
        last_day = last_spendable_day(points_account, lot, at=at) if lot is not None else None
        lots.append(notified_lot if last_day is None else replace(notified_lot, last_day=last_day))
    return replace(notice, lots=tuple(lots))
