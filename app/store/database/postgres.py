"""PostgreSQL: a bounded pool, transactions that survive cancelled requests, and retries of failed transactions.

Each transaction runs in a task of its own from BEGIN to COMMIT, so that a cancelled caller never leaves a connection
half way. PostgreSQL's timeouts limit the wait for each lock and the time of each statement; a timeout of the driver limits
the wait for a server that does not respond.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import stamina

from app.store.database.long_reads import TIME_LIMIT, LongReads
from app.store.database.orm import prepare
from app.store.database.postgres_errors import (
    DRIVER_ERRORS,
    RETRIED_ERRORS,
    Retry,
    connection_is_lost,
    error_after_last_attempt,
    strip_data,
)
from app.store.database.postgres_pool import Connection, Pool
from app.store.database.postgres_session import PostgresSession, lock_number, receipt_lock_number
from app.store.database.session import (
    Busy,
    InvalidDatabaseUrl,
    StorageProblem,
    Unavailable,
    UnscopedSession,
    UnscopedWork,
    Work,
    scoped_to_program,
)

T = TypeVar("T")

POOL_SIZE = 10
WAITING_LIMIT = 1024
"""The most units of work that wait for a connection; further ones get Busy."""

PATIENCE = 3.0
"""Seconds that a unit of work waits for a connection."""

CONNECT_LIMIT = 3.0
"""Seconds in which a connection must be open."""

LOCK_LIMIT = 2.0
"""Seconds that a statement waits for a lock."""

STATEMENT_LIMIT = 5.0
"""Seconds that a statement may take."""

ANSWER_LIMIT = 7.0
"""Seconds after which a server that does not respond counts as lost."""

RETRY_LIMIT = 8.0
"""Seconds for which a failed transaction is retried."""

STATEMENT_CACHE_SIZE = 512
_OPTIONS = ("pool_size", "statement_cache_size")
_BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def dsn_and_options(url: str) -> tuple[str, dict[str, int]]:
    """The URL for the driver, and the parameters that are Troth's own (`_OPTIONS`). Raises InvalidDatabaseUrl."""
    parts = urlsplit(url)
    parameters = dict(parse_qsl(parts.query))
    try:
        options = {name: int(parameters.pop(name)) for name in _OPTIONS if name in parameters}
    except ValueError as error:
        raise InvalidDatabaseUrl(f"{' and '.join(_OPTIONS)} of a PostgreSQL URL are whole numbers.") from error
    return urlunsplit(parts._replace(query=urlencode(parameters, safe="/"))), options


class PostgresDatabase:
    """A PostgreSQL database. See `app.store.database.session.Database`.

    Parameters of the URL beside PostgreSQL's own: `pool_size`, and `statement_cache_size` (0 behind pgbouncer).
    """

    def __init__(self, url: str) -> None:
        self._dsn, options = dsn_and_options(url)
        self._statement_cache_size = options.get("statement_cache_size", STATEMENT_CACHE_SIZE)
        size = options.get("pool_size", POOL_SIZE)
        self._pool = Pool(self._connect_for_pool, size=size, limit=WAITING_LIMIT, patience=PATIENCE)
        self._long_reads = LongReads(self._run_long_read)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._row_cache: dict[Hashable, Any] = {}

    async def start(self) -> None:
        """Open the pool with one connection. Raises Unavailable."""
        await prepare()
        self._pool.open()
        self._long_reads.start()
        if await self.problem() in (StorageProblem.DATABASE_UNREACHABLE, StorageProblem.DATABASE_BUSY):
            await self.stop()
            raise Unavailable("PostgreSQL cannot be reached.")

    async def stop(self) -> None:
        """Finish the transactions under way, cancel long reads, and close the connections."""
        await self._long_reads.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=RETRY_LIMIT)
        self._pool.close()

    async def write(self, work: Work[T], *, program_id: str, lock_key: str, receipt_numbers: Collection[str] = ()) -> T:
        """Run a unit of work in one transaction, after those with the same lock key or receipt; retry it if the database fails."""
        # The text behind a receipt's lock has a space, which no idempotency key has, so that the two never share a lock. Locks on
        # receipts are taken in ascending order, so that no two transactions wait for each other.
        lock_numbers = (
            lock_number(program_id, lock_key),
            *sorted({receipt_lock_number(program_id, number) for number in receipt_numbers}),
        )
        begin = "; ".join(("BEGIN", *(f"SELECT pg_advisory_xact_lock({number})" for number in lock_numbers)))
        attempt = partial(self._attempt, scoped_to_program(work, program_id), begin=begin, locking=" FOR UPDATE")
        return await self._with_retries(attempt)

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a unit of work on one state of the database."""
        return await self.read_across_programs(scoped_to_program(work, program_id))

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work across programs on one state of the database."""
        return await self._with_retries(partial(self._attempt, work, begin=_BEGIN_READ, locking=""))

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a unit of work on one state of the database, on a connection of its own outside the pool."""
        return await self._long_reads.run(scoped_to_program(work, program_id), until=until)

    async def _run_long_read(self, work: UnscopedWork[T]) -> T:
        return await self._with_retries(lambda: self._attempt_long_read(work))

    async def problem(self) -> StorageProblem | None:
        """Why nothing can be written: PostgreSQL is busy, does not respond, or is read-only, as a standby is. None if it can."""
        try:
            is_read_only = await self._attempt(_is_read_only, begin=_BEGIN_READ, locking="")
        except Busy:
            return StorageProblem.DATABASE_BUSY
        except (Unavailable, *DRIVER_ERRORS):
            return StorageProblem.DATABASE_UNREACHABLE
        return StorageProblem.STORAGE_READ_ONLY if is_read_only else None

    async def _with_retries(self, attempt_once: Callable[[], Awaitable[T]]) -> T:
        retry = Retry()
        try:
            return await attempt_once()
        except RETRIED_ERRORS as error:
            if not retry(error):
                raise
        try:
            async for attempt in stamina.retry_context(
                on=retry, attempts=None, timeout=RETRY_LIMIT, wait_initial=0.01, wait_jitter=0.05, wait_max=0.5
            ):
                with attempt:
                    result = await attempt_once()
        except RETRIED_ERRORS as error:
            if (final_error := error_after_last_attempt(error)) is error:
                raise
            raise final_error from error
        return result

    async def _attempt(self, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        """Run a unit of work once, in a task that continues when the caller is cancelled."""
        await self._pool.acquire_slot()
        task = asyncio.ensure_future(self._run_transaction(work, begin=begin, locking=locking))
        self._tasks.add(task)
        task.add_done_callback(self._forget_task)
        return await asyncio.shield(task)

    def _forget_task(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _run_transaction(self, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        try:
            connection = await self._pool.take_connection()
            is_sound = False
            try:
                try:
                    result = await self._run_to_commit(connection, work, begin=begin, locking=locking)
                except BaseException as error:  # rolled back and raised again, a cancellation too
                    strip_data(error)
                    await connection.execute("ROLLBACK")
                    is_sound = not connection_is_lost(error)
                    raise
                is_sound = True
                return result
            finally:
                self._pool.return_connection(connection, is_sound=is_sound)
        finally:
            self._pool.release_slot()

    async def _run_to_commit(self, connection: Connection, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        await connection.execute(begin)
        session = PostgresSession(connection, locking=locking, row_cache=self._row_cache)
        result = await work(session)
        await session.flush()
        status = await connection.execute("COMMIT")
        if status != "COMMIT":
            raise Unavailable("The transaction had failed before its commit.")
        return result

    async def _attempt_long_read(self, work: UnscopedWork[T]) -> T:
        connection = await self._connect(statement_limit=TIME_LIMIT, answer_limit=TIME_LIMIT)
        try:
            await connection.execute(_BEGIN_READ)
            return await work(PostgresSession(connection, locking="", row_cache=self._row_cache))
        except BaseException as error:  # raised again, a cancellation too
            strip_data(error)
            raise
        finally:
            # Closing waits until the server has stopped the statement of a cancelled unit of work. If closing fails, the driver
            # drops the connection, and the result remains valid.
            with suppress(*DRIVER_ERRORS):
                await asyncio.shield(connection.close(timeout=CONNECT_LIMIT))

    async def _connect_for_pool(self) -> Connection:
        return await self._connect(statement_limit=STATEMENT_LIMIT, answer_limit=ANSWER_LIMIT)

    async def _connect(self, *, statement_limit: float, answer_limit: float) -> Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_LIMIT,
            command_timeout=answer_limit,
            statement_cache_size=self._statement_cache_size,
            server_settings={
                "application_name": "troth",
                "timezone": "UTC",
                "lock_timeout": f"{LOCK_LIMIT:g}s",
                "statement_timeout": f"{statement_limit:g}s",
                "idle_in_transaction_session_timeout": f"{answer_limit:g}s",
            },
        )
        await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)
        return connection


async def _is_read_only(session: UnscopedSession) -> bool:
    row = await session.row("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean")
    assert row is not None, "a SELECT without FROM has one row"
    return bool(row[0])
