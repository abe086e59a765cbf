"""The JSON in which values of findings are stored, with their types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from app.domain.amounts import Money

FindingValue: TypeAlias = Money | int | Decimal | str | datetime | date | tuple[str, ...] | None
"""A value of a finding: an amount of money, a number, a text, an instant, a day, a list of codes, or nothing."""


def encode_value(value: FindingValue) -> Any:
    """A value as JSON, with its type where JSON has no such type."""
    if value is None or isinstance(value, int | str):
        return value
    if isinstance(value, Money):
        return {"money": [value.minor, value.currency]}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"instant": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return {"list": list(value)}


def decode_value(data: Any) -> FindingValue:
    """The value that `encode_value` wrote. Raises ValueError for an unknown type."""
    if data is None or isinstance(data, int | str):
        return data
    ((kind, inner),) = data.items()
    if kind == "money":
        return Money(*inner)
    if kind == "decimal":
        return Decimal(inner)
    if kind == "instant":
        return datetime.fromisoformat(inner)
    if kind == "day":
        return date.fromisoformat(inner)
    if kind == "list":
        return tuple(inner)
    raise ValueError(f"unknown kind of value {kind!r}")
