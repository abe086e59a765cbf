"""Short reads of a SQLite file, beside its writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Hashable, Mapping
from typing import Any, TypeVar

from app.store.database.session import Busy, Unavailable, UnscopedWork
from app.store.database.sqlite_connection import ReadingConnection
from app.store.database.sqlite_worker import error_for_caller

T = TypeVar("T")

MAX_CONCURRENT_READS = 64
"""The most concurrent reads; further ones get Busy."""

WORK_LIMIT = 10.0
"""Seconds that a read may take."""


class Readers:
    """Read-only connections for one event loop, in which the reads run: a thread for a short read would cost more than the read."""

    def __init__(self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any]) -> None:
        self._path = path
        # A read finds the file locked only while it is recovered or rebuilt; the event loop must not wait long for that.
        self._pragmas = {**pragmas, "busy_timeout": "100"}
        self._row_cache = row_cache
        self._idle: list[ReadingConnection] = []
        self._read_count = 0
        self._no_reads = asyncio.Event()
        self._is_open = False

    def start(self) -> None:
        """Accept reads from now on."""
        self._is_open = True

    async def do(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work on one state of the database, on a connection that nothing else uses meanwhile.

        Raises Busy, Unavailable, and whatever the work raises.
        """
        if not self._is_open:
            raise Unavailable("The database is not open.")
        if self._read_count >= MAX_CONCURRENT_READS:
            raise Busy
        self._read_count += 1
        reader = self._idle.pop() if self._idle else ReadingConnection(self._path, self._pragmas, self._row_cache)
        try:
            if reader.unwritable_file_state is not None and reader.is_outdated():
                reader.close()
            connection = reader.connection or reader.open()
            connection.execute("BEGIN")
            try:
                async with asyncio.timeout(WORK_LIMIT):
                    result = await work(reader.session)
            finally:
                connection.execute("ROLLBACK")
            if reader.unwritable_file_state is not None and reader.is_outdated():
                # Without a log, rows may have changed during the read.
                raise Busy
            return result
        except (sqlite3.Error, TimeoutError) as error:
            reader.close()
            caller_error = error_for_caller(error)
            if caller_error is error:
                raise
            raise caller_error from error
        finally:
            self._read_count -= 1
            self._idle.append(reader)
            if not self._read_count:
                self._no_reads.set()

    def close_idle(self) -> None:
        """Close the connections that nobody uses. The next reads open new ones."""
        while self._idle:
            self._idle.pop().close()

    async def stop(self) -> None:
        """Wait for the reads under way, and close the connections."""
        self._is_open = False
        if self._read_count:
            self._no_reads.clear()
            await self._no_reads.wait()
        self.close_idle()
