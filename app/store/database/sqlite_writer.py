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
from app.store.database.sqlite_connection import ReopenedConnection
from app.store.database.sqlite_files import WAL_SUFFIX, connect
from app.store.database.sqlite_storage import StorageState, storage_problem
from app.store.database.sqlite_worker import Job, database_failure, error_for_caller

WORK_LIMIT = 10.0
"""Seconds that a group may take: a unit of work that waits for something else must not stop the writer."""

FREE_SPACE_INTERVAL = 1.0
"""Seconds until the next attempt to free space on a full disk, after one that freed none."""

SERVER_CHECK_INTERVAL = 1.0
"""Seconds between two checks whether a server serves the file."""

LOG_LOCK_LIMIT = "500"
"""Milliseconds for which freeing space waits for readers of the log."""


class Writer(ReopenedConnection):
    """Runs a group of units of work in one transaction.

    A server (`serving`) writes while it has the file's lock. Any other process, such as an import, leaves a server
    time to write: after each commit it pauses for as long as that took.
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
        committed: Callable[[int], None],
    ) -> None:
        super().__init__(path, pragmas, row_cache)
        self._lock = lock
        self._serving = serving
        self._storage = storage
        self._committed = committed
        self._found_no_space_at = float("-inf")
        self._check_server_at = float("-inf")
        self._is_beside_a_server = False

    async def run(self, jobs: list[Job]) -> None:
        """Run each unit of work in a savepoint and commit once; if the database fails, all of the group fail."""
        began = time.monotonic()
        failed = await self._attempt(jobs)
        if failed is not None and self._is_full(failed) and self._free_space():
            failed = await self._attempt(jobs)
        if failed is None:
            now = time.monotonic()
            if any(job.error is None for job in jobs):
                self._storage.committed_at = now
                if self._storage.problem is not None:
                    self._storage.recovered()
            self._committed(len(jobs))
            if not self._serving:
                await self._pause_for_server(now - began)
            return
        for job in jobs:
            job.error = failed

    async def _pause_for_server(self, seconds: float) -> None:
        """Pause for as long as the commit took, if there is a server that may have waited for it."""
        if time.monotonic() >= self._check_server_at:
            self._check_server_at = time.monotonic() + SERVER_CHECK_INTERVAL
            self._is_beside_a_server = self._lock.is_held_by_another()
        if self._is_beside_a_server:
            await asyncio.sleep(seconds)

    async def _attempt(self, jobs: list[Job]) -> Exception | None:
        """Run and commit the group; returns what failed, after which nothing of it was written."""
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
            return self._noted(error)
        except Unavailable as error:
            if error.problem is not None:
                self._storage.failed(error.problem, error=error)
            return error
        except (TimeoutError, asyncio.CancelledError):
            self.close()
            return Unavailable("The transaction took too long.")
        return None

    def _noted(self, error: sqlite3.Error) -> Exception:
        """The error for the callers of a group; remembers why nothing can be written."""
        problem = storage_problem(error, path=self._path)
        failed = database_failure(error)
        if problem is not None and isinstance(failed, Unavailable):
            failed.problem = problem
            self._storage.failed(problem, error=error)
        return failed

    @staticmethod
    def _is_full(failed: Exception) -> bool:
        return isinstance(failed, Unavailable) and failed.problem is StorageProblem.STORAGE_FULL

    def _free_space(self) -> bool:
        """Move the log into the file, most of whose pages need no new space there; True if the log has become shorter."""
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

        Raises sqlite3.Error when the whole transaction is lost, or the file cannot be written at all.
        """
        connection.execute("SAVEPOINT one")
        try:
            job.result = await job.work(self.session)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # carried to whoever waits for this work
            if not connection.in_transaction:
                lost = sqlite3.OperationalError("The transaction is gone.")
                raise error if isinstance(error, sqlite3.Error) else lost from error
            delivered = error_for_caller(error)
            if isinstance(error, sqlite3.Error) and isinstance(delivered, Unavailable):
                # One that does not fit on the disk leaves the others alone; a read-only file takes none of them.
                if storage_problem(error, path=self._path) is not StorageProblem.STORAGE_FULL:
                    raise
                delivered = self._noted(error)
            connection.execute("ROLLBACK TO one")
            job.error = delivered
        connection.execute("RELEASE one")
