"""The embedded database: one file, one writer that commits in groups, and readers that never wait for it.

Writes queue for one thread. It takes all queued units of work, runs each in a savepoint of one transaction, commits once,
durably, and then returns their results: nothing is acknowledged before it is on disk.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from app.store.database.long_reads import LongReads
from app.store.database.orm import prepare
from app.store.database.serving_lock import AlreadyServed, ServingLock
from app.store.database.session import (
    Busy,
    StorageProblem,
    Unavailable,
    UnscopedSession,
    UnscopedWork,
    Work,
    scoped_to_program,
)
from app.store.database.sqlite_checkpoints import Checkpoints
from app.store.database.sqlite_files import FileState, connect, connect_for_reading, file_and_pragmas
from app.store.database.sqlite_long_reads import run_long_read
from app.store.database.sqlite_readers import Readers
from app.store.database.sqlite_storage import StorageState
from app.store.database.sqlite_worker import JobQueue, database_failure
from app.store.database.sqlite_writer import Writer

T = TypeVar("T")

MAX_GROUP_SIZE = 64
"""The most units of work in one commit."""

QUEUE_LIMIT = 1024
"""The most units of work that wait for the writer; further ones get Busy."""

LOG_LIMIT = 8192
"""The length of the log, in pages, from which on the writer itself moves them into the file: reads and writes without a
pause may keep the log from starting over."""

PROBE_AFTER = 5.0
"""Seconds without a commit after which `problem` writes something, to find out whether that is possible."""

RECOVERY_INTERVAL = 1.0
"""Seconds between two attempts to write again while nothing can be written."""


class SqliteDatabase:
    """The database in one file. See `app.store.database.session.Database`.

    A server (`serving`) writes only while it has the lock of the file.
    """

    def __init__(self, url: str, *, serving: bool = False) -> None:
        self._path, self._pragmas = file_and_pragmas(url)
        self._serving = serving
        self._storage = StorageState(is_logged=serving)
        self._lock = ServingLock(self._path)
        self._row_cache: dict[Hashable, Any] = {}
        self._writes = JobQueue(limit=QUEUE_LIMIT)
        self._checkpoints = Checkpoints(lambda: connect(self._path, self._pragmas), path=self._path)
        self._reads = Readers(self._path, self._pragmas, self._row_cache)
        self._long_reads = LongReads(self._run_long_read)
        self._recovery: asyncio.Task[None] | None = None

    def claim(self) -> None:
        """Take the file's lock, for a server that is about to start. Raises AlreadyServed.

        If the lock file cannot be written, the server may still start and read; the writer tries to take the lock again.
        """
        try:
            self._lock.take()
        except AlreadyServed:
            raise
        except Unavailable:
            return

    async def start(self) -> None:
        """Open the file (creating it if there is none) and start the threads. Raises Unavailable."""
        await prepare()
        self._create_or_open()
        self._checkpoints.start()
        writer_pragmas = {"wal_autocheckpoint": str(LOG_LIMIT), **self._pragmas}
        self._writes.start(lambda: self._make_writer(writer_pragmas), name="troth-writer", max_jobs=MAX_GROUP_SIZE)
        self._reads.start()
        self._long_reads.start()
        write_failed = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._storage.on_failure = lambda: _set_from_thread(loop, write_failed)
        self._recovery = asyncio.create_task(self._recover(write_failed))

    async def stop(self) -> None:
        """Finish all accepted units of work, cancel long reads, and close the connections."""
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.wait([self._recovery])
        await self._writes.stop()
        await self._long_reads.stop()
        await self._reads.stop()
        await asyncio.to_thread(self._checkpoints.stop)
        self._lock.release()

    def _create_or_open(self) -> None:
        """Open the file, creating it if there is none, and close it again. Raises Unavailable."""
        try:
            if Path(self._path).exists():
                connect_for_reading(self._path, self._pragmas)[0].close()
            else:
                connect(self._path, self._pragmas).close()
        except sqlite3.Error as error:
            raise database_failure(error) from error

    def _make_writer(self, pragmas: dict[str, str]) -> Writer:
        return Writer(
            self._path,
            pragmas,
            self._row_cache,
            lock=self._lock,
            serving=self._serving,
            storage=self._storage,
            on_commit=self._checkpoints.count_committed,
        )

    async def _recover(self, write_failed: asyncio.Event) -> None:
        """After each failure, try to write until that is possible again, even if no till writes meanwhile."""
        while True:
            await write_failed.wait()
            write_failed.clear()
            attempts = 0
            while self._storage.problem is not None:
                await asyncio.sleep(RECOVERY_INTERVAL)
                attempts += 1
                # The connections of a process share the index of the log. While one connection that opened it read-only is
                # open, no new connection can write.
                if os.access(self._path, os.W_OK):
                    self._reads.close_idle()
                    if attempts == _ATTEMPTS_BESIDE_LONG_READS:
                        self._long_reads.cancel()
                with suppress(Busy, Unavailable):
                    await self._writes.do(_probe_write)

    async def write(
        self,
        work: Work[T],
        *,
        program_id: str,
        lock_key: str,  # noqa: ARG002 - with one writer, units of work run one after the other anyway
        receipt_numbers: Collection[str] = (),  # noqa: ARG002 - with one writer, units of work run one after the other anyway
    ) -> T:
        """Run a unit of work in the next group. There are no locks: the one writer runs units of work one after the other."""
        result: T = await self._writes.do(scoped_to_program(work, program_id))
        return result

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a unit of work on one state of the database, in the caller's event loop; it must be short or await often."""
        result: T = await self._reads.do(scoped_to_program(work, program_id))
        return result

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work across programs, as `read` does."""
        result: T = await self._reads.do(work)
        return result

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a unit of work on one state of the database, on a connection of aiosqlite, in whose thread statements run."""
        return await self._long_reads.run(scoped_to_program(work, program_id), until=until)

    async def _run_long_read(self, work: UnscopedWork[T]) -> T:
        state: FileState | None = None

        def open_connection() -> sqlite3.Connection:
            nonlocal state
            connection, state = connect_for_reading(self._path, self._pragmas)
            return connection

        result = await run_long_read(work, connect=open_connection, row_cache=self._row_cache)
        if state is not None and state != FileState.of(self._path):
            raise Busy
        return result

    async def problem(self) -> StorageProblem | None:
        """Why nothing can be written at present; writes something to find out if nothing was written lately. None if it can."""
        if not self._writes.accepts_jobs:
            return StorageProblem.DATABASE_UNREACHABLE
        try:
            await self.read_across_programs(_probe_read)
            if self._storage.problem is None and self._storage.seconds_since_commit > PROBE_AFTER:
                await self._writes.do(_probe_write)
        except Busy:
            return StorageProblem.DATABASE_BUSY
        except Unavailable as error:
            return self._storage.problem or error.problem or StorageProblem.DATABASE_UNREACHABLE
        return self._storage.problem


_ATTEMPTS_BESIDE_LONG_READS = 3
"""Attempts to write again after which long reads are cancelled, as their connections may be in the way."""


def _set_from_thread(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop may be closed
        loop.call_soon_threadsafe(event.set)


async def _probe_read(session: UnscopedSession) -> bool:
    return await session.row("SELECT 1 FROM sqlite_master") is not None


async def _probe_write(session: UnscopedSession) -> None:
    """Write a page with its present content, to find out whether the disk takes it."""
    version = await session.row("PRAGMA user_version")
    assert version is not None, "SQLite always has a version"
    await session.execute(f"PRAGMA user_version = {version[0]}")
