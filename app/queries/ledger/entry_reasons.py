"""Reasons behind entries: what staff stated, and which late events made corrections necessary."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ledger.entry_reasons import Cause, StatedReason
from app.store.database.session import Session
from app.store.ledger import entry_reasons


async def stated(session: Session, *, ids: Sequence[str]) -> list[StatedReason | None]:
    """The reasons given with movements of points, by the ids of the movements, in the order requested."""
    by_id = await entry_reasons.stated(session, ids=ids)
    return [by_id.get(id) for id in ids]


async def stated_for_receipts(session: Session, *, ids: Sequence[str]) -> list[StatedReason | None]:
    """The reasons given with receipt corrections, by their ids, in the order requested."""
    by_id = await entry_reasons.stated_for_receipts(session, ids=ids)
    return [by_id.get(id) for id in ids]


async def causes(session: Session, *, ids: Sequence[str]) -> list[Cause | None]:
    """Events by id, in the order requested."""
    by_id = await entry_reasons.causes(session, ids=ids)
    return [by_id.get(id) for id in ids]
