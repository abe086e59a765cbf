"""The embedded database: one file, one writer that commits in groups, and readers that never wait for it.

Writes queue for one thread. It takes all queued works, runs each in a savepoint of one transaction, commits once,
durably, and then returns their results: nothing is acknowledged before it is on disk.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from app.store.database.long_reads import LongReads
from app.store.database.orm import prepare
from app.store.database.session import Busy, Unavailable, UnscopedSession, UnscopedWork, Work, of_program
from app.store.database.sqlite_checkpoints import Checkpoints
from app.store.database.sqlite_long_reads import run_long_read
from app.store.database.sqlite_session import SqliteSession
from app.store.database.sqlite_worker import Job, JobQueue, deliver, failure

T = TypeVar("T")

GROUP = 64
"""Maximum number of works in one commit."""

QUEUE_LIMIT = 1024
"""Maximum number of works that wait for the writer; further ones get Busy."""

LOG_LIMIT = 8192
"""Pages of log at which the writer moves them itself: readers and writers without a pause may keep the log from
starting over."""

MAX_CONCURRENT_READS = 64
"""Maximum number of concurrent reads; further ones get Busy."""

WORK_LIMIT = 10.0
"""Seconds that a group of works may take: a work that waits for something else must not stop the writer."""

PRAGMAS: Mapping[str, str] = {
    "busy_timeout": "5000",
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "fullfsync": "ON",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "cache_size": "-32768",
    "temp_store": "MEMORY",
    "journal_size_limit": "67108864",
}
"""Durable commits, enforced foreign keys, and triggers that INSERT OR REPLACE sets off too; a URL's come on top."""


def file_and_pragmas(url: str) -> tuple[str, dict[str, str]]:
    """The file of a URL, and the pragmas of its connections."""
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise ValueError("A SQLite URL is sqlite:///file.db, or sqlite:////folder/file.db for an absolute path.")
    pragmas = dict(PRAGMAS)
    for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query)):
        if not re.fullmatch(r"[a-z_]+", name) or not re.fullmatch(r"-?[A-Za-z0-9_]+", value):
            raise ValueError("A parameter of a SQLite URL is a pragma and its value, like synchronous=FULL.")
        pragmas[name] = value
    return path, pragmas


def connect(path: str, pragmas: Mapping[str, str]) -> sqlite3.Connection:
    """A connection that begins and ends transactions explicitly. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}").close()
    return connection


class SqliteDatabase:
    """The database in one file. See `app.store.database.session.Database`."""

    def __init__(self, url: str) -> None:
        self._path, self._pragmas = file_and_pragmas(url)
        self._row_cache: dict[Hashable, Any] = {}
        self._writes = JobQueue(limit=QUEUE_LIMIT)
        self._checkpoints = Checkpoints(lambda: connect(self._path, self._pragmas))
        self._reads = _Readers(self._path, self._pragmas, self._row_cache)
        self._long_reads = LongReads(self._run_long_read)

    async def start(self) -> None:
        """Open the file (creating it if there is none) and start the threads. Raises Unavailable."""
        await prepare()
        try:
            connect(self._path, self._pragmas).close()
        except sqlite3.Error as error:
            raise failure(error) from error
        self._checkpoints.start()
        writing = {"wal_autocheckpoint": str(LOG_LIMIT), **self._pragmas}
        self._writes.start(
            lambda: _Writer(self._path, writing, self._row_cache, committed=self._checkpoints.committed),
            name="troth-writer",
            group=GROUP,
        )
        self._reads.start()
        self._long_reads.start()

    async def stop(self) -> None:
        """Finish all accepted works, cancel long reads, and close the connections."""
        await self._writes.stop()
        await self._long_reads.stop()
        await self._reads.stop()
        await asyncio.to_thread(self._checkpoints.stop)

    async def write(
        self,
        work: Work[T],
        *,
        program_id: str,
        lock_key: str,  # noqa: ARG002 - one writer: works come one after the other anyway
        receipts: Collection[str] = (),  # noqa: ARG002 - one writer: works come one after the other anyway
    ) -> T:
        """Run a work in the next group. Turns need no lock, as there is one writer."""
        done: T = await self._writes.do(of_program(work, program_id))
        return done

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a work on one snapshot, beside the writer, in the caller's loop; it must be short or await often."""
        result: T = await self._reads.do(of_program(work, program_id))
        return result

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a work across programs on one snapshot, beside the writer, in the caller's loop."""
        result: T = await self._reads.do(work)
        return result

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a work on one snapshot, on a connection of aiosqlite: its thread waits for the file, not the caller's loop."""
        return await self._long_reads.do(of_program(work, program_id), until=until)

    async def _run_long_read(self, work: UnscopedWork[T]) -> T:
        pragmas = {**self._pragmas, "query_only": "ON"}
        return await run_long_read(work, connect=lambda: connect(self._path, pragmas), row_cache=self._row_cache)

    async def ready(self) -> bool:
        """Can the file be read, and is the writer running?"""
        try:
            return self._writes.serving and await self.read_across_programs(_answers)
        except (Busy, Unavailable):
            return False


async def _answers(session: UnscopedSession) -> bool:
    return await session.row("SELECT 1") is not None


class _Connection:
    """A connection that is reopened after the database has failed."""

    def __init__(self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any]) -> None:
        self._path = path
        self._pragmas = pragmas
        self._row_cache = row_cache
        self._connection: sqlite3.Connection | None = None
        self.session: SqliteSession

    def opened(self) -> sqlite3.Connection:
        """The connection, opened if necessary. Raises sqlite3.Error."""
        if self._connection is None:
            self._connection = connect(self._path, self._pragmas)
            self.session = SqliteSession(self._connection, row_cache=self._row_cache)
        return self._connection

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _Writer(_Connection):
    """Runs a group of works in one transaction."""

    def __init__(
        self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any], *, committed: Callable[[int], None]
    ) -> None:
        super().__init__(path, pragmas, row_cache)
        self._committed = committed

    async def run(self, jobs: list[Job]) -> None:
        """Run each work in a savepoint and commit once; if the database fails, every work of the group fails."""
        try:
            connection = self.opened()
            connection.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(WORK_LIMIT):
                for job in jobs:
                    if not job.waiter.cancelled():
                        await self._run_job(connection, job)
            connection.execute("COMMIT")
            self._committed(len(jobs))
        except sqlite3.Error as error:
            self.close()
            for job in jobs:
                job.error = failure(error)
        except (TimeoutError, asyncio.CancelledError):
            self.close()
            for job in jobs:
                job.error = Unavailable("A work took too long.")

    async def _run_job(self, connection: sqlite3.Connection, job: Job) -> None:
        """Run a work, and roll back only its own writes if it raises. Raises sqlite3.Error when the whole transaction is lost."""
        connection.execute("SAVEPOINT one")
        try:
            job.result = await job.work(self.session)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # carried to whoever waits for this work
            if not connection.in_transaction:
                lost = sqlite3.OperationalError("The transaction is gone.")
                raise error if isinstance(error, sqlite3.Error) else lost from error
            connection.execute("ROLLBACK TO one")
            job.error = deliver(error)
        connection.execute("RELEASE one")


class _Readers:
    """Read-only connections, used in the caller's loop: a thread for a short read costs more than the read.

    A work that awaits something else keeps its connection until it is done. Used from one loop.
    """

    def __init__(self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any]) -> None:
        self._path = path
        # A read meets a lock only while the file is recovered or rebuilt; the loop must not block for it.
        self._pragmas = {**pragmas, "query_only": "ON", "busy_timeout": "100"}
        self._row_cache = row_cache
        self._idle: list[_Connection] = []
        self._reading = 0
        self._quiet = asyncio.Event()
        self._open = False

    def start(self) -> None:
        """Accept works from now on."""
        self._open = True

    async def do(self, work: UnscopedWork[T]) -> T:
        """Run a work on a snapshot and a connection of its own. Raises Busy, Unavailable, and whatever the work raises."""
        if not self._open:
            raise Unavailable("The database is not open.")
        if self._reading >= MAX_CONCURRENT_READS:
            raise Busy
        self._reading += 1
        reader = self._idle.pop() if self._idle else _Connection(self._path, self._pragmas, self._row_cache)
        try:
            connection = reader.opened()
            connection.execute("BEGIN")
            try:
                async with asyncio.timeout(WORK_LIMIT):
                    return await work(reader.session)
            finally:
                connection.execute("ROLLBACK")
        except (sqlite3.Error, TimeoutError) as error:
            reader.close()
            failed = deliver(error)
            if failed is error:
                raise
            raise failed from error
        finally:
            self._reading -= 1
            self._idle.append(reader)
            if not self._reading:
                self._quiet.set()

    async def stop(self) -> None:
        """Wait for the works under way, and close the connections."""
        self._open = False
        if self._reading:
            self._quiet.clear()
            await self._quiet.wait()
        while self._idle:
            self._idle.pop().close()
