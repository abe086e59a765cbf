"""publishTerms: a new version of the terms, given as typed clauses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.context import Context, Info, speak
from app.api.conventions.payloads import Payload, canonical
from app.api.conventions.performing import perform
from app.api.drafting.clauses import ClauseInput, drafted
from app.api.program.decisions import Decision, decided
from app.api.program.terms import Terms
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms import TermsError
from app.usecases.call import Answer
from app.usecases.publish import Draft, publish


@strawberry.input(description="A version of the terms to publish.")
class PublishTermsInput:
    """All clauses, and from when."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
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

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None, description="By the notice clause of the version in force; null for the first version."
    )

    @strawberry.field(description="The version that was published; null when it was refused.")
    async def terms(self, info: Info) -> Terms | None:
        """Read again."""
        if self.answer is None or self.answer.terms_version is None:
            return None
        return Terms.of(await info.context.terms(self.answer.terms_version))


async def publish_terms(
    info: Info,
    input: Annotated[PublishTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> PublishTermsPayload | None:
    """Publish the first version at once, and a change with notice."""
    context = info.context
    speak(info, locale)
    outcome = await perform(
        publish,
        name="publishTerms",
        permission=Permission.PUBLISH_TERMS,
        key=input.idempotency_key,
        payload=canonical(input),
        order=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return PublishTermsPayload(problem=outcome)
    return PublishTermsPayload(answer=outcome, decision=await decided(outcome, context=context))


def _order(sent: PublishTermsInput, *, context: Context) -> Draft | Problem:
    try:
        clauses = drafted(sent.clauses, currency=context.program.currency)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    return Draft(effective_from=sent.effective_from, clauses=clauses)
