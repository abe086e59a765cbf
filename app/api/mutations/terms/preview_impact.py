"""previewTermsImpact and cancelImpactPreview: an owner tries a draft out on the recent past, and may stop it."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload, canonical_json
from app.api.types.impact_preview import ImpactPreview
from app.api.types.terms.clause_input import ClauseInput, drafted
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.version import TermsError
from app.queries.terms.impact_previews import one_preview
from app.usecases.command import Answer
from app.usecases.terms import cancel_preview, preview_impact
from app.usecases.terms.cancel_preview import CancelPreview
from app.usecases.terms.preview_impact import PreviewImpact

DAYS = 90


@strawberry.input(description="A draft to try out.")
class PreviewTermsImpactInput:
    """All clauses, and how far back."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    clauses: list[ClauseInput] = strawberry.field(description="All clauses, as for `publishTerms`, 1 to 200.")
    days: int = strawberry.field(default=DAYS, description="How many days of the past to replay, 1 to 730.")


@strawberry.input(description="A preview to stop.")
class CancelImpactPreviewInput:
    """Which one."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    preview: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.type(description="The preview that was asked for, or stopped.")
class ImpactPreviewPayload(Payload):
    """Read again, as it stands."""

    answer: strawberry.Private[Answer | None] = None

    @strawberry.field(description="The preview; null when nothing was done.")
    async def preview(self, info: Info) -> ImpactPreview | None:
        """As far as it is by now."""
        if self.answer is None or self.answer.preview_id is None:
            return None
        found = await info.context.query(one_preview, preview_id=self.answer.preview_id)
        return ImpactPreview.of(found) if found is not None else None


async def preview_terms_impact(
    info: Info,
    input: Annotated[PreviewTermsImpactInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> ImpactPreviewPayload | None:
    """Start it; read `impactPreview` for the result."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        preview_impact.run,
        name="previewTermsImpact",
        permission=Permission.PUBLISH_TERMS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_wanted(input, context=context),
        context=context,
    )
    return _payload(outcome)


async def cancel_impact_preview(
    info: Info,
    input: Annotated[
        CancelImpactPreviewInput, strawberry.argument(description="What to do, with its idempotency key.")
    ],
    locale: Language = None,
) -> ImpactPreviewPayload | None:
    """Stop it."""
    set_locale(info, locale)
    key = decode(input.preview, "ImpactPreview")
    outcome = await execute_command(
        cancel_preview.run,
        name="cancelImpactPreview",
        permission=Permission.PUBLISH_TERMS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=Problem(ProblemCode.PREVIEW_NOT_FOUND, path=("preview",))
        if key is None
        else CancelPreview(preview_id=key),
        context=info.context,
    )
    return _payload(outcome)


def _payload(outcome: Answer | Problem) -> ImpactPreviewPayload:
    if isinstance(outcome, Problem):
        return ImpactPreviewPayload(problem=outcome)
    return ImpactPreviewPayload(answer=outcome)


def _wanted(sent: PreviewTermsImpactInput, *, context: Context) -> PreviewImpact | Problem:
    try:
        return PreviewImpact(clauses=drafted(sent.clauses, currency=context.program.currency), days=sent.days)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
