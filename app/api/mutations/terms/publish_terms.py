"""publishTerms: a new version of the terms, given as typed clauses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.mutations.payload_objects import load_decision, result_field
from app.api.types.decisions.decision import Decision
from app.api.types.terms.clause_input import ClauseInput, drafted_clauses
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.validation import TermsError
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms, PublishTermsResult


@strawberry.input(description="A version of the terms to publish.")
class PublishTermsInput(CommandInput):
    """All clauses, and from when on they decide."""

    effective_from: datetime | None = strawberry.field(
        default=None,
        description="The instant from which it decides; by default at once for the first version, and for later ones as soon as the notice clause allows.",
    )
    clauses: list[ClauseInput] = strawberry.field(
        description="All clauses, 1 to 200, in their order. Standard clauses that are left out are added with their defaults."
    )


async def terms_of(result: PublishTermsResult, context: Context) -> Terms | None:
    """The version that was published."""
    if result.terms_version is None:
        return None
    return Terms.of(await context.terms(result.terms_version), context=context)


@strawberry.type(description="Result of `publishTerms`.")
class PublishTermsPayload(Payload[PublishTermsResult]):
    """The version, or the decision that refused it."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="The decision by the notice clause of the version in force; null for the first version.",
    )

    terms: Terms | None = result_field(
        PublishTermsResult, terms_of, description="The version that was published; null when it was refused."
    )

    @classmethod
    async def of(cls, result: PublishTermsResult, *, command: Any, context: Context) -> Self:
        """The published version, or the decision that refused it."""
        return cls(result=result, decision=await load_decision(result, context=context))


async def resolve(
    info: Info,
    input: Annotated[PublishTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> PublishTermsPayload | None:
    """Publish a version: the first one at once, a worse one with notice."""
    return await mutate(
        PublishTermsPayload,
        publish_terms.run,
        _command(input, context=info.context),
        permission=Permission.PUBLISH_TERMS,
        input=input,
        info=info,
    )


def _command(input: PublishTermsInput, *, context: Context) -> PublishTerms | Problem:
    try:
        clauses = drafted_clauses(input.clauses, currency=context.program.currency)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.detail)
    return PublishTerms(effective_from=input.effective_from, clauses=clauses)
