"""The inbox of a customer: notices of points that expire, and how they reached the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.wallets.coming import last_valid_day
from app.domain.wallets.purse import Purse
from app.store import accounts, expiry_notices
from app.store.expiry_notices import Delivery, ExpiryNotice
from app.store.telling import retell
from app.store.unit import Session

MOST = 100
"""Notices shown, newest first."""


@dataclass(frozen=True, slots=True)
class InboxNotice:
    """A notice with its deliveries, earliest first."""

    notice: ExpiryNotice
    deliveries: tuple[Delivery, ...]


async def of_accounts(
    session: Session, *, program_id: str, ids: Sequence[str], at: datetime
) -> list[tuple[InboxNotice, ...]]:
    """The notices of several accounts, newest first, in the order asked for, with the dates that hold at a moment."""
    notices = await expiry_notices.of_accounts(session, program_id=program_id, account_ids=ids)
    if not notices:
        return [() for _ in ids]
    heard = await expiry_notices.deliveries(session, program_id=program_id, notice_ids=[one.id for one in notices])
    holders = await accounts.by_ids(
        session, program_id=program_id, account_ids=sorted({notice.account_id for notice in notices})
    )
    wallets: dict[str, Purse] = {}
    for id, account in holders.items():
        wallets[id] = (await retell(session, program_id=program_id, account=account, until=at)).course.points
    found: dict[str, list[InboxNotice]] = {id: [] for id in ids}
    for notice in notices:
        as_now = _as_now(notice, wallet=wallets[notice.account_id], at=at)
        found[notice.account_id].append(InboxNotice(as_now, tuple(by for by in heard if by.notice_id == notice.id)))
    return [tuple(found[id][:MOST]) for id in ids]


def _as_now(notice: ExpiryNotice, *, wallet: Purse, at: datetime) -> ExpiryNotice:
    """The notice with the last days as things stand: one that comes late leaves its points valid for longer."""
    lots = []
    for told in notice.lots:
        lot = wallet.holdings.lots.get(wallet.renamed.get(told.lot_id, told.lot_id))
        last = last_valid_day(wallet, lot, at=at) if lot is not None else None
        lots.append(told if last is None else replace(told, last_day=last))
    return replace(notice, lots=tuple(lots))
