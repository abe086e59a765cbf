"""rotateAccessKey: a key is replaced by a new one, without a moment in which neither works."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, execute_command
from app.api.conventions.context import Info
from app.api.conventions.ids import decode
from app.api.conventions.payloads import Payload
from app.api.types.access_key import AccessKey, load_access_key
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.access_key import DEFAULT_OVERLAP, MAX_OVERLAP
from app.usecases.programs import rotate_access_key
from app.usecases.programs.rotate_access_key import RotateAccessKey, RotateAccessKeyResult

MINUTE = timedelta(minutes=1)


@strawberry.input(description="An access key to replace.")
class RotateAccessKeyInput(CommandInput):
    """The key to replace, and for how long it keeps working."""

    access_key: strawberry.ID = strawberry.field(description="Opaque id of the key to replace.")
    overlap_minutes: int = strawberry.field(
        default=DEFAULT_OVERLAP // MINUTE,
        description=f"How long the old key keeps working, so that its user can change over: 0 to {MAX_OVERLAP // MINUTE:,} minutes, by default a day. It never lasts longer than it would have without the rotation.",
    )


@strawberry.type(description="Result of `rotateAccessKey`.")
class RotateAccessKeyPayload(Payload[RotateAccessKeyResult]):
    """The new key with its token, and the old one."""

    @strawberry.field(
        description="What the holder sends from now on: in the first answer only. It is stored nowhere, so a repetition of the idempotency key answers null here: if the first answer was lost, rotate the new key."
    )
    def token(self) -> str | None:
        """The secret of the new key."""
        return self.result.token if self.result is not None else None

    @strawberry.field(
        description="The new key, as it is now: of the same role, label and customer, and valid for as long as the old one was meant to be."
    )
    async def access_key(self, info: Info) -> AccessKey | None:
        """Null where the command was rejected."""
        return await load_access_key(self.result.access_key_id, context=info.context) if self.result else None

    @strawberry.field(description="The old key, as it is now; `expiresAt` says when it ends.")
    async def replaced(self, info: Info) -> AccessKey | None:
        """Null where the command was rejected."""
        return await load_access_key(self.result.replaced_id, context=info.context) if self.result else None


async def resolve(
    info: Info,
    input: Annotated[RotateAccessKeyInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RotateAccessKeyPayload | None:
    """Create the successor of a key, and let the key expire."""
    context = info.context
    command = _command(input)
    result = await execute_command(
        rotate_access_key.run, command, permission=Permission.MANAGE_KEYS, input=input, info=info
    )
    if isinstance(result, Problem):
        return RotateAccessKeyPayload(problem=result)
    context.application.forget_key(result.replaced_id)
    return RotateAccessKeyPayload(result=result)


def _command(input: RotateAccessKeyInput) -> RotateAccessKey | Problem:
    access_key_id = decode(input.access_key, "AccessKey")
    if access_key_id is None:
        return Problem(ProblemCode.ACCESS_KEY_NOT_FOUND, path=("accessKey",))
    return RotateAccessKey(access_key_id=access_key_id, overlap=MINUTE * input.overlap_minutes)
