"""The fields that all payloads of mutations share."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

import strawberry
from strawberry.types.lazy_type import LazyType

from app.api.conventions.context import Context, Info
from app.api.conventions.user_errors import UserError, user_error
from app.domain.problems import Problem

Result = TypeVar("Result")
Result_contra = TypeVar("Result_contra", contravariant=True)
Command_contra = TypeVar("Command_contra", contravariant=True)
Payload_co = TypeVar("Payload_co", bound="Payload[Any]", covariant=True)


@strawberry.type(description="A payload, or a part of one, made from the result of a command.")
class WithResult(Generic[Result]):
    """`result` is None if the command was rejected, or has a result of another class."""

    result: strawberry.Private[Result | None] = None


@strawberry.type(description="The fields of every mutation's payload.")
class Payload(WithResult[Result]):
    """The result of a command, or the problem for which it was rejected."""

    problem: strawberry.Private[Problem | None] = None

    @strawberry.field(
        description="The problem for which the command was rejected, at most one; empty when it was carried out. A refusal by the terms is in `decision`."
    )
    def user_errors(self) -> list[UserError]:
        """The first problem that is found rejects the whole command; nothing of the command is stored."""
        if self.problem is None:
            return []
        return [user_error(self.problem)]

    @strawberry.field(
        graphql_type=LazyType("Query", "app.api.query"),  # queries import all types, so this file cannot import them
        description="The queries, to read more in the same request.",
    )
    def query(self, info: Info) -> Any:
        """The root of all queries."""
        return info.schema.query()


class PayloadType(Protocol[Result_contra, Command_contra, Payload_co]):
    """The class of the payload for the results of a command."""

    def __call__(self, *, problem: Problem) -> Payload_co:
        """The payload of a command that was rejected."""

    async def of(self, result: Result_contra, *, command: Command_contra, context: Context) -> Payload_co:
        """The payload of a command that was carried out."""
