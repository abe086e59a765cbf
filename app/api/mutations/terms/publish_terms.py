"""publishTerms: a new version of the terms, given as typed clauses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.mutations.payload_objects import load_terms
from app.api.types.decision import Decision, decision_payload
from app.api.types.terms.clause_input import ClauseInput, drafted
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.validation import TermsError
from app.usecases.command import Answer
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms


@strawberry.input(description="A version of the terms to publish.")
class PublishTermsInput(CommandInput):
    """All clauses, and from when."""

    effective_from: datetime | None = strawberry.field(
        default=None,
        description="From when it decides; default at once for the first version, later as soon as the notice allows.",
    )
    clauses: list[ClauseInput] = strawberry.field(
        description="All clauses, 1 to 200, in their order. Standard clauses that are left out are added with their defaults."
    )


@strawberry.type(description="What publishing came to.")
class PublishTermsPayload(Payload):
    """The version, or the decision that refused it."""

    decision: Decision | None = strawberry.field(
        default=None, description="By the notice clause of the version in force; null for the first version."
    )

    terms: Terms | None = strawberry.field(
        resolver=load_terms, description="The version that was published; null when it was refused."
    )

    @classmethod
    async def of(cls, answer: Answer, *, command: Any, context: Context) -> Self:
        """The published version, or the decision that refused it."""
        return cls(answer=answer, decision=await decision_payload(answer, context=context))


async def resolve(
    info: Info,
    input: Annotated[PublishTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> PublishTermsPayload | None:
    """Publish a version: the first one at once, a worse one with notice."""
    return await mutate(
        PublishTermsPayload,
        publish_terms.run,
        _command(input, context=info.context),
        permission=Permission.PUBLISH_TERMS,
        input=input,
        info=info,
        locale=locale,
    )


def _command(input: PublishTermsInput, *, context: Context) -> PublishTerms | Problem:
    try:
        clauses = drafted(input.clauses, currency=context.program.currency)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    return PublishTerms(effective_from=input.effective_from, clauses=clauses)
