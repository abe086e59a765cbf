"""withdrawTerms: an announced version is taken back before it starts."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.domain.problems import Problem
from app.usecases.command import Answer
from app.usecases.terms import withdraw_terms
from app.usecases.terms.withdraw_terms import WithdrawTerms


@strawberry.input(description="Which announced version to take back.")
class WithdrawTermsInput:
    """The last version, before it starts."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    version: int = strawberry.field(description="Its number.")


@strawberry.type(description="What withdrawing came to.")
class WithdrawTermsPayload(Payload):
    """The version that will not start."""

    answer: strawberry.Private[Answer | None] = None

    @strawberry.field(description="The version that was withdrawn; null when it was not.")
    async def terms(self, info: Info) -> Terms | None:
        """Read again."""
        if self.answer is None or self.answer.terms_version is None:
            return None
        return Terms.of(await info.context.terms(self.answer.terms_version))


async def resolve(
    info: Info,
    input: Annotated[WithdrawTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> WithdrawTermsPayload | None:
    """Take the last version back, as long as it has not started."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        withdraw_terms.run,
        name="withdrawTerms",
        permission=Permission.PUBLISH_TERMS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=WithdrawTerms(version=input.version),
        context=context,
    )
    if isinstance(outcome, Problem):
        return WithdrawTermsPayload(problem=outcome)
    return WithdrawTermsPayload(answer=outcome)
