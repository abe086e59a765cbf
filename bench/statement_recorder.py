"""What a verb sends to the database: the statements of real purchases and look-ups, with their values."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

import uuid_utils

from app.store.database.session import Database, Work
from app.usecases.application import Application

Statement = tuple[str, Sequence[Any]]


class _Connection:
    """A driver's connection that keeps a note of what it is asked."""

    def __init__(self, inner: Any, notes: list[Statement]) -> None:
        self._inner = inner
        self._notes = notes

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._inner, name)

        def noting(sql: str, *values: Any) -> Any:
            self._notes.append((sql, values))
            return asked(sql, *values)

        return noting


class Recorder:
    """A database whose sessions note every statement; `operations` has one list for each transaction."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.operations: list[list[Statement]] = []

    def _noting(self, work: Work[Any]) -> Work[Any]:
        async def noted(session: Any) -> Any:
            notes: list[Statement] = []
            name = "_execute" if session.dialect == "sqlite" else "_connection"
            plain = getattr(session, name)

            def noting(sql: str, values: Sequence[Any] = ()) -> Any:
                notes.append((sql, values))
                return plain(sql, values)

            setattr(session, name, noting if session.dialect == "sqlite" else _Connection(plain, notes))
            try:
                done = await work(session)
                if session.dialect == "postgres":
                    await session.flush()
            finally:
                setattr(session, name, plain)
            self.operations.append(notes)
            return done

        return noted

    async def write(self, work: Work[Any], *, program_id: str, turn: str, receipts: Collection[str] = ()) -> Any:
        """A noted transaction."""
        return await self._inner.write(self._noting(work), program_id=program_id, turn=turn, receipts=receipts)

    async def read(self, work: Work[Any]) -> Any:
        """A noted read."""
        return await self._inner.read(self._noting(work))


def application_on(database: Any) -> Application:
    """The use cases on a database, with the real clock and ids."""
    return Application(database=database, clock=lambda: datetime.now(UTC), new_id=lambda: str(uuid_utils.uuid7()))
