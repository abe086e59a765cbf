"""How a mutation is carried out: permission, idempotency key, one transaction, payload."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import strawberry

from app.api.conventions.canonical_json import canonical_json
from app.api.conventions.context import Info, set_locale
from app.api.conventions.payloads import Payload
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.application import Handler
from app.usecases.command import Answer

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,100}")

PayloadType = TypeVar("PayloadType", bound=Payload)


@strawberry.input(description="What every mutation takes.")
class CommandInput:
    """The field that the inputs of all mutations share."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )


async def mutate(
    payload: type[PayloadType],
    handler: Handler,
    command: Any,
    *,
    permission: Permission,
    input: CommandInput,
    info: Info,
    locale: str | None,
    content: Any = None,
) -> PayloadType:
    """Carry out a command, at most once per idempotency key, and make the payload of its mutation.

    `command` is the input as the handler takes it, or the problem that was found in it. `content` is what the
    fingerprint of the key covers, by default the input in its canonical form. Raises UNAUTHENTICATED without a key of
    the program and FORBIDDEN when its role lacks the permission.
    """
    set_locale(info, locale)
    outcome = await execute_command(handler, command, permission=permission, input=input, info=info, content=content)
    if isinstance(outcome, Problem):
        return payload(problem=outcome)
    return await payload.of(outcome, command=command, context=info.context)


async def execute_command(
    handler: Handler, command: Any, *, permission: Permission, input: CommandInput, info: Info, content: Any = None
) -> Answer | Problem:
    """As `mutate`, for a resolver that makes its payload itself."""
    context = info.context
    context.require(permission)
    if isinstance(command, Problem):
        return command
    if not _IDEMPOTENCY_KEY.fullmatch(input.idempotency_key):
        return Problem(
            ProblemCode.INVALID_INPUT, path=("idempotencyKey",), detail="1 to 100 printable ASCII characters, no spaces"
        )
    return await context.application.execute(
        handler,
        name=info.field_name,
        program=context.program,
        principal=context.principal,
        key=input.idempotency_key,
        payload=canonical_json(input) if content is None else content,
        command=command,
    )
