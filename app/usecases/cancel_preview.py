"""Stop an impact preview that waits or runs."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store import previews
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Which preview, by id."""

    preview_id: str


async def cancel_preview(session: Session, *, call: Call, order: Cancellation) -> Answer | Problem:
    """Nothing happens to one that has ended."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if await previews.by_id(session, program_id=call.program.id, preview_id=order.preview_id) is None:
        return Problem(ProblemCode.PREVIEW_NOT_FOUND, path=("preview",))
    await previews.cancel(session, program_id=call.program.id, preview_id=order.preview_id)
    return await keep(session, call=call, answer=Answer(preview_id=order.preview_id))
