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
"""Maximum number of concurrent reads; further ones get Busy."""

WORK_LIMIT = 10.0
"""Seconds that a read may take."""


class Readers:
    """Read-only connections, used in the caller's loop: a thread for a short read costs more than the read.

    A unit of work that awaits something else keeps its connection until it is done. Used from one loop.
    """

    def __init__(self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any]) -> None:
        self._path = path
        # A read meets a lock only while the file is recovered or rebuilt; the loop must not block for it.
        self._pragmas = {**pragmas, "busy_timeout": "100"}
        self._row_cache = row_cache
        self._idle: list[ReadingConnection] = []
        self._reading = 0
        self._quiet = asyncio.Event()
        self._open = False

    def start(self) -> None:
        """Accept reads from now on."""
        self._open = True

    async def do(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work on a snapshot and a connection of its own. Raises Busy, Unavailable, and whatever the work raises."""
        if not self._open:
            raise Unavailable("The database is not open.")
        if self._reading >= MAX_CONCURRENT_READS:
            raise Busy
        self._reading += 1
        reader = self._idle.pop() if self._idle else ReadingConnection(self._path, self._pragmas, self._row_cache)
        try:
            if reader.state is not None and reader.is_outdated():
                reader.close()
            connection = reader.connection or reader.open()
            connection.execute("BEGIN")
            try:
                async with asyncio.timeout(WORK_LIMIT):
                    result = await work(reader.session)
            finally:
                connection.execute("ROLLBACK")
            if reader.state is not None and reader.is_outdated():
                raise Busy
            return result
        except (sqlite3.Error, TimeoutError) as error:
            reader.close()
            failed = error_for_caller(error)
            if failed is error:
                raise
            raise failed from error
        finally:
            self._reading -= 1
            self._idle.append(reader)
            if not self._reading:
                self._quiet.set()

    def close_idle(self) -> None:
        """Close the connections that nobody uses. The next reads open new ones."""
        while self._idle:
            self._idle.pop().close()

    async def stop(self) -> None:
        """Wait for the reads under way, and close the connections."""
        self._open = False
        if self._reading:
            self._quiet.clear()
            await self._quiet.wait()
        self.close_idle()
