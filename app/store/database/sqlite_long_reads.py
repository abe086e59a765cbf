"""Long reads of the embedded database: aiosqlite runs each statement in a thread, so that the event loop does not wait."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Hashable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import aiosqlite

from app.store.database.session import Row, UnscopedWork, Value
from app.store.database.sqlite_session import encoded, for_sqlite
from app.store.database.sqlite_worker import error_for_caller

T = TypeVar("T")

_ROWS_AT_ONCE = 64
"""Rows that aiosqlite fetches at once while a cursor is iterated."""

_INTERRUPT_EVERY = 0.02
"""Seconds between two interrupts of a cancelled read: an interrupt before the statement has begun has no effect."""


async def run_long_read(
    work: UnscopedWork[T], *, connect: Callable[[], sqlite3.Connection], row_cache: MutableMapping[Hashable, Any]
) -> T:
    """Run a unit of work on one state of the database, on a connection of its own.

    If it is cancelled, its statement is interrupted. The connection is closed before this returns. Raises Busy,
    Unavailable, and whatever the work raises.
    """
    connection = aiosqlite.Connection(connect, _ROWS_AT_ONCE)
    try:
        await connection
        await connection.execute("BEGIN")
        return await work(AiosqliteSession(connection, row_cache=row_cache))
    except sqlite3.Error as error:
        caller_error = error_for_caller(error)
        if caller_error is error:
            raise
        raise caller_error from error
    finally:
        await asyncio.shield(_close(connection))


async def _close(connection: aiosqlite.Connection) -> None:
    closing = asyncio.ensure_future(connection.close())
    while not closing.done():
        # The connection may be closed by now.
        with suppress(ValueError, sqlite3.ProgrammingError):
            await connection.interrupt()
        await asyncio.wait([closing], timeout=_INTERRUPT_EVERY)
    await closing


class AiosqliteSession:
    """A session over one connection of aiosqlite, for reads only: the connection is opened with `query_only`."""

    locking = ""
    dialect = "sqlite"

    def __init__(self, connection: aiosqlite.Connection, *, row_cache: MutableMapping[Hashable, Any]) -> None:
        self.row_cache = row_cache
        self._connection = connection

    @property
    def across_programs(self) -> AiosqliteSession:
        """This session. Lets functions across programs be called with either kind of session."""
        return self

    async def rows(self, sql: str, *values: Value) -> Sequence[Row]:
        """All rows of a query."""
        return list(await self._connection.execute_fetchall(for_sqlite(sql), encoded(values)))

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row of a query, or None."""
        async with self._connection.execute(for_sqlite(sql), encoded(values)) as cursor:
            return await cursor.fetchone()

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement; SQLite raises an error if it would write."""
        async with self._connection.execute(for_sqlite(sql), encoded(values)) as cursor:
            return cursor.rowcount

    async def enqueue(self, sql: str, *values: Value) -> None:
        """Run a statement; SQLite raises an error if it would write."""
        await self.execute(sql, *values)

    async def execute_many(self, sql: str, values: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each group of values; SQLite raises an error if it would write."""
        await self._connection.executemany(for_sqlite(sql), [encoded(group) for group in values])

    async def lock_receipt(self, receipt: str, *, program_id: str) -> None:
        """Nothing to lock: there is one writer, and this session only reads."""
