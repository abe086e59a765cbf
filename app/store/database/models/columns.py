"""Columns whose type differs between the databases: ids, instants and JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tortoise.fields.base import Field

from app.store.database.codecs import instant


class _Text(Field[str], str):  # type: ignore[misc] # `index` of the one is not that of the other, as in Tortoise's own
    SQL_TYPE = "TEXT"


class Id(_Text):
    """A UUID as text, or a row's reference to one."""

    SQL_TYPE = "UUID"


class TextKey(_Text):
    """A text that is the key of its row within the program."""


class Json(_Text):
    """JSON as text: see `app.store.database.codecs`."""

    SQL_TYPE = "JSON"


class Instant(Field[datetime], datetime):
    """An aware UTC instant: a timestamp in PostgreSQL, a text in SQLite."""

    skip_to_python_if_native = False
    SQL_TYPE = "TIMESTAMPTZ"

    def to_python_value(self, value: Any) -> datetime | None:
        """The instant of a column's value."""
        return None if value is None else instant(value)
