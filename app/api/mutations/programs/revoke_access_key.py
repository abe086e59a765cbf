"""revokeAccessKey: a key is no longer accepted."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, execute_command
from app.api.conventions.context import Info
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload
from app.api.types.access_key import AccessKey, load_access_key
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.programs import revoke_access_key
from app.usecases.programs.revoke_access_key import RevokeAccessKey, RevokeAccessKeyResult


@strawberry.input(description="An access key to end.")
class RevokeAccessKeyInput(CommandInput):
    """The key."""

    access_key: strawberry.ID = strawberry.field(
        description="Opaque id of the key. A key of the role INTEGRATION revokes keys of the role CUSTOMER only."
    )


@strawberry.type(description="Result of `revokeAccessKey`.")
class RevokeAccessKeyPayload(Payload[RevokeAccessKeyResult]):
    """The key that was revoked."""

    @strawberry.field(
        description="The key, as it is now, with its `revokedAt`. This server rejects it at once, others within ten seconds."
    )
    async def access_key(self, info: Info) -> AccessKey | None:
        """Null where the command was rejected."""
        return await load_access_key(self.result.access_key_id, context=info.context) if self.result else None


async def resolve(
    info: Info,
    input: Annotated[RevokeAccessKeyInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RevokeAccessKeyPayload | None:
    """End a key; a key that has ended before stays as it is."""
    context = info.context
    result = await execute_command(
        revoke_access_key.run, _command(input), permission=Permission.MANAGE_CUSTOMER_KEYS, input=input, info=info
    )
    if isinstance(result, Problem):
        return RevokeAccessKeyPayload(problem=result)
    context.application.forget_key(result.access_key_id)
    return RevokeAccessKeyPayload(result=result)


def _command(input: RevokeAccessKeyInput) -> RevokeAccessKey | Problem:
    access_key_id = decode(input.access_key, "AccessKey")
    if access_key_id is None:
        return Problem(ProblemCode.ACCESS_KEY_NOT_FOUND, path=("accessKey",))
    return RevokeAccessKey(access_key_id=access_key_id)
