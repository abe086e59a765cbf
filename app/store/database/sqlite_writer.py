"""The writer of a SQLite file: it runs queued units of work in groups, each group in one durable commit."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from app.store.database.serving_lock import ServingLock
from app.store.database.session import StorageProblem, Unavailable
from app.store.database.sqlite_connection import ReopeningConnection
from app.store.database.sqlite_files import WAL_SUFFIX, connect
from app.store.database.sqlite_storage import StorageState, storage_problem
from app.store.database.sqlite_worker import Job, database_failure, error_for_caller

WORK_LIMIT = 10.0
"""Seconds that a group may take: a unit of work that waits for something besides its session must not stop the writer."""

FREE_SPACE_INTERVAL = 1.0
"""Seconds until the next attempt to free space on a full disk, after one that freed none."""

SERVER_CHECK_INTERVAL = 1.0
"""Seconds between two checks whether a server serves the file."""

LOG_LOCK_LIMIT = "500"
"""Milliseconds for which freeing space waits for reads that still need the log."""


class Writer(ReopeningConnection):
    """Runs groups of units of work, each group in one transaction.

    A server (`serving`) writes only while it has the file's lock. Any other process, such as an import, leaves a server
    time to write: after each commit it pauses for as long as the group took.
    """

    def __init__(
        self,
        path: str,
        pragmas: Mapping[str, str],
        row_cache: dict[Hashable, Any],
        *,
        lock: ServingLock,
        serving: bool,
        storage: StorageState,
        on_commit: Callable[[int], None],
    ) -> None:
        super().__init__(path, pragmas, row_cache)
        self._lock = lock
        self._serving = serving
        self._storage = storage
        self._on_commit = on_commit
        self._found_no_space_at = float("-inf")
        self._next_server_check_at = float("-inf")
        self._is_beside_a_server = False

    async def run(self, jobs: list[Job]) -> None:
        """Run each unit of work in a savepoint and commit once; if the database fails, the whole group fails."""
        began = time.monotonic()
        error = await self._attempt(jobs)
        if error is not None and self._is_full(error) and self._free_space():
            error = await self._attempt(jobs)
        if error is None:
            now = time.monotonic()
            if any(job.error is None for job in jobs):
                self._storage.committed_at = now
                if self._storage.problem is not None:
                    self._storage.note_recovery()
            self._on_commit(len(jobs))
            if not self._serving:
                await self._pause_for_server(now - began)
            return
        for job in jobs:
            job.error = error

    async def _pause_for_server(self, seconds: float) -> None:
        """Pause for these seconds, if there is a server that may have waited for the file meanwhile."""
        if time.monotonic() >= self._next_server_check_at:
            self._next_server_check_at = time.monotonic() + SERVER_CHECK_INTERVAL
            self._is_beside_a_server = self._lock.is_held_by_another()
        if self._is_beside_a_server:
            await asyncio.sleep(seconds)

    async def _attempt(self, jobs: list[Job]) -> Exception | None:
        """Run and commit the group. Returns the error if that failed, and then nothing of the group was written."""
        for job in jobs:
            job.error = None
        try:
            if self._serving and not self._lock.is_held:
                self._lock.take()
            connection = self.connection or self.open()
            connection.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(WORK_LIMIT):
                for job in jobs:
                    if not job.waiter.cancelled():
                        await self._run_job(connection, job)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            return self._note_failure(error)
        except Unavailable as error:
            if error.problem is not None:
                self._storage.note_failure(error.problem, error=error)
            return error
        except (TimeoutError, asyncio.CancelledError):
            self.close()
            return Unavailable("The transaction took too long.")
        return None

    def _note_failure(self, error: sqlite3.Error) -> Exception:
        """Note why nothing can be written, and return the error for the callers."""
        problem = storage_problem(error, path=self._path)
        caller_error = database_failure(error)
        if problem is not None and isinstance(caller_error, Unavailable):
            caller_error.problem = problem
            self._storage.note_failure(problem, error=error)
        return caller_error

    @staticmethod
    def _is_full(error: Exception) -> bool:
        return isinstance(error, Unavailable) and error.problem is StorageProblem.STORAGE_FULL

    def _free_space(self) -> bool:
        """Move the log into the file, where most of its pages need no new space. Returns whether the log became shorter."""
        if time.monotonic() - self._found_no_space_at < FREE_SPACE_INTERVAL:
            return False
        log = Path(self._path + WAL_SUFFIX)
        try:
            before = log.stat().st_size
            with closing(connect(self._path, {**self._pragmas, "busy_timeout": LOG_LOCK_LIMIT})) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if log.stat().st_size < before:
                return True
        except (sqlite3.Error, OSError):
            pass
        self._found_no_space_at = time.monotonic()
        return False

    async def _run_job(self, connection: sqlite3.Connection, job: Job) -> None:
        """Run a unit of work, and roll back only its own writes if it raises.

        Raises sqlite3.Error if the whole transaction is lost, or the file cannot be written at all.
        """
        connection.execute("SAVEPOINT one")
        try:
            job.result = await job.work(self.session)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # delivered to the caller of this unit of work
            if not connection.in_transaction:
                lost_error = sqlite3.OperationalError("The transaction is gone.")
                raise error if isinstance(error, sqlite3.Error) else lost_error from error
            caller_error = error_for_caller(error)
            if isinstance(error, sqlite3.Error) and isinstance(caller_error, Unavailable):
                # If one unit of work does not fit on the disk, the others still may. To a read-only file none can be written.
                if storage_problem(error, path=self._path) is not StorageProblem.STORAGE_FULL:
                    raise
                caller_error = self._note_failure(error)
            connection.execute("ROLLBACK TO one")
            job.error = caller_error
        connection.execute("RELEASE one")
