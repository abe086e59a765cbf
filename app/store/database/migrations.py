"""Migrations: numbered SQL files, one for each database, applied in order and recorded in the same transaction.

They are plain SQL because the ORM's own migrations have no keys of several columns, checks, partial indexes and triggers,
which this schema needs. The files are in ``migrations/`` beside the package, ``0001_name.sqlite.sql`` and
``0001_name.postgres.sql``; the part after the line ``-- down`` undoes the migration.
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
from app.store.database.postgres_errors import DRIVER_ERRORS, unreachable_error
from app.store.database.postgres_pool import Connection
from app.store.database.sqlite_files import connect, connect_for_reading, file_and_pragmas
from app.store.database.sqlite_worker import error_for_caller

FOLDER = Path(__file__).resolve().parents[3] / "migrations"

LOCK_NUMBER = 7_013_270_219
"""The number of PostgreSQL's advisory lock that a process holds while it migrates."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, name text NOT NULL, applied_at text NOT NULL)"
)
_SELECT_APPLIED = "SELECT number FROM migrations"
_INSERT = "INSERT INTO migrations VALUES ({}, {}, CAST(CURRENT_TIMESTAMP AS text))"


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
        name_match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)", file.name.removesuffix(f".{dialect}.sql"))
        up, marker, down = file.read_text(encoding="utf-8").partition("\n-- down\n")
        if name_match is None or not marker or int(name_match[1]) != len(ordered) + 1:
            raise MigrationError(f"{file.name} is out of order or has no part after '-- down'.")
        ordered.append(Migration(number=int(name_match[1]), name=name_match[2], up=up, down=down))
    if not ordered:
        raise MigrationError(f"There are no migrations for {dialect} in {folder}.")
    return tuple(ordered)


async def migrate(url: str, *, to: int | None = None, folder: Path = FOLDER) -> tuple[str, ...]:
    """Bring the database at `url` to migration number `to` (None: the newest; 0: none).

    Returns a line for each migration that was applied or undone. Everything is one transaction, for which a second
    migrating process waits. Raises MigrationError, InvalidDatabaseUrl and Unavailable.
    """
    if dialect_of(url) == "sqlite":
        return await asyncio.to_thread(_migrate_sqlite, url, migrations("sqlite", folder=folder), to)
    return await _migrate_postgres(url, migrations("postgres", folder=folder), to)


async def missing_migrations(url: str, *, folder: Path = FOLDER) -> tuple[str, ...] | None:
    """The names of the migrations that are not applied yet; None if there is no database of Troth. Writes nothing.

    Raises MigrationError, InvalidDatabaseUrl and Unavailable.
    """
    dialect = dialect_of(url)
    applied = await (asyncio.to_thread(_applied_to_sqlite, url) if dialect == "sqlite" else _applied_to_postgres(url))
    if applied is None:
        return None
    steps = _steps(migrations(dialect, folder=folder), applied=applied, to=None)
    return tuple(f"{migration.number:04}_{migration.name}" for migration, _ in steps)


def _steps(
    all_migrations: Sequence[Migration], *, applied: set[int], to: int | None
) -> Iterator[tuple[Migration, bool]]:
    """The migrations to undo (with False), newest first, then those to apply (with True), oldest first."""
    if applied - {migration.number for migration in all_migrations}:
        raise MigrationError("The database was made by a newer version of Troth: run that version.")
    target = len(all_migrations) if to is None else to
    if not 0 <= target <= len(all_migrations):
        raise MigrationError(f"There is no migration number {target}.")
    for migration in reversed(all_migrations):
        if migration.number > target and migration.number in applied:
            yield migration, False
    for migration in all_migrations:
        if migration.number <= target and migration.number not in applied:
            yield migration, True


def _log_line(migration: Migration, *, forward: bool) -> str:
    return f"{'applied' if forward else 'undid'} {migration.number:04}_{migration.name}"


def _migrate_sqlite(url: str, all_migrations: Sequence[Migration], to: int | None) -> tuple[str, ...]:
    path, pragmas = file_and_pragmas(url)
    log_lines: list[str] = []
    try:
        applied = _applied_to_file(path)
        if applied is not None and not any(_steps(all_migrations, applied=applied, to=to)):
            return ()
        # Foreign keys are checked at the end, so that a table can be rebuilt while rows refer to it.
        with closing(connect(path, {**pragmas, "busy_timeout": "60000", "foreign_keys": "OFF"})) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            steps = tuple(_steps(all_migrations, applied=_applied(connection), to=to))
            broken_before = _broken_references(connection) if steps else Counter()
            for migration, forward in steps:
                for statement in _statements(migration.up if forward else migration.down):
                    connection.execute(statement)
                if forward:
                    connection.execute(_INSERT.format("?", "?"), (migration.number, migration.name))
                else:
                    connection.execute("DELETE FROM migrations WHERE number = ?", (migration.number,))
                log_lines.append(_log_line(migration, forward=forward))
            if steps and _broken_references(connection) - broken_before:
                raise MigrationError("A migration would leave references to rows that are gone.")
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        _raise_for_caller(error)
    return tuple(log_lines)


def _raise_for_caller(error: sqlite3.Error) -> NoReturn:
    caller_error = error_for_caller(error)
    if caller_error is error:
        raise error
    raise caller_error from error


def _applied_to_sqlite(url: str) -> set[int] | None:
    """The numbers of the migrations applied to the file of a URL; None without a database.

    Raises InvalidDatabaseUrl and Unavailable.
    """
    path, _ = file_and_pragmas(url)
    try:
        return _applied_to_file(path)
    except sqlite3.DatabaseError as error:
        _raise_for_caller(error)


def _applied_to_file(path: str) -> set[int] | None:
    """The numbers of the migrations applied to a file; None without a database. Raises sqlite3.Error.

    It only reads, so that a server can start while another process writes, or where nothing can be written.
    """
    if not Path(path).exists():
        return None
    with closing(connect_for_reading(path, {"busy_timeout": "60000"})[0]) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").fetchone() is None:
            return None
        return _applied(connection)


def _applied(connection: sqlite3.Connection) -> set[int]:
    return {row[0] for row in connection.execute(_SELECT_APPLIED)}


def _broken_references(connection: sqlite3.Connection) -> Counter[tuple[str, str]]:
    """How many rows of a table refer to a missing row of another table, by these two tables. Reads the whole file.

    Only a migration that adds broken references fails. Those from before, by hand or by a failing disk, are found by
    `troth verify`, and should not keep every program from being served.
    """
    return Counter((row[0], row[2]) for row in connection.execute("PRAGMA foreign_key_check"))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, to be run one by one: sqlite3's own way of running a script would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


async def _migrate_postgres(url: str, all_migrations: Sequence[Migration], to: int | None) -> tuple[str, ...]:
    log_lines: list[str] = []
    connection = await _connect_to_postgres(url)
    try:
        async with connection.transaction():
            await connection.execute(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
            await connection.execute(_TABLE)
            applied = {row[0] for row in await connection.fetch(_SELECT_APPLIED)}
            for migration, forward in _steps(all_migrations, applied=applied, to=to):
                await connection.execute(migration.up if forward else migration.down)
                if forward:
                    await connection.execute(_INSERT.format("$1", "$2"), migration.number, migration.name)
                else:
                    await connection.execute("DELETE FROM migrations WHERE number = $1", migration.number)
                log_lines.append(_log_line(migration, forward=forward))
    finally:
        await connection.close()
    return tuple(log_lines)


async def _applied_to_postgres(url: str) -> set[int] | None:
    connection = await _connect_to_postgres(url)
    try:
        if await connection.fetchval("SELECT to_regclass('migrations')") is None:
            return None
        return {row[0] for row in await connection.fetch(_SELECT_APPLIED)}
    finally:
        await connection.close()


async def _connect_to_postgres(url: str) -> Connection:
    """A new connection to the server of a URL. Raises InvalidDatabaseUrl and Unavailable."""
    dsn, _ = dsn_and_options(url)
    try:
        return await asyncpg.connect(dsn, statement_cache_size=0, timeout=CONNECT_LIMIT)
    except DRIVER_ERRORS as error:
        raise unreachable_error(error) from error
