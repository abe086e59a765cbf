"""publishTerms: a new version of the terms, given as typed clauses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.types.decision import Decision, decision_payload
from app.api.types.terms.clause_input import ClauseInput, drafted
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.terms.version import TermsError
from app.usecases.command import Answer
from app.usecases.terms import publish_terms
from app.usecases.terms.publish_terms import PublishTerms


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


async def resolve(
    info: Info,
    input: Annotated[PublishTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> PublishTermsPayload | None:
    """Publish the first version at once, and a change with notice."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        publish_terms.run,
        name="publishTerms",
        permission=Permission.PUBLISH_TERMS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return PublishTermsPayload(problem=outcome)
    return PublishTermsPayload(answer=outcome, decision=await decision_payload(outcome, context=context))


def _order(sent: PublishTermsInput, *, context: Context) -> PublishTerms | Problem:
    try:
        clauses = drafted(sent.clauses, currency=context.program.currency)
    except TermsError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=error.path, detail=error.message)
    return PublishTerms(effective_from=sent.effective_from, clauses=clauses)
