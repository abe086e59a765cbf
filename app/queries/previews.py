"""Impact previews, to be read while they run and when they are done."""

from __future__ import annotations

from app.store import previews
from app.store.previews import Preview as Preview
from app.store.previews import PreviewState as PreviewState
from app.store.unit import Session


async def one_preview(session: Session, *, program_id: str, preview_id: str) -> Preview | None:
    """The preview with this id, or None; ended ones are forgotten after some newer ones."""
    return await previews.by_id(session, program_id=program_id, preview_id=preview_id)
