"""Why entries stand in the ledger: what people said, and which late facts made corrections necessary."""

from __future__ import annotations

from collections.abc import Sequence

from app.store import reasons
from app.store.reasons import Cause, Stated
from app.store.unit import Session


async def stated(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Stated | None]:
    """What was said when people moved points, by the ids of what they did, in the order asked for."""
    found = await reasons.stated(session, program_id=program_id, ids=ids)
    return [found.get(id) for id in ids]


async def said_of_receipts(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Stated | None]:
    """What was said when people set receipts right, by the ids of the corrections, in the order asked for."""
    found = await reasons.said_of_receipts(session, program_id=program_id, ids=ids)
    return [found.get(id) for id in ids]


async def causes(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Cause | None]:
    """Facts by id, in the order asked for."""
    found = await reasons.causes(session, program_id=program_id, ids=ids)
    return [found.get(id) for id in ids]
