"""Inputs in their canonical JSON form, from which the fingerprint of an idempotency key is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal
from enum import Enum
from functools import cache
from typing import Any

import strawberry


def canonical_json(value: Any) -> dict[str, Any]:
    """An input as JSON, without its idempotency key.

    Fields that were left out are missing. Equal numbers, and equal instants, are written in the same way.
    """
    return {
        name: _converter(item.__class__)(item)
        for name, item in vars(value).items()
        if item is not None and item is not strawberry.UNSET and name != "idempotency_key"
    }


@cache
def _converter(type_: Any) -> Callable[[Any], Any]:
    """The function that converts values of a type. Raises TypeError for a type that no input contains."""
    if type_ in _CONVERTERS:
        return _CONVERTERS[type_]
    if issubclass(type_, Enum):
        return lambda member: member.value
    if issubclass(type_, str | int):
        return lambda scalar: scalar
    if is_dataclass(type_):
        return canonical_json
    raise TypeError(f"{type_.__name__} has no canonical form")


_EVERY_DIGIT = Context(prec=100)
"""More digits than a decimal of the API has: the default of 28 would round two different numbers to the same one."""

_CONVERTERS: Mapping[type, Callable[[Any], Any]] = {
    str: lambda text: text,
    int: lambda number: number,
    bool: lambda switch: switch,
    type(None): lambda _: None,
    type(strawberry.UNSET): lambda _: None,
    list: lambda items: [_converter(item.__class__)(item) for item in items],
    Decimal: lambda number: str(_EVERY_DIGIT.normalize(number)),
    datetime: lambda at: at.astimezone(UTC).isoformat(),
    date: date.isoformat,
    time: time.isoformat,
}
