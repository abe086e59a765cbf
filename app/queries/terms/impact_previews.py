"""Impact previews, while they run and when they are done."""

from __future__ import annotations

from app.domain.simulation.preview import Preview
from app.store.database.session import Session
from app.store.previews import previews


async def preview_by_id(session: Session, *, preview_id: str) -> Preview | None:
    """The preview with this id; None if there is none. An ended preview is deleted once there are enough newer ones."""
    return await previews.by_id(session, preview_id=preview_id)
