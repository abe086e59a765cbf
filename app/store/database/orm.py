"""The ORM over a session of ours: the same transaction, the same connection, on either database.

Tortoise writes the dialect of the connection it was set up with into its models, so that one process could use only one
kind of database. Here it is set up once, with PostgreSQL's dialect and no connection at all: a session understands
that dialect wherever it leads. What the ORM cannot say (locking, several columns in a key) is SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pypika_tortoise.dialects import PostgreSQLQuery
from tortoise.backends.base.client import BaseDBAsyncClient, Capabilities
from tortoise.backends.base_postgres.executor import BasePostgresExecutor
from tortoise.context import TortoiseContext, set_global_context

_MODELS = [
    f"app.store.database.models.{concept}"
    for concept in ("programs", "terms", "customers", "purchases", "usage", "rewards", "ledger", "idempotency")
]
_CONFIG = {
    "connections": {"default": {"engine": __name__, "credentials": {}}},
    "apps": {"store": {"models": _MODELS, "default_connection": "default"}},
}
_context = TortoiseContext()


async def prepare() -> None:
    """Set the models up, once in a process."""
    if not _context.inited:
        set_global_context(_context)
        await _context.init(_CONFIG)


class _Statements(Protocol):
    """What the ORM needs of a session."""

    async def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        """Every row of a query."""
        ...

    async def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; the number of rows it touched."""
        ...

    async def many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each group of values."""
        ...


class SessionClient(BaseDBAsyncClient):
    """A session as the ORM sees it; without one, only the dialect."""

    query_class = PostgreSQLQuery
    executor_class = BasePostgresExecutor
    capabilities = Capabilities("postgres", support_update_limit_order_by=False)

    def __init__(self, session: _Statements | None = None, *, connection_name: str = "default", **_: Any) -> None:
        super().__init__(connection_name)
        self._session = session

    async def execute_insert(self, query: str, values: list[Any]) -> None:
        """Insert a row whose key is known."""
        await self._bound.execute(query, *values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        """The rows of a query, or how many rows a statement touched."""
        if query.startswith("SELECT"):
            rows = await self._bound.rows(query, *(values or ()))
            return len(rows), rows
        return await self._bound.execute(query, *(values or ())), ()

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query by column name."""
        _, rows = await self.execute_query(query, values)
        return [dict(row) for row in rows]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Insert several rows."""
        await self._bound.many(query, values)

    @property
    def _bound(self) -> _Statements:
        if self._session is None:
            raise RuntimeError("Pass using_db=session.orm: the ORM has no connection of its own.")
        return self._session


client_class = SessionClient
