"""Migrations: numbered SQL files, one for each database, applied in order and recorded in the same transaction.

They are plain SQL because the ORM's own migrations leave out what this schema rests on: keys of several columns,
checks, partial indexes and triggers. The files are in ``migrations/`` beside the package, ``0001_name.sqlite.sql`` and
``0001_name.postgres.sql``; what follows the line ``-- down`` undoes the migration.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import asyncpg

from app.store.database.connect import dialect_of
from app.store.database.postgres import CONNECT_LIMIT, dsn_and_options
from app.store.database.postgres_errors import DRIVER_ERRORS, unreachable
from app.store.database.postgres_pool import Connection
from app.store.database.sqlite_files import connect, connect_for_reading, file_and_pragmas
from app.store.database.sqlite_worker import error_for_caller

FOLDER = Path(__file__).resolve().parents[3] / "migrations"

LOCK = 7_013_270_219
"""PostgreSQL's advisory lock that one migrating process holds."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at text NOT NULL)"
)
_APPLIED = "SELECT number FROM migrations"
_RECORD = "INSERT INTO migrations VALUES ({}, {}, CAST(CURRENT_TIMESTAMP AS text))"


class MigrationError(Exception):
    """The database and the migration files do not match."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration for one database: the statements that apply it and those that undo it."""

    number: int
    name: str
    up: str
    down: str


def migrations(dialect: str, *, folder: Path = FOLDER) -> tuple[Migration, ...]:
    """Every migration for `dialect` (``sqlite`` or ``postgres``), in order. Raises MigrationError."""
    ordered: list[Migration] = []
    for file in sorted(folder.glob(f"*.{dialect}.sql")):
        name = re.fullmatch(r"(\d{4})_([a-z0-9_]+)", file.name.removesuffix(f".{dialect}.sql"))
        up, marker, down = file.read_text(encoding="utf-8").partition("\n-- down\n")
        if name is None or not marker or int(name[1]) != len(ordered) + 1:
            raise MigrationError(f"{file.name} is out of order or has no part after '-- down'.")
        ordered.append(Migration(number=int(name[1]), name=name[2], up=up, down=down))
    if not ordered:
        raise MigrationError(f"There are no migrations for {dialect} in {folder}.")
    return tuple(ordered)


async def migrate(url: str, *, to: int | None = None, folder: Path = FOLDER) -> tuple[str, ...]:
    """Bring the database at `url` to migration number `to` (None: the newest; 0: none) and return what was done.

    All in one transaction, which a second process waits for. Raises MigrationError, InvalidDatabaseUrl and Unavailable.
    """
    if dialect_of(url) == "sqlite":
        return await asyncio.to_thread(_migrate_sqlite, url, migrations("sqlite", folder=folder), to)
    return await _migrate_postgres(url, migrations("postgres", folder=folder), to)


async def missing_migrations(url: str, *, folder: Path = FOLDER) -> tuple[str, ...] | None:
    """The migrations that are not applied yet; None if there is no database of Troth. Writes nothing.

    Raises MigrationError, InvalidDatabaseUrl and Unavailable.
    """
    dialect = dialect_of(url)
    applied = await (asyncio.to_thread(_applied_to_sqlite, url) if dialect == "sqlite" else _applied_to_postgres(url))
    if applied is None:
        return None
    steps = _steps(migrations(dialect, folder=folder), applied=applied, to=None)
    return tuple(f"{migration.number:04}_{migration.name}" for migration, _ in steps)


def _steps(known: Sequence[Migration], *, applied: set[int], to: int | None) -> Iterator[tuple[Migration, bool]]:
    """The migrations to apply (True) or to undo (False), in that order."""
    if applied - {migration.number for migration in known}:
        raise MigrationError("The database was made by a newer version of Troth: run that version.")
    target = len(known) if to is None else to
    if not 0 <= target <= len(known):
        raise MigrationError(f"There is no migration number {target}.")
    for migration in reversed(known):
        if migration.number > target and migration.number in applied:
            yield migration, False
    for migration in known:
        if migration.number <= target and migration.number not in applied:
            yield migration, True


def _log_line(migration: Migration, *, forward: bool) -> str:
    return f"{'applied' if forward else 'undid'} {migration.number:04}_{migration.name}"


def _migrate_sqlite(url: str, known: Sequence[Migration], to: int | None) -> tuple[str, ...]:
    path, pragmas = file_and_pragmas(url)
    done: list[str] = []
    try:
        applied = _applied_to_file(path)
        if applied is not None and not any(_steps(known, applied=applied, to=to)):
            return ()
        # Foreign keys are checked at the end: a rebuilt table must not take its children with it.
        with closing(connect(path, {**pragmas, "busy_timeout": "60000", "foreign_keys": "OFF"})) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            steps = tuple(_steps(known, applied=_applied(connection), to=to))
            broken_before = _broken_references(connection) if steps else Counter()
            for migration, forward in steps:
                for statement in _statements(migration.up if forward else migration.down):
                    connection.execute(statement)
                if forward:
                    connection.execute(_RECORD.format("?", "?"), (migration.number, migration.name))
                else:
                    connection.execute("DELETE FROM migrations WHERE number = ?", (migration.number,))
                done.append(_log_line(migration, forward=forward))
            if steps and _broken_references(connection) - broken_before:
                raise MigrationError("A migration would leave references to rows that are gone.")
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        _raise_delivered(error)
    return tuple(done)


def _raise_delivered(error: sqlite3.Error) -> NoReturn:
    failed = error_for_caller(error)
    if failed is error:
        raise error
    raise failed from error


def _applied_to_sqlite(url: str) -> set[int] | None:
    """What was applied to the file of a URL. Raises InvalidDatabaseUrl and Unavailable."""
    path, _ = file_and_pragmas(url)
    try:
        return _applied_to_file(path)
    except sqlite3.DatabaseError as error:
        _raise_delivered(error)


def _applied_to_file(path: str) -> set[int] | None:
    """What was applied, or None without a database. Only reads: a start needs neither the lock nor a file that can be written.

    Raises sqlite3.Error.
    """
    if not Path(path).exists():
        return None
    with closing(connect_for_reading(path, {"busy_timeout": "60000"})[0]) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone() is None:
            return None
        return _applied(connection)


def _applied(connection: sqlite3.Connection) -> set[int]:
    return {row[0] for row in connection.execute(_APPLIED)}


def _broken_references(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """How many rows of a table refer to a row of another one that is gone. Reads the whole file.

    Only a migration that adds to them fails: a row that was broken before, by hand or by a disk, is found by `troth verify`
    and does not stop every program.
    """
    return Counter((row[0], row[2]) for row in connection.execute("PRAGMA foreign_key_check"))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script one by one: SQLite's own way of running a script would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


async def _migrate_postgres(url: str, known: Sequence[Migration], to: int | None) -> tuple[str, ...]:
    done: list[str] = []
    connection = await _connect_to_postgres(url)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            await connection.execute(_TABLE)
            applied = {row[0] for row in await connection.fetch(_APPLIED)}
            for migration, forward in _steps(known, applied=applied, to=to):
                await connection.execute(migration.up if forward else migration.down)
                if forward:
                    await connection.execute(_RECORD.format("$1", "$2"), migration.number, migration.name)
                else:
                    await connection.execute("DELETE FROM migrations WHERE number = $1", migration.number)
                done.append(_log_line(migration, forward=forward))
    finally:
        await connection.close()
    return tuple(done)


async def _applied_to_postgres(url: str) -> set[int] | None:
    connection = await _connect_to_postgres(url)
    try:
        if await connection.fetchval("SELECT to_regclass('migrations')") is None:
            return None
        return {row[0] for row in await connection.fetch(_APPLIED)}
    finally:
        await connection.close()


async def _connect_to_postgres(url: str) -> Connection:
    """A connection. Raises InvalidDatabaseUrl and Unavailable."""
    dsn, _ = dsn_and_options(url)
    try:
        return await asyncpg.connect(dsn, statement_cache_size=0, timeout=CONNECT_LIMIT)
    except DRIVER_ERRORS as error:
        raise unreachable(error) from error
