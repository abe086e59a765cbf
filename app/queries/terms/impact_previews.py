"""Impact previews, while they run and when they are done."""

from __future__ import annotations

from app.domain.simulation.preview import Preview
from app.store.database.session import Session
from app.store.previews import previews


async def preview_by_id(session: Session, *, preview_id: str) -> Preview | None:
    """The preview with this id, or None; ended ones are deleted after some newer ones."""
    return await previews.by_id(session, preview_id=preview_id)
