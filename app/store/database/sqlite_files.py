"""The file of a SQLite database: opening it for writing, and for reading even if nothing can be written."""

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
"""Durable commits, enforced foreign keys, and triggers that fire for INSERT OR REPLACE too. A URL may add and replace pragmas."""

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
    """Size and time of the last change of a file and of its log, by which one sees that it was written; None without a file."""

    file: tuple[int, int] | None
    log: tuple[int, int] | None

    @classmethod
    def of(cls, path: str) -> FileState:
        """The state of a file at present."""
        return cls(_size_and_time(path), _size_and_time(path + WAL_SUFFIX))


def connect_for_reading(path: str, pragmas: Mapping[str, str]) -> tuple[sqlite3.Connection, FileState | None]:
    """A connection that only reads, even if SQLite cannot create its log beside the file. Raises sqlite3.Error.

    SQLite needs to create its log and the index of the log even to read. If it cannot, as the disk is full or the folder
    read-only, and there is no log with content, the file is opened as one that nobody changes. The connection then comes
    with the state of the file, otherwise with None, and must be closed as soon as that state has changed.
    """
    reading_pragmas = {**pragmas, "query_only": "ON"}
    try:
        return _read_once(connect(path, reading_pragmas)), None
    except sqlite3.OperationalError as error:
        state = FileState.of(path)
        if not error.sqlite_errorname.startswith(_NO_LOG_ERRORS) or state.file is None or (state.log or (0, 0))[0] > 0:
            raise
        reading_pragmas.pop("journal_mode", None)
        connection = sqlite3.connect(
            f"file:{quote(str(Path(path).absolute()))}?immutable=1",
            uri=True,
            isolation_level=None,
            cached_statements=512,
            check_same_thread=False,
        )
        return _read_once(_with_pragmas(connection, reading_pragmas)), state


_NO_LOG_ERRORS = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_FULL", "SQLITE_IOERR")


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


def _read_once(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection, after reading the file with it once; it is closed if that fails. Raises sqlite3.Error."""
    try:
        connection.execute("SELECT 1 FROM sqlite_master").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def make_log_writable(path: str) -> None:
    """Give the log the permissions of its file, if the file is writable.

    SQLite creates the log with the permissions that the file has at that moment, and never changes them: a log created
    while the file was read-only would keep every later connection from writing.
    """
    if not os.access(path, os.W_OK):
        return
    for log_file in (path + WAL_SUFFIX, path + SHM_SUFFIX):
        # If the log belongs to another user, this fails, and SQLite will report the error.
        with suppress(OSError):
            if not os.access(log_file, os.W_OK):
                Path(log_file).chmod(Path(path).stat().st_mode & 0o777)
