"""How a mutation is carried out: permission, idempotency key, one transaction, payload."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLError

from app.api.conventions.canonical_json import canonical_json
from app.api.conventions.context import Info
from app.api.conventions.payloads import Payload, PayloadType
from app.api.customer_lookups import MISS_COST
from app.domain.access import Permission
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.graphql_server.http.errors import ReadingFailed
from app.usecases.command import CommandType, UseCase
from app.usecases.results import ResultType

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,100}")

_MEMBERSHIP_CODES = frozenset({ProblemCode.CUSTOMER_NOT_FOUND, ProblemCode.IDENTITY_TAKEN})
"""Problems that are charged as look-ups, because they reveal whether a customer has an identity."""

P = TypeVar("P", bound=Payload[Any])


@strawberry.input(description="The input field that every mutation has.")
class CommandInput:
    """The field that the inputs of all mutations share."""

    idempotency_key: str = strawberry.field(
        description="Your key for this request, 1 to 100 characters: a request repeated with the same key and input is carried out once and gets the same result."
    )


async def mutate(
    payload_type: PayloadType[ResultType, CommandType, P],
    use_case: UseCase[CommandType, ResultType],
    command: CommandType | Problem,
    *,
    permission: Permission,
    input: CommandInput,
    info: Info,
    fingerprint_input: Any = None,
) -> P:
    """Carry out a command, at most once per idempotency key, and make the payload of its mutation.

    `command` is the input as the use case takes it, or the problem that was found in the input. The fingerprint of the
    idempotency key covers `fingerprint_input`, by default the input in its canonical form. Raises UNAUTHENTICATED without an
    access key, FORBIDDEN when the key's role lacks the permission, and ReadingFailed when the command was carried out but
    its payload could not be read.
    """
    result = await execute_command(
        use_case, command, permission=permission, input=input, info=info, fingerprint_input=fingerprint_input
    )
    if isinstance(result, Problem):
        return payload_type(problem=result)
    assert not isinstance(command, Problem), "a problem of the input is the result"
    try:
        return await payload_type.of(result, command=command, context=info.context)
    except GraphQLError:
        raise
    except Exception as fault:
        # Whatever failed: the command has been carried out, and the answer has to say so.
        raise ReadingFailed from fault


async def execute_command(
    use_case: UseCase[CommandType, ResultType],
    command: CommandType | Problem,
    *,
    permission: Permission,
    input: CommandInput,
    info: Info,
    fingerprint_input: Any = None,
) -> ResultType | Problem:
    """Carry out a command as `mutate` does, and return its result, for a resolver that makes the payload itself."""
    context = info.context
    caller = context.require(permission)
    if isinstance(command, Problem):
        return command
    if not _IDEMPOTENCY_KEY.fullmatch(input.idempotency_key):
        return Problem(ProblemCode.INVALID_INPUT, path=("idempotencyKey",), detail=detail_of("PRINTABLE", most=100))
    execution = await context.application.execute(
        use_case,
        name=info.field_name,
        program=caller.program,
        principal=caller.principal,
        key=input.idempotency_key,
        fingerprint_input=canonical_json(input) if fingerprint_input is None else fingerprint_input,
        command=command,
    )
    if isinstance(execution, Problem):
        if execution.code in _MEMBERSHIP_CODES:
            context.lookups.charge(caller.principal.key_id, MISS_COST)
        return execution
    return execution.result
