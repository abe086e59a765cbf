"""How a mutation is carried out: permission, key, one transaction, and the answer for the reader."""

from __future__ import annotations

import re
from typing import Any

from app.api.context import Context
from app.api.decisions import Decision, decision
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


async def decided(answer: Answer, *, context: Context) -> Decision | None:
    """The decision of an answer; a replayed one is read with the terms of its time."""
    if answer.decision is None:
        return None
    judged_by = answer.terms or await context.terms(answer.decision.terms_version)
    return decision(answer.decision, judged_by=judged_by)
