"""How a mutation is carried out: permission, key, and one transaction."""

from __future__ import annotations

import re
from typing import Any

from app.api.conventions.context import Context
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.application import Handler
from app.usecases.command import Answer

_KEY = re.compile(r"[\x21-\x7e]{1,100}")


async def execute_command(
    handler: Handler, *, name: str, permission: Permission, key: str, payload: Any, command: Any, context: Context
) -> Answer | Problem:
    """Hand the order to the desk under the caller's idempotency key; `payload` is the input in its one spelling."""
    context.require(permission)
    if isinstance(command, Problem):
        return command
    if not _KEY.fullmatch(key):
        return Problem(
            ProblemCode.INVALID_INPUT, path=("idempotencyKey",), detail="1 to 100 printable ASCII characters, no spaces"
        )
    return await context.application.execute(
        handler,
        name=name,
        program=context.program,
        principal=context.principal,
        key=key,
        payload=payload,
        command=command,
    )
