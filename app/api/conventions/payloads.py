"""What every mutation answers with: technical refusals as data, and the way back to the queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Context as Digits
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

import strawberry
from strawberry.types.lazy_type import LazyType

from app.api.conventions.context import Info
from app.api.conventions.user_errors import UserError, refusal
from app.domain.problems import Problem
from app.usecases.command import Answer


@strawberry.type(description="What every mutation answers.")
class Payload:
    """The fields that all payloads share."""

    problem: strawberry.Private[Problem | None] = None

    @strawberry.field(description="Technical refusals; empty when the mutation was carried out.")
    def user_errors(self) -> list[UserError]:
        """The refusal, if any, in the caller's language."""
        if self.problem is None:
            return []
        return [refusal(self.problem)]

    @strawberry.field(
        graphql_type=LazyType("Query", "app.api.query"),  # queries read all there is, so nothing here can import them
        description="The queries, to read more in the same request.",
    )
    def query(self, info: Info) -> Any:
        """The root of all queries."""
        return info.schema.query()


ALREADY_RECORDED = "Whether this receipt had been recorded under another `idempotencyKey`: then nothing was booked now, and `decision` is what it came to when it was recorded."


def was_recorded(answer: Answer | None) -> bool:
    """Whether an answer is that of a receipt which another key had brought."""
    return answer is not None and answer.already_recorded is True


def canonical_json(value: Any) -> Any:
    """An input as JSON in one spelling: what was left out is left out, equal numbers and instants are equal."""
    kind: Any = type(value)
    return _spelling(kind)(value)


@cache
def _spelling(type_: Any) -> Callable[[Any], Any]:
    """How values of a type are spelt; asked once for each type."""
    if type_ in _PLAIN:
        return _PLAIN[type_]
    if issubclass(type_, Enum):
        return lambda member: member.value
    if issubclass(type_, str | int):
        return lambda plain: plain
    if is_dataclass(type_):
        return _canonical
    raise TypeError(f"{type_.__name__} has no canonical form")


def _canonical(value: Any) -> dict[str, Any]:
    """An input, as far as its fingerprint covers it."""
    return {
        name: item if type(item) is str else canonical_json(item)
        for name, item in vars(value).items()
        if item is not None and item is not strawberry.UNSET and name != "idempotency_key"
    }


_EVERY_DIGIT = Digits(prec=100)
"""More digits than a decimal of the API has: the default of 28 would make two numbers one."""

_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    str: lambda text: text,
    int: lambda number: number,
    bool: lambda switch: switch,
    type(None): lambda _: None,
    type(strawberry.UNSET): lambda _: None,
    list: lambda items: [canonical_json(item) for item in items],
    Decimal: lambda number: str(_EVERY_DIGIT.normalize(number)),
    datetime: lambda at: at.astimezone(UTC).isoformat(),
    date: date.isoformat,
    time: time.isoformat,
}
