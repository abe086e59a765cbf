"""previewTermsImpact: the recent past is replayed under a draft of the terms."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import ImpactPreviewPayload
from app.api.types.terms.clause_input import ClauseInput, drafted_clauses
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.validation import TermsError
from app.usecases.terms import preview_impact
from app.usecases.terms.preview_impact import PreviewImpact

DEFAULT_DAYS = 90


@strawberry.input(description="A draft to try out.")
class PreviewTermsImpactInput(CommandInput):
    """All clauses of the draft, and how many days of the past to replay."""

    clauses: list[ClauseInput] = strawberry.field(description="All clauses, as for `publishTerms`, 1 to 200.")
    days: int = strawberry.field(default=DEFAULT_DAYS, description="How many days of the past to replay, 1 to 730.")


async def resolve(
    info: Info,
    input: Annotated[PreviewTermsImpactInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> ImpactPreviewPayload | None:
    """Queue the preview; `impactPreview` shows its progress and its result."""
    return await mutate(
        ImpactPreviewPayload,
        preview_impact.run,
        _command(input, context=info.context),
        permission=Permission.PUBLISH_TERMS,
        input=input,
        info=info,
    )


def _command(input: PreviewTermsImpactInput, *, context: Context) -> PreviewImpact | Problem:
    try:
        return PreviewImpact(clauses=drafted_clauses(input.clauses, currency=context.program.currency), days=input.days)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.detail)
