"""PostgreSQL: a bounded pool, transactions that survive cancelled requests, and retries of failed transactions.

Each transaction runs in a task of its own from BEGIN to COMMIT, so that a cancelled caller never leaves a connection
half way. PostgreSQL's own timeouts bound every wait: for a lock, then for a statement; Troth's bounds the wait for a
response.
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
from app.store.database.postgres_errors import DRIVER_ERRORS, TRIED_AGAIN, Retry, given_up, is_lost, without_data
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
    of_program,
)

T = TypeVar("T")

POOL_SIZE = 10
WAITING_LIMIT = 1024
PATIENCE = 3.0
"""Seconds to wait for a connection."""

CONNECT_LIMIT = 3.0
LOCK_LIMIT = 2.0
STATEMENT_LIMIT = 5.0
ANSWER_LIMIT = 7.0
"""Seconds after which a server that does not respond is given up."""

RETRY_LIMIT = 8.0
"""Seconds for which a failed transaction is retried."""

CACHE_SIZE = 512
_OPTIONS = ("pool_size", "statement_cache_size")
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


def dsn_and_options(url: str) -> tuple[str, dict[str, int]]:
    """The URL for the driver, and the parameters that belong to Troth. Raises InvalidDatabaseUrl."""
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
        self._cache_size = options.get("statement_cache_size", CACHE_SIZE)
        size = options.get("pool_size", POOL_SIZE)
        self._pool = Pool(self._connect_till, size=size, limit=WAITING_LIMIT, patience=PATIENCE)
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
        """Run a unit of work in one transaction, after those with the same lock key or receipt, and retry it when the database failed."""
        # An idempotency key has no space, so that no lock key equals that of a receipt. Locks on receipts are taken in ascending
        # order, so that no two transactions wait for each other.
        lock_numbers = (
            lock_number(program_id, lock_key),
            *sorted({receipt_lock_number(program_id, number) for number in receipt_numbers}),
        )
        begin = "; ".join(("BEGIN", *(f"SELECT pg_advisory_xact_lock({number})" for number in lock_numbers)))
        attempt = partial(self._once, of_program(work, program_id), begin=begin, locking=" FOR UPDATE")
        return await self._patiently(attempt)

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a unit of work on one snapshot."""
        return await self.read_across_programs(of_program(work, program_id))

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work across programs on one snapshot."""
        return await self._patiently(partial(self._once, work, begin=_READ, locking=""))

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a unit of work on one snapshot, on a connection that is opened for it and is not the pool's."""
        return await self._long_reads.run(of_program(work, program_id), until=until)

    async def _run_long_read(self, work: UnscopedWork[T]) -> T:
        return await self._patiently(lambda: self._long_read(work))

    async def problem(self) -> StorageProblem | None:
        """Why nothing can be written: PostgreSQL does not respond, or only reads, as a standby does."""
        try:
            only_reads = await self._once(_only_reads, begin=_READ, locking="")
        except Busy:
            return StorageProblem.DATABASE_BUSY
        except (Unavailable, *DRIVER_ERRORS):
            return StorageProblem.DATABASE_UNREACHABLE
        return StorageProblem.STORAGE_READ_ONLY if only_reads else None

    async def _patiently(self, attempt_once: Callable[[], Awaitable[T]]) -> T:
        retry = Retry()
        try:
            return await attempt_once()
        except TRIED_AGAIN as error:
            if not retry(error):
                raise
        try:
            async for attempt in stamina.retry_context(
                on=retry, attempts=None, timeout=RETRY_LIMIT, wait_initial=0.01, wait_jitter=0.05, wait_max=0.5
            ):
                with attempt:
                    done = await attempt_once()
        except TRIED_AGAIN as error:
            if (final_error := given_up(error)) is error:
                raise
            raise final_error from error
        return done

    async def _once(self, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        """One attempt; it continues when the caller is cancelled."""
        await self._pool.acquire_slot()
        task = asyncio.ensure_future(self._transaction(work, begin=begin, locking=locking))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()

    async def _transaction(self, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        try:
            connection = await self._pool.take_connection()
            sound = False
            try:
                try:
                    done = await self._to_commit(connection, work, begin=begin, locking=locking)
                except BaseException as error:  # rolled back and raised again, a cancellation too
                    without_data(error)
                    await connection.execute("ROLLBACK")
                    sound = not is_lost(error)
                    raise
                sound = True
                return done
            finally:
                self._pool.return_connection(connection, sound=sound)
        finally:
            self._pool.release_slot()

    async def _to_commit(self, connection: Connection, work: UnscopedWork[T], *, begin: str, locking: str) -> T:
        await connection.execute(begin)
        session = PostgresSession(connection, locking=locking, row_cache=self._row_cache)
        done = await work(session)
        await session.flush()
        ended = await connection.execute("COMMIT")
        if ended != "COMMIT":
            raise Unavailable("The transaction had failed before its commit.")
        return done

    async def _long_read(self, work: UnscopedWork[T]) -> T:
        connection = await self._connect(statement_limit=TIME_LIMIT, answer_limit=TIME_LIMIT)
        try:
            await connection.execute(_READ)
            return await work(PostgresSession(connection, locking="", row_cache=self._row_cache))
        except BaseException as error:  # raised again, a cancellation too
            without_data(error)
            raise
        finally:
            # Closing waits until the server has stopped the statement of a cancelled unit of work. Where it fails, the driver
            # drops the connection, and what was read stays good.
            with suppress(*DRIVER_ERRORS):
                await asyncio.shield(connection.close(timeout=CONNECT_LIMIT))

    async def _connect_till(self) -> Connection:
        return await self._connect(statement_limit=STATEMENT_LIMIT, answer_limit=ANSWER_LIMIT)

    async def _connect(self, *, statement_limit: float, answer_limit: float) -> Connection:
        connection = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_LIMIT,
            command_timeout=answer_limit,
            statement_cache_size=self._cache_size,
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


async def _only_reads(session: UnscopedSession) -> bool:
    row = await session.row("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean")
    assert row is not None, "a SELECT without FROM has one row"
    return bool(row[0])
