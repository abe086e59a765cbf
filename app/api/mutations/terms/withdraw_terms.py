"""withdrawTerms: an announced version is withdrawn before it comes into force."""

from __future__ import annotations

from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.mutations.payload_objects import result_field
from app.api.types.terms.terms import Terms
from app.domain.access import Permission
from app.usecases.terms import withdraw_terms
from app.usecases.terms.withdraw_terms import WithdrawTerms, WithdrawTermsResult


@strawberry.input(description="Which announced version to withdraw.")
class WithdrawTermsInput(CommandInput):
    """The last version, before it starts."""

    version: int = strawberry.field(description="The number of the version.")


async def terms_of(result: WithdrawTermsResult, context: Context) -> Terms | None:
    """The version that was withdrawn."""
    return Terms.of(await context.terms(result.terms_version), context=context)


@strawberry.type(description="Result of `withdrawTerms`.")
class WithdrawTermsPayload(Payload[WithdrawTermsResult]):
    """The version that will not start."""

    terms: Terms | None = result_field(
        WithdrawTermsResult, terms_of, description="The version that was withdrawn; null when it was not."
    )

    @classmethod
    async def of(cls, result: WithdrawTermsResult, *, command: Any, context: Context) -> Self:
        """The payload of a command that was carried out."""
        return cls(result=result)


async def resolve(
    info: Info,
    input: Annotated[WithdrawTermsInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> WithdrawTermsPayload | None:
    """Withdraw the last version, as long as it is not in force."""
    return await mutate(
        WithdrawTermsPayload,
        withdraw_terms.run,
        WithdrawTerms(version=input.version),
        permission=Permission.PUBLISH_TERMS,
        input=input,
        info=info,
    )
