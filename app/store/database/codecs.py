"""Conversions between Python's values and those in the tables of either database.

PostgreSQL has types for instants, dates, ids and JSON. SQLite stores them as texts: an instant as ``YYYY-MM-DD
HH:MM:SS.ffffff+00:00`` (always UTC and of the same length, so that texts sort like times), a date as ``YYYY-MM-DD``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson

NIL_UUID = "00000000-0000-0000-0000-000000000000"
"""An id that sorts before every other one: reading all rows page by page in the order of ids begins after it."""


def instant(value: Any) -> datetime:
    """The aware UTC instant of a column."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.fromisoformat(value)


def instant_or_none(value: Any) -> datetime | None:
    """The aware UTC instant of a column that may be empty."""
    return None if value is None else instant(value)


def day_or_none(value: Any) -> date | None:
    """The date of a column that may be empty."""
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(value)


@lru_cache(maxsize=4096)
def instant_text(value: datetime) -> str:
    """The text of an aware instant, in UTC and always of the same length. Raises ValueError for a naive one."""
    if value.tzinfo is None:
        raise ValueError("An instant needs its offset from UTC.")
    return value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")


def json_text(value: Any) -> str:
    """A value as the JSON text that is stored: compact, with keys in their present order."""
    return orjson.dumps(value).decode()


def json_value(text: str) -> Any:
    """The value of a JSON column's text."""
    return orjson.loads(text)
