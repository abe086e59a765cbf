"""The fields that all payloads of mutations share."""

from __future__ import annotations

from typing import Any, Self

import strawberry
from strawberry.types.lazy_type import LazyType

from app.api.conventions.context import Context, Info
from app.api.conventions.user_errors import UserError, refusal
from app.domain.problems import Problem
from app.usecases.command import Answer


@strawberry.type(description="What every mutation answers.")
class Payload:
    """The result of a command, or the problem for which it was refused."""

    problem: strawberry.Private[Problem | None] = None
    answer: strawberry.Private[Answer | None] = None

    @classmethod
    async def of(cls, answer: Answer, *, command: Any, context: Context) -> Self:  # noqa: ARG003 - for subclasses
        """The payload of a command that was carried out."""
        return cls(answer=answer)

    @strawberry.field(description="Technical refusals; empty when the mutation was carried out.")
    def user_errors(self) -> list[UserError]:
        """At most one: the first problem found refuses the whole command."""
        if self.problem is None:
            return []
        return [refusal(self.problem)]

    @strawberry.field(
        graphql_type=LazyType("Query", "app.api.query"),  # queries import all types, so this file cannot import them
        description="The queries, to read more in the same request.",
    )
    def query(self, info: Info) -> Any:
        """The root of all queries."""
        return info.schema.query()
