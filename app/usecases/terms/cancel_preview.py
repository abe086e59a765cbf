"""Cancel an impact preview that is queued or running."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.problems import Problem, ProblemCode
from app.store.database.session import Session
from app.store.previews import previews
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class CancelPreview:
    """The id of the preview."""

    preview_id: str


@stored_as("preview_cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPreviewResult(CommandResult):
    """The preview, which is cancelled or has ended."""

    preview_id: str


@use_case(CancelPreviewResult)
async def run(
    session: Session,
    *,
    context: CommandContext,  # noqa: ARG001 - as every handler
    command: CancelPreview,
) -> CancelPreviewResult | Problem:
    """Cancel the preview; an ended one is left as it is."""
    if await previews.by_id(session, preview_id=command.preview_id) is None:
        return Problem(ProblemCode.PREVIEW_NOT_FOUND, path=("preview",))
    await previews.cancel(session, preview_id=command.preview_id)
    return CancelPreviewResult(preview_id=command.preview_id)
