"""Connections to a SQLite file that are opened again after the database has failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Mapping
from typing import Any

from app.store.database.sqlite_files import FileState, connect, connect_for_reading, make_log_writable
from app.store.database.sqlite_session import SqliteSession


class ReopeningConnection:
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


class ReadingConnection(ReopeningConnection):
    """A connection that only reads."""

    unwritable_file_state: FileState | None = None
    """The state of the file when it was opened, if nothing could be written then (see `connect_for_reading`); else None."""

    def is_outdated(self) -> bool:
        """Was the file written since it was opened, though nothing could be written then?"""
        return self.unwritable_file_state is not None and self.unwritable_file_state != FileState.of(self._path)

    def _connect(self) -> sqlite3.Connection:
        connection, self.unwritable_file_state = connect_for_reading(self._path, self._pragmas)
        return connection
