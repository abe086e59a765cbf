"""A session on PostgreSQL: one connection in one transaction. Queued statements are sent together, in one round trip."""

from __future__ import annotations

import re
from collections.abc import Hashable, MutableMapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import asyncpg

from app.store.database.session import ConcurrentChange, Row, Value

_PLACEHOLDER = re.compile(r"\$(\d+)")
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")


@lru_cache(maxsize=512)
def combine_statements(statements: tuple[tuple[str, int], ...]) -> str:
    """One statement that runs several, each given with its number of values; it takes all values one after the other."""
    parts: list[str] = []
    offset = 0
    for sql, count in statements:
        parts.append(_PLACEHOLDER.sub(lambda match, by=offset: f"${int(match[1]) + by}", sql))  # type: ignore[misc]  # a default binds the loop's value, which mypy cannot type
        offset += count
    if len(parts) == 1:
        return parts[0]
    named_parts = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(parts, start=1))
    return f"WITH {named_parts} SELECT 1"


@lru_cache(maxsize=512)
def written_table(sql: str) -> str:
    """The table that a statement writes to. Raises ValueError for any other kind of statement."""
    match = _WRITES.match(sql)
    if match is None:
        raise ValueError("Only INSERT, UPDATE and DELETE can be queued.")
    return match[1]


def lock_number(program_id: str, lock_key: str) -> int:
    """The number of the advisory lock of a lock key in a program: 64 bits, signed."""
    digest = blake2b(f"{program_id}|{lock_key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def receipt_lock_number(program_id: str, receipt: str) -> int:
    """The number of the advisory lock of a receipt number in a program."""
    return lock_number(program_id, f"receipt {receipt}")


class PostgresSession:
    """A session over one connection that is in a transaction."""

    dialect = "postgres"

    def __init__(
        self, connection: asyncpg.Connection, *, locking: str, row_cache: MutableMapping[Hashable, Any]
    ) -> None:
        self.row_cache = row_cache
        self._connection = connection
        self._queued: list[tuple[str, tuple[Value, ...]]] = []
        self.locking = locking

    @property
    def across_programs(self) -> PostgresSession:
        """This session. Lets functions across programs be called with either kind of session."""
        return self

    async def rows(self, sql: str, *values: Value) -> Sequence[Row]:
        """All rows of a query."""
        if self._queued:
            await self.flush()
        result: Sequence[Row] = await self._connection.fetch(sql, *values)
        return result

    async def row(self, sql: str, *values: Value) -> Row | None:
        """The first row of a query, or None."""
        if self._queued:
            await self.flush()
        result: Row | None = await self._connection.fetchrow(sql, *values)
        return result

    async def execute(self, sql: str, *values: Value) -> int:
        """Run a statement; returns the number of affected rows."""
        if self._queued:
            await self.flush()
        status: str = await self._connection.execute(sql, *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def enqueue(self, sql: str, *values: Value) -> None:
        """Queue a statement until the next read or the commit. If one on the same table is queued, all queued ones are sent first.

        Statements sent together do not see each other's rows.
        """
        if any(written_table(sql) == written_table(queued_sql) for queued_sql, _ in self._queued):
            await self.flush()
        self._queued.append((sql, values))

    async def execute_many(self, sql: str, values: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each group of values."""
        if self._queued:
            await self.flush()
        await self._connection.executemany(sql, values)

    async def lock_receipt(self, receipt: str, *, program_id: str) -> None:
        """Lock a receipt number until the transaction ends. Raises ConcurrentChange if another transaction has locked it.

        It does not wait for the lock, because the other transaction may be waiting for locks of this one.
        """
        number = receipt_lock_number(program_id, receipt)
        row = await self.row("SELECT pg_try_advisory_xact_lock($1)", number)
        if row is None or not row[0]:
            raise ConcurrentChange

    async def flush(self) -> None:
        """Send the queued statements in one round trip."""
        if not self._queued:
            return
        statements, self._queued = self._queued, []
        sql = combine_statements(tuple((text, len(values)) for text, values in statements))
        await self._connection.execute(sql, *[value for _, values in statements for value in values])
