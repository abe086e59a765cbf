"""Cancel an impact preview that is queued or running."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.store.previews import previews
from app.usecases.command import Answer, CommandContext, previous_result, remember_result


@dataclass(frozen=True, slots=True)
class CancelPreview:
    """The id of the preview."""

    preview_id: str


async def run(session: Session, *, context: CommandContext, command: CancelPreview) -> Answer | Problem:
    """Cancel the preview; an ended one is left as it is."""
    if (known := await previous_result(session, context=context)) is not None:
        return known
    if await previews.by_id(session, preview_id=command.preview_id) is None:
        return Problem(ProblemCode.PREVIEW_NOT_FOUND, path=("preview",))
    await previews.cancel(session, preview_id=command.preview_id)
    return await remember_result(session, context=context, answer=Answer(preview_id=command.preview_id))
