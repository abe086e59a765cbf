"""The ORM on top of a session: it uses the session's connection and transaction, on either database.

Tortoise writes the dialect of the connection it was set up with into its models, so that one process could use only one
kind of database. Here it is set up once, with PostgreSQL's dialect and no connection at all: sessions on SQLite
translate that dialect. What the ORM cannot express (locking, several columns in a key) is written in SQL.

A query through a model starts from `ProgramRows`, the rows of one program, or from `rows_of_all_programs`; a model alone
has no connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

from pypika_tortoise.dialects import PostgreSQLQuery
from tortoise.backends.base.client import BaseDBAsyncClient, Capabilities
from tortoise.backends.base_postgres.executor import BasePostgresExecutor
from tortoise.context import TortoiseContext, set_global_context
from tortoise.models import Model
from tortoise.queryset import QuerySet

from app.store.database.models.programs import ProgramRow

M = TypeVar("M", bound=Model)

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
    """Set the models up; does nothing if this process has done so already."""
    if not _context.inited:
        set_global_context(_context)
        await _context.init(_CONFIG)


class _Statements(Protocol):
    """The part of a session that the ORM uses."""

    async def rows(self, sql: str, *values: Any) -> Sequence[Any]:
        """Every row of a query."""
        ...

    async def execute(self, sql: str, *values: Any) -> int:
        """Run a statement; the number of rows it touched."""
        ...

    async def execute_many(self, sql: str, values: Sequence[Sequence[Any]]) -> None:
        """Run a statement once for each group of values."""
        ...


class SessionClient(BaseDBAsyncClient):
    """A session as a client of the ORM; without a session it only says which dialect to use."""

    query_class = PostgreSQLQuery
    executor_class = BasePostgresExecutor
    capabilities = Capabilities("postgres", support_update_limit_order_by=False)

    def __init__(self, session: _Statements | None = None, *, connection_name: str = "default", **_: Any) -> None:
        super().__init__(connection_name)
        self._session = session

    async def execute_insert(self, query: str, values: list[Any]) -> None:
        """Insert a row that already has its key."""
        await self._bound_session.execute(query, *values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Sequence[Any]]:
        """The rows of a query, or how many rows a statement touched."""
        if query.startswith("SELECT"):
            rows = await self._bound_session.rows(query, *(values or ()))
            return len(rows), rows
        return await self._bound_session.execute(query, *(values or ())), ()

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        """The rows of a query by column name."""
        _, rows = await self.execute_query(query, values)
        return [dict(row) for row in rows]

    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        """Insert several rows."""
        await self._bound_session.execute_many(query, values)

    @property
    def _bound_session(self) -> _Statements:
        if self._session is None:
            raise RuntimeError("Use session.orm(Model): the ORM has no connection of its own.")
        return self._session


client_class = SessionClient


class ProgramRows(Generic[M]):
    """The rows of a model that belong to one program: every query is limited to them, and new rows get the program's id."""

    def __init__(self, model: type[M], *, session: _Statements, program_id: str) -> None:
        self._model = model
        self._client = SessionClient(session)
        self._program_filter = {"id" if model is ProgramRow else "program_id": program_id}

    def all(self) -> QuerySet[M]:
        """All rows of the program."""
        return self._model.filter(**self._program_filter).using_db(self._client)

    def filter(self, **conditions: Any) -> QuerySet[M]:
        """The rows of the program with these columns."""
        return self.all().filter(**conditions)

    async def page(
        self,
        *,
        after: int | None,
        before: int | None,
        limit: int,
        from_end: bool,
        by: str = "number",
        **conditions: Any,
    ) -> list[M]:
        """Rows with `after` < column `by` < `before`, in this order: at most `limit`, the first or, with `from_end`, the last."""
        bounds = {f"{by}__gt": after, f"{by}__lt": before}
        set_bounds = {bound: number for bound, number in bounds.items() if number is not None}
        rows = await self.filter(**set_bounds, **conditions).order_by(f"-{by}" if from_end else by).limit(limit)
        return rows[::-1] if from_end else rows

    async def create(self, **columns: Any) -> M:
        """Store a new row of the program."""
        return await self._model.create(using_db=self._client, **{**columns, **self._program_filter})


def rows_of_all_programs(model: type[M], session: _Statements) -> QuerySet[M]:
    """The rows of a model in every program."""
    return model.all(using_db=SessionClient(session))
