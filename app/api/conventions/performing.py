"""How a mutation is carried out: permission, key, and one transaction."""

from __future__ import annotations

import re
from typing import Any

from app.api.conventions.context import Context
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.call import Answer
from app.usecases.desk import Verb

_KEY = re.compile(r"[\x21-\x7e]{1,100}")


async def perform(
    verb: Verb, *, name: str, permission: Permission, key: str, payload: Any, order: Any, context: Context
) -> Answer | Problem:
    """Hand the order to the desk under the caller's idempotency key; `payload` is the input in its one spelling."""
    context.require(permission)
    if isinstance(order, Problem):
        return order
    if not _KEY.fullmatch(key):
        return Problem(
            ProblemCode.INVALID_INPUT, path=("idempotencyKey",), detail="1 to 100 printable ASCII characters, no spaces"
        )
    return await context.desk.do(
        verb,
        name=name,
        program=context.program,
        principal=context.principal,
        key=key,
        payload=payload,
        order=order,
    )
