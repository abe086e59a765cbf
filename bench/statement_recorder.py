"""Recording of the statements, with their values, that commands and queries send to the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias, TypeVar, cast

import asyncpg

from app.store.database.postgres_session import PostgresSession
from app.store.database.session import Database, Session, StorageProblem, UnscopedSession, UnscopedWork, Work
from app.store.database.sqlite_session import SqliteSession

T = TypeVar("T")

Statement: TypeAlias = tuple[str, Sequence[Any]]
"""SQL in the driver's dialect, and the values of its placeholders."""


class StatementRecorder:
    """A database that records every statement except those of long reads; `operations` has a list of statements for each transaction that succeeded."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.operations: list[list[Statement]] = []

    async def start(self) -> None:
        """Open the connections."""
        await self._database.start()

    async def stop(self) -> None:
        """Close the connections."""
        await self._database.stop()

    async def problem(self) -> StorageProblem | None:
        """Why nothing can be written at present."""
        return await self._database.problem()

    async def write(self, work: Work[T], *, program_id: str, lock_key: str, receipt_numbers: Collection[str] = ()) -> T:
        """Run a transaction and record it."""

        async def recorded(session: Session) -> T:
            return await self._record(session.across_programs, lambda: work(session))

        return await self._database.write(
            recorded, program_id=program_id, lock_key=lock_key, receipt_numbers=receipt_numbers
        )

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a read and record it."""

        async def recorded(session: Session) -> T:
            return await self._record(session.across_programs, lambda: work(session))

        return await self._database.read(recorded, program_id=program_id)

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a read across programs and record it."""

        async def recorded(session: UnscopedSession) -> T:
            return await self._record(session, lambda: work(session))

        return await self._database.read_across_programs(recorded)

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a long read, which is not recorded."""
        return await self._database.read_long(work, program_id=program_id, until=until)

    async def _record(self, session: UnscopedSession, run: Callable[[], Awaitable[T]]) -> T:
        statements: list[Statement] = []
        with _recording(session, statements):
            result = await run()
            if isinstance(session, PostgresSession):
                await session.flush()
        self.operations.append(statements)
        return result


@contextmanager
def _recording(session: UnscopedSession, statements: list[Statement]) -> Iterator[None]:
    """Add each statement that the session sends to its driver. Raises TypeError for an unknown kind of session."""
    if isinstance(session, SqliteSession):
        execute = session._execute
        session._execute = cast(Any, _RecordingExecute(execute, statements))
        try:
            yield
        finally:
            session._execute = execute
    elif isinstance(session, PostgresSession):
        connection = session._connection
        session._connection = cast(asyncpg.Connection, _RecordingConnection(connection, statements))
        try:
            yield
        finally:
            session._connection = connection
    else:
        raise TypeError(f"cannot record the statements of a {type(session).__name__}")


class _RecordingExecute:
    """SQLite's `execute`, which takes the values as a sequence."""

    def __init__(self, execute: Callable[..., Any], statements: list[Statement]) -> None:
        self._execute = execute
        self._statements = statements

    def __call__(self, sql: str, values: Sequence[Any] = (), /) -> Any:
        self._statements.append((sql, values))
        return self._execute(sql, values)


class _RecordingConnection:
    """A connection of asyncpg, whose methods take the values as arguments."""

    def __init__(self, connection: asyncpg.Connection, statements: list[Statement]) -> None:
        self._connection = connection
        self._statements = statements

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._connection, name)

        def recorded(sql: str, *values: Any) -> Any:
            self._statements.append((sql, values))
            return method(sql, *values)

        return recorded
