"""cancelImpactPreview: a preview that is queued or running is stopped."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Info
from app.api.conventions.ids import decode
from app.api.mutations.payload_objects import ImpactPreviewPayload
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.terms import cancel_preview
from app.usecases.terms.cancel_preview import CancelPreview


@strawberry.input(description="A preview to stop.")
class CancelImpactPreviewInput(CommandInput):
    """Which preview."""

    preview: strawberry.ID = strawberry.field(description="Opaque id of the preview.")


async def resolve(
    info: Info,
    input: Annotated[
        CancelImpactPreviewInput, strawberry.argument(description="What to do, with its idempotency key.")
    ],
) -> ImpactPreviewPayload | None:
    """Stop the preview; one that has ended stays as it is."""
    return await mutate(
        ImpactPreviewPayload,
        cancel_preview.run,
        _command(input),
        permission=Permission.PUBLISH_TERMS,
        input=input,
        info=info,
    )


def _command(input: CancelImpactPreviewInput) -> CancelPreview | Problem:
    preview_id = decode(input.preview, "ImpactPreview")
    if preview_id is None:
        return Problem(ProblemCode.PREVIEW_NOT_FOUND, path=("preview",))
    return CancelPreview(preview_id=preview_id)
