"""The file of a SQLite database: how it is opened for writing, and for reading where nothing can be written."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from app.store.database.session import InvalidDatabaseUrl

PRAGMAS: Mapping[str, str] = {
    "busy_timeout": "5000",
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "fullfsync": "ON",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "cache_size": "-32768",
    "temp_store": "MEMORY",
    "journal_size_limit": "67108864",
}
"""Durable commits, enforced foreign keys, and triggers that INSERT OR REPLACE sets off too; a URL's come on top."""

WAL_SUFFIX, SHM_SUFFIX = "-wal", "-shm"
"""What SQLite appends to the name of the file for its write-ahead log and for the index of that log."""


def file_and_pragmas(url: str) -> tuple[str, dict[str, str]]:
    """The file of a URL, and the pragmas of its connections. Raises InvalidDatabaseUrl."""
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise InvalidDatabaseUrl(
            "A SQLite URL is sqlite:///file.db, or sqlite:////folder/file.db for an absolute path."
        )
    pragmas = dict(PRAGMAS)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if not re.fullmatch(r"[a-z_]+", name) or not re.fullmatch(r"-?[A-Za-z0-9_]+", value):
            raise InvalidDatabaseUrl("A parameter of a SQLite URL is a pragma and its value, like synchronous=FULL.")
        pragmas[name] = value
    return path, pragmas


def connect(path: str, pragmas: Mapping[str, str]) -> sqlite3.Connection:
    """A connection that begins and ends transactions explicitly. Raises sqlite3.Error."""
    return _with_pragmas(
        sqlite3.connect(path, isolation_level=None, cached_statements=512, check_same_thread=False), pragmas
    )


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells that a file was written: size and time of the last change of the file and of its log."""

    file: tuple[int, int] | None
    log: tuple[int, int] | None

    @classmethod
    def of(cls, path: str) -> FileState:
        """The state of a file at present."""
        return cls(_size_and_time(path), _size_and_time(path + WAL_SUFFIX))


def connect_for_reading(path: str, pragmas: Mapping[str, str]) -> tuple[sqlite3.Connection, FileState | None]:
    """A connection that only reads, also where SQLite cannot create its log beside the file. Raises sqlite3.Error.

    SQLite needs room for the index of its log even to read. Where a disk is full or a folder read-only, and no log is
    left, the file is opened as one that nobody changes. Such a connection comes with the state of the file, and must
    be closed as soon as that has changed.
    """
    reading = {**pragmas, "query_only": "ON"}
    try:
        return _checked(connect(path, reading)), None
    except sqlite3.OperationalError as error:
        state = FileState.of(path)
        if not error.sqlite_errorname.startswith(_NO_LOG) or state.file is None or (state.log or (0, 0))[0] > 0:
            raise
        reading.pop("journal_mode", None)
        connection = sqlite3.connect(
            f"file:{quote(str(Path(path).absolute()))}?immutable=1",
            uri=True,
            isolation_level=None,
            cached_statements=512,
            check_same_thread=False,
        )
        return _checked(_with_pragmas(connection, reading)), state


_NO_LOG = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR")


def _size_and_time(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _with_pragmas(connection: sqlite3.Connection, pragmas: Mapping[str, str]) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    try:
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _checked(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, with which the file has been read once. Raises sqlite3.Error."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def make_log_writable(path: str) -> None:
    """Give the log the permissions of a file that has become writable.

    SQLite creates its log with the permissions that the file has at that moment, and never changes them: a log from
    when the file was read-only would keep every later connection from writing.
    """
    if not os.access(path, os.W_OK):
        return
    for side in (path + WAL_SUFFIX, path + SHM_SUFFIX):
        # Whose log it is, may be another user's: then SQLite says so.
        with suppress(OSError):
            if not os.access(side, os.W_OK):
                Path(side).chmod(Path(path).stat().st_mode & 0o777)
