"""A session on SQLite: it rewrites SQL and values, and runs each statement at once, in the thread of its caller."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Hashable, MutableMapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from app.store.database.codecs import instant_text, json_text
from app.store.database.session import Row, Value

_PLACEHOLDER = re.compile(r"\$(\d+)")
_ANY = re.compile(r"= ANY\(\$(\d+)\)")

_ENCODERS: dict[type, Callable[[Any], str]] = {datetime: instant_text, date: date.isoformat, list: json_text}


@cache
def for_sqlite(sql: str) -> str:
    """The statement with SQLite's placeholders. Each text is rewritten once."""
    return _PLACEHOLDER.sub(r"?\1", _ANY.sub(r"IN (SELECT value FROM json_each(?\1))", sql))


def encoded(values: Sequence[Value]) -> Sequence[Value]:
    """The values as SQLite stores them."""
    if _ENCODERS.keys().isdisjoint(map(type, values)):
        return values
    return [_ENCODERS[type(value)](value) if type(value) in _ENCODERS else value for value in values]


class SqliteSession:
    """A session over one connection of the `sqlite3` module, used in one thread."""

    locking = ""
    dialect = "sqlite"

    def __init__(self, connection: sqlite3.Connection, *, row_cache: MutableMapping[Hashable, Any]) -> None:
        self.row_cache = row_cache
        self._execute = connection.execute
        self._executemany = connection.executemany
        self._connection = connection

    @property
    def across_programs(self) -> SqliteSession:
        """This session. Lets functions across programs be called with either kind of session."""
        return self

    async def rows(self, sql: str, *values: Value) -> Sequence[Row]:
        """Every row of a query."""
        return self._execute(for_sqlite(sql), encoded(values)).fetchall()

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row of a query, or None."""
        cursor = self._execute(for_sqlite(sql), encoded(values))
        first: Row | None = cursor.fetchone()
        cursor.close()
        return first

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement; returns the number of affected rows."""
        return self._execute(for_sqlite(sql), encoded(values)).rowcount

    async def enqueue(self, sql: str, *values: Value) -> None:
        """Run a statement at once: there is no round trip that waiting would save."""
        self._execute(for_sqlite(sql), encoded(values))

    async def lock_receipt(self, receipt: str, *, program_id: str) -> None:
        """Nothing to lock: there is one writer."""

    async def execute_many(self, sql: str, values: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each group of values."""
        self._executemany(for_sqlite(sql), [encoded(group) for group in values])
