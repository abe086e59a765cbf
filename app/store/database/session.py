"""The unit of work: the two things a use case sees of the database, and what may go wrong with it.

A *work* is an ``async def`` that takes a session and waits for nothing but that session. It may be called more than
once (after a lost connection, a deadlock, a lost race) and must then come to the same end.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Hashable, Iterator, MutableMapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient

from app.store.database.orm import SessionClient

T = TypeVar("T")


class Row(Protocol):
    """One row, by column name or position, with the driver's own values: see `app.store.database.codecs`."""

    def __getitem__(self, column: str | int, /) -> Any:
        """The value of a column."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """The values in the order of the columns."""
        ...


Value: TypeAlias = Any
"""What a placeholder takes: str, int, None, bool, an aware datetime, a date, or a list of str (for ``= ANY($n)``)."""


class Busy(Exception):
    """Too much at once: nothing was written; the same request may be sent again after `retry_after` seconds."""

    def __init__(self, retry_after: float = 1.0) -> None:
        super().__init__(f"The database is busy; try again in {retry_after:g} s.")
        self.retry_after = retry_after


class Unavailable(Exception):
    """The database cannot be reached or cannot write; nothing is acknowledged, and the request may be sent again."""


class ConcurrentChange(Exception):
    """What a work read was changed by another one before it could be locked: it has to be run again."""


class UnscopedSession(Protocol):
    """One transaction's view of the whole database, every program's rows: what a read across programs asks for by name.

    SQL is written once, with ``$1, $2 …`` for the values (each may be used again) and ``column = ANY($n)`` for a list
    of texts; SQLite's session rewrites both.
    """

    @property
    def across_programs(self) -> UnscopedSession:
        """This session: a function that reads across programs takes a program's session as well."""
        ...

    @property
    def locking(self) -> str:
        """`` FOR UPDATE`` where rows can be locked, empty where one writer makes it needless: ends a locking SELECT."""
        ...

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgres``."""
        ...

    @property
    def memory(self) -> MutableMapping[Hashable, Any]:
        """What this process remembers of rows that never change; one for all sessions of a database."""
        ...

    async def rows(self, sql: str, *values: Value) -> Sequence[Row]:
        """Every row of a query."""
        ...

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row of a query, or None."""
        ...

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement now; the number of rows it touched."""
        ...

    async def enqueue(self, sql: str, *values: Value) -> None:
        """Run a statement whose result nobody needs: before the next read, or before the commit.

        Several of them travel as one statement on PostgreSQL, in no particular order and without seeing each other's
        rows (foreign keys between them hold). An error appears where the statements are run.
        """
        ...

    async def many(self, sql: str, values: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each group of values."""
        ...


class UnscopedStatementError(Exception):
    """A statement of a program's session does not name the program: it would reach into other programs."""


_scoped: set[str] = set()


def _checked(sql: str) -> str:
    """The statement, which must name `$1`; each text is looked at once. Raises UnscopedStatementError."""
    if sql not in _scoped:
        if _PROGRAM.search(sql) is None:
            raise UnscopedStatementError(sql)
        _scoped.add(sql)
    return sql


_PROGRAM = re.compile(r"\$1\b")


class Session:
    """One transaction's view of one program. `$1` of every statement is the program's id, which the session binds.

    The values that are passed are `$2` and following ones, so that no statement can leave the program out or name
    another one.
    """

    __slots__ = ("across_programs", "dialect", "locking", "memory", "program_id")

    def __init__(self, across_programs: UnscopedSession, *, program_id: str) -> None:
        self.across_programs = across_programs
        self.program_id = program_id
        self.locking = across_programs.locking
        self.dialect = across_programs.dialect
        self.memory = across_programs.memory

    @property
    def orm(self) -> BaseDBAsyncClient:
        """This transaction as the ORM knows it: ``using_db=session.orm``, for what no till waits for."""
        return SessionClient(self.across_programs)

    # These return the awaitable itself: one coroutine less for each statement of a till.

    def rows(self, sql: str, *values: Value) -> Awaitable[Sequence[Row]]:
        """Every row of a query."""
        return self.across_programs.rows(_checked(sql), self.program_id, *values)

    def row(self, sql: str, *values: Value) -> Awaitable[Row | None]:
        """The first row of a query, or None."""
        return self.across_programs.row(_checked(sql), self.program_id, *values)

    def execute(self, sql: str, *values: Value) -> Awaitable[int]:
        """Run a statement now; the number of rows it touched."""
        return self.across_programs.execute(_checked(sql), self.program_id, *values)

    def enqueue(self, sql: str, *values: Value) -> Awaitable[None]:
        """Run a statement whose result nobody needs: see `UnscopedSession.enqueue`."""
        return self.across_programs.enqueue(_checked(sql), self.program_id, *values)


Work: TypeAlias = Callable[[Session], Awaitable[T]]
"""What happens in one transaction of one program."""

UnscopedWork: TypeAlias = Callable[[UnscopedSession], Awaitable[T]]
"""What is read in one transaction across programs."""


def of_program(work: Work[T], program_id: str) -> UnscopedWork[T]:
    """The work of one program, for a session of the whole database."""
    return lambda session: work(Session(session, program_id=program_id))


class Database(Protocol):
    """A database that is open: transactions of one writer or of many, and reads beside them."""

    async def start(self) -> None:
        """Open the connections. Raises Unavailable when the database cannot be reached."""
        ...

    async def stop(self) -> None:
        """Finish what is under way and close the connections; what comes later gets Unavailable."""
        ...

    async def write(self, work: Work[T], *, program_id: str, turn: str, receipts: Collection[str] = ()) -> T:
        """Run the work in one transaction and return its result once that is durable.

        Works of one program with the same `turn` (an idempotency key) run one after the other from their first read on,
        and so do those with one of the same `receipts`: a purchase, and a refund that may come before it.
        An exception of the work rolls back what that work wrote, nothing else, and reaches this caller only. The work
        is called again (a bounded number of times, with growing random pauses) when the database, not the work, failed.
        Raises Busy and Unavailable.
        """
        ...

    async def read(self, work: Work[T], *, program_id: str) -> T:
        """Run a work that only reads, beside the writers, on one snapshot. Raises Busy and Unavailable."""
        ...

    async def read_across_programs(self, work: UnscopedWork[T]) -> T:
        """Run a work that reads rows of several programs, beside the writers, on one snapshot. Raises Busy and Unavailable."""
        ...

    async def ready(self) -> bool:
        """Whether the database answers now."""
        ...
