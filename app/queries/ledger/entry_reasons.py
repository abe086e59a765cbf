"""Why entries stand in the ledger: what people said, and which late facts made corrections necessary."""

from __future__ import annotations

from collections.abc import Sequence

from app.store.database.session import Session
from app.store.ledger import entry_reasons
from app.store.ledger.entry_reasons import Cause, Stated


async def stated(session: Session, *, ids: Sequence[str]) -> list[Stated | None]:
    """What was said when people moved points, by the ids of what they did, in the order asked for."""
    found = await entry_reasons.stated(session, ids=ids)
    return [found.get(id) for id in ids]


async def said_of_receipts(session: Session, *, ids: Sequence[str]) -> list[Stated | None]:
    """What was said when people set receipts right, by the ids of the corrections, in the order asked for."""
    found = await entry_reasons.said_of_receipts(session, ids=ids)
    return [found.get(id) for id in ids]


async def causes(session: Session, *, ids: Sequence[str]) -> list[Cause | None]:
    """Facts by id, in the order asked for."""
    found = await entry_reasons.causes(session, ids=ids)
    return [found.get(id) for id in ids]
