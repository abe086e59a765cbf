"""The inbox of a customer: notices of points that expire, and how they reached the customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.store import expiry_notices
from app.store.expiry_notices import Delivery, ExpiryNotice
from app.store.unit import Session

MOST = 100
"""Notices shown, newest first."""


@dataclass(frozen=True, slots=True)
class InboxNotice:
    """A notice with its deliveries, earliest first."""

    notice: ExpiryNotice
    deliveries: tuple[Delivery, ...]


async def of_accounts(session: Session, *, program_id: str, ids: Sequence[str]) -> list[tuple[InboxNotice, ...]]:
    """The notices of several accounts, newest first, in the order asked for."""
    notices = await expiry_notices.of_accounts(session, program_id=program_id, account_ids=ids)
    heard = (
        await expiry_notices.deliveries(session, program_id=program_id, notice_ids=[one.id for one in notices])
        if notices
        else ()
    )
    found: dict[str, list[InboxNotice]] = {id: [] for id in ids}
    for one in notices:
        found[one.account_id].append(InboxNotice(one, tuple(by for by in heard if by.notice_id == one.id)))
    return [tuple(found[id][:MOST]) for id in ids]
