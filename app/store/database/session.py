"""Transactions: sessions, databases, and the errors that a transaction may raise.

A *unit of work* is an ``async def`` that takes a session and awaits nothing but that session. It may be called more than once
(after a lost connection, a deadlock, a concurrent change) and must then give the same result.

Statements that a till waits for are SQL (`Session.row` and its neighbours); all others may go through the models
(`Session.orm`). `bench/orm_bench.py` measures why: reading one row takes 20 µs of processor time by SQL and 240 µs through
its model, storing one 20 and 130 µs, and a purchase runs 19 statements.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, MutableMapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Any, Protocol, TypeAlias, TypeVar

from tortoise.models import Model

from app.store.database.orm import ProgramRows

M = TypeVar("M", bound=Model)
T = TypeVar("T")


class Row(Protocol):
    """One row, read by column name or position, with the driver's own values: see `app.store.database.codecs`."""

    def __getitem__(self, column: str | int, /) -> Any:
        """The value of a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The values in the order of the columns."""
        ...


Value: TypeAlias = Any
"""The value of a placeholder: str, int, None, bool, an aware datetime, a date, or a list of str (for ``= ANY($n)``)."""


class Busy(Exception):
    """The database has too much to do: nothing was written. The caller may try again after `retry_after` seconds."""

    def __init__(self, retry_after: float = 1.0) -> None:
        super().__init__(f"The database is busy; try again in {retry_after:g} s.")
        self.retry_after = retry_after


class StorageProblem(StrEnum):
    """Why nothing can be written at present, for whoever runs the server. Tills are told to try again."""

    STORAGE_FULL = "STORAGE_FULL"
    STORAGE_READ_ONLY = "STORAGE_READ_ONLY"
    STORAGE_FAILED = "STORAGE_FAILED"
    SERVED_BY_ANOTHER_PROCESS = "SERVED_BY_ANOTHER_PROCESS"
    DATABASE_UNREACHABLE = "DATABASE_UNREACHABLE"
    DATABASE_BUSY = "DATABASE_BUSY"

    @property
    def detail(self) -> str:
        """What is wrong and what to do, in English."""
        return _DETAILS[self]


_DETAILS = {
    StorageProblem.STORAGE_FULL: "The disk of the database is full. Reads are served; as soon as there is room, so are writes.",
    StorageProblem.STORAGE_READ_ONLY: "The database is read-only. Reads are served; as soon as it can be written, so are writes.",
    StorageProblem.STORAGE_FAILED: "The disk of the database fails. The log has the error.",
    StorageProblem.SERVED_BY_ANOTHER_PROCESS: "Another server serves this SQLite file, and only that one may write to it.",
    StorageProblem.DATABASE_UNREACHABLE: "The database does not respond.",
    StorageProblem.DATABASE_BUSY: "The database has too much to do, or another process has locked it.",
}


class InvalidDatabaseUrl(ValueError):
    """A database URL that does not name a database. The text says what is expected."""


class Unavailable(Exception):
    """The database cannot be reached or cannot write: nothing was acknowledged. The caller may try again.

    `problem` says why nothing can be written; None if that is not known.
    """

    def __init__(self, message: str, *, problem: StorageProblem | None = None) -> None:
        super().__init__(message)
        self.problem = problem


class ConcurrentChange(Exception):
    """Another transaction changed a row between its being read and locked: the unit of work has to run again."""


class UnscopedSession(Protocol):
    """A transaction on the whole database; functions that read the rows of several programs take one.

    SQL is written once, with ``$1, $2 …`` for the values (each may be used again) and ``column = ANY($n)`` for a list
    of texts; SQLite's session rewrites both.
    """

    @property
    def across_programs(self) -> UnscopedSession:
        """This session. Lets functions across programs be called with either kind of session."""
        ...

    @property
    def locking(self) -> str:
        """The end of a locking SELECT: `` FOR UPDATE`` where rows can be locked, empty on SQLite, which has one writer."""
        ...

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgres``."""
        ...

    @property
    def row_cache(self) -> MutableMapping[Hashable, Any]:
        """A cache of rows that never change, shared by all sessions of a database in this process."""
        ...

    async def rows(self, sql: str, *values: Value) -> Sequence[Row]:
        """All rows of a query."""
        ...

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row of a query, or None."""
        ...

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement now; returns the number of affected rows."""
        ...

    async def enqueue(self, sql: str, *values: Value) -> None:
        """Run a statement before the next read or the commit, without its result.

        On PostgreSQL several of them are sent as one statement, in no particular order and without seeing each
        other's rows (foreign keys between them hold). An error appears when the statements run.
        """
        ...

    async def execute_many(self, sql: str, values: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each group of values."""
        ...

    async def lock_receipt(self, receipt: str, *, program_id: str) -> None:
        """Lock a receipt number of a program until the transaction ends, like those passed to `Database.write`.

        For a number that the unit of work learns only from what it reads. Raises ConcurrentChange if another transaction
        has the lock.
        """
        ...


class UnscopedStatementError(Exception):
    """A statement of a program's session does not mention `$1`, the program: it would reach other programs' rows."""


@cache
def _checked(sql: str) -> str:
    """The statement itself, if it mentions `$1`; each text is checked once. Raises UnscopedStatementError."""
    if _PROGRAM.search(sql) is None:
        raise UnscopedStatementError(sql)
    return sql


_PROGRAM = re.compile(r"\$1\b")


class Session:
    """A transaction on the rows of one program. `$1` of every statement is the program's id, which the session binds.

    The values that are passed are `$2` and following ones, so that no statement can omit the program or name another
    one.
    """

    __slots__ = ("across_programs", "dialect", "locking", "program_id", "row_cache")

    def __init__(self, across_programs: UnscopedSession, *, program_id: str) -> None:
        self.across_programs = across_programs
        self.program_id = program_id
        self.locking = across_programs.locking
        self.dialect = across_programs.dialect
        self.row_cache = across_programs.row_cache

    def orm(self, model: type[M]) -> ProgramRows[M]:
        """The program's rows of a model, for statements that no till waits for."""
        return ProgramRows(model, session=self.across_programs, program_id=self.program_id)

    # The following methods return the awaitable itself: that saves a coroutine for each statement.

    def rows(self, sql: str, *values: Value) -> Awaitable[Sequence[Row]]:
        """All rows of a query."""
        return self.across_programs.rows(_checked(sql), self.program_id, *values)

    def row(self, sql: str, *values: Value) -> Awaitable[Row | None]:
        """The first row of a query, or None."""
        return self.across_programs.row(_checked(sql), self.program_id, *values)

    def execute(self, sql: str, *values: Value) -> Awaitable[int]:
        """Run a statement now; returns the number of affected rows."""
        return self.across_programs.execute(_checked(sql), self.program_id, *values)

    def enqueue(self, sql: str, *values: Value) -> Awaitable[None]:
        """Run a statement later, without its result: see `UnscopedSession.enqueue`."""
        return self.across_programs.enqueue(_checked(sql), self.program_id, *values)

    def lock_receipt(self, receipt: str) -> Awaitable[None]:
        """Lock a receipt number until the transaction ends: see `UnscopedSession.lock_receipt`."""
        return self.across_programs.lock_receipt(receipt, program_id=self.program_id)


Work: TypeAlias = Callable[[Session], Awaitable[T]]
"""The code of one transaction of one program."""

UnscopedWork: TypeAlias = Callable[[UnscopedSession], Awaitable[T]]
"""The code of one transaction across programs."""


def scoped_to_program(work: Work[T], program_id: str) -> UnscopedWork[T]:
    """The unit of work for the whole database that runs `work` with a session of one program."""
    return lambda session: work(Session(session, program_id=program_id))


class Database(Protocol):
    """An open database: write transactions, and reads beside them."""

    async def start(self) -> None:
        """Open the connections. Raises Unavailable when the database cannot be reached."""
        ...

    async def stop(self) -> None:
        """Finish the transactions under way, cancel long reads, and close the connections.

        Later calls raise Unavailable.
        """
        ...

    async def write(self, work: Work[T], *, program_id: str, lock_key: str, receipt_numbers: Collection[str] = ()) -> T:
        """Run a unit of work in one transaction and return its result once that is durable.

        Units of work of one program with the same `lock_key` run one after the other, from their first read on. A lock key
        is the idempotency key of a command or, without one, the id of what is changed or another text that names it.
        Units of work that have a receipt number in common run one after the other, too, such as a purchase and a refund
        that may arrive before it. An exception of a unit of work rolls back what it wrote, nothing else, and reaches
        its caller only. If the database fails, the unit of work is called again, a limited number of times with growing
        random pauses. Raises Busy and Unavailable.
        """
        ...

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a unit of work that only reads, on one state of the database and beside the writers. Raises Busy and Unavailable."""
        ...

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a unit of work that reads rows of several programs, as `read` does. Raises Busy and Unavailable."""
        ...

    async def read_long(
        self, work: Work[T], *, program_id: str, until: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Run a long read, on one state of the database and a connection of its own; no till waits for it.

        A long read may take seconds, such as a verification; the replay of one wallet is an ordinary read. At most 2 run at
        a time, each for at most a minute (`app.store.database.long_reads`). It is cancelled with its caller, and when
        `until` returns, which means that nobody waits for the result any more. Raises Busy and Unavailable.
        """
        ...

    async def problem(self) -> StorageProblem | None:
        """Why nothing can be written at present; None if the database can be read and written."""
        ...
