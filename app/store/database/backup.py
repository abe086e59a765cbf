"""A copy of a SQLite database in one file, made beside a server that writes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from app.store.database.sqlite_files import PRAGMAS, connect, connect_for_reading, file_and_pragmas
from app.store.database.sqlite_worker import error_for_caller

PART_SUFFIX = ".part"
"""What the name of a backup ends in until it is complete."""

_OWNER_ONLY = 0o600
"""The permissions of a backup, which contains all personal data of the customers."""


class BackupFailed(Exception):
    """There is no backup. The text says why."""


def back_up(url: str, file: Path) -> int:
    """Copy the SQLite database at `url` into a new file, durably; returns its size in bytes.

    The copy holds every transaction committed before the call. Raises BackupFailed, InvalidDatabaseUrl, Busy
    and Unavailable.
    """
    path, _ = file_and_pragmas(url)
    if not Path(path).exists():
        raise BackupFailed(f"There is no database {path}.")
    try:
        connection, _ = connect_for_reading(path, {"busy_timeout": "60000"})
    except sqlite3.DatabaseError as error:
        raise error_for_caller(error) from error
    part = file.with_name(f"{file.name}{PART_SUFFIX}")
    with closing(connection), _new_file(file), _new_file(part):
        try:
            # SQLite counts VACUUM INTO as writing.
            connection.execute("PRAGMA query_only = OFF")
            connection.execute("VACUUM INTO ?", (str(part),))
            _check(part)
        except sqlite3.DatabaseError as error:
            raise BackupFailed(f"{file} was not made: {error}.") from error
        _sync(part)
        part.replace(file)
        _sync(file.absolute().parent)
    return file.stat().st_size


@contextmanager
def _new_file(file: Path) -> Iterator[None]:
    """Create an empty file, which must not exist, and remove it if what follows fails. Raises BackupFailed."""
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY))
    except FileExistsError as error:
        raise BackupFailed(f"{file} exists already, and a backup replaces nothing: choose another name.") from error
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written: {error.strerror}.") from error
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _check(part: Path) -> None:
    """Read the whole copy. Raises BackupFailed and sqlite3.Error."""
    with closing(connect(str(part), PRAGMAS)) as connection:
        results = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    if results != ["ok"]:
        raise BackupFailed(f"The copy is damaged, and so may be the database: {results[0]}.")


def _sync(path: Path) -> None:
    """Wait until a file or folder is on its disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
