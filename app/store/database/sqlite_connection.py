"""A connection to a SQLite file that is opened again after the database has failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Mapping
from typing import Any

from app.store.database.sqlite_files import FileState, connect, connect_for_reading, make_log_writable
from app.store.database.sqlite_session import SqliteSession


class ReopenedConnection:
    """A connection that is opened when it is first used, and again after it was closed (`connection` is None)."""

    def __init__(self, path: str, pragmas: Mapping[str, str], row_cache: dict[Hashable, Any]) -> None:
        self._path = path
        self._pragmas = pragmas
        self._row_cache = row_cache
        self.connection: sqlite3.Connection | None = None
        self.session: SqliteSession

    def open(self) -> sqlite3.Connection:
        """Open the connection. Raises sqlite3.Error."""
        self.connection = self._connect()
        self.session = SqliteSession(self.connection, row_cache=self._row_cache)
        return self.connection

    def close(self) -> None:
        """Close the connection; an open transaction is rolled back."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def _connect(self) -> sqlite3.Connection:
        make_log_writable(self._path)
        return connect(self._path, self._pragmas)


class ReadingConnection(ReopenedConnection):
    """A connection that only reads, also where nothing can be written: it then has the `state` of the file (`connect_for_reading`)."""

    state: FileState | None = None

    def is_outdated(self) -> bool:
        """Was the file, which nobody could write when it was opened, written since?"""
        return self.state is not None and self.state != FileState.of(self._path)

    def _connect(self) -> sqlite3.Connection:
        connection, self.state = connect_for_reading(self._path, self._pragmas)
        return connection
