"""Migrations: up, down, twice, by two processes at once, and on a database with rows."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.store.database.connect import open_database
from app.store.database.migrations import FOLDER, MigrationError, migrate, migrations
from app.store.database.session import Database, UnscopedSession, Work
from tests.store.catalogue import catalogue, table_names
from tests.store.expected_schema import TABLES
from tests.store.rows import PROGRAM, count, write_sample_rows

NAMES = ("0001_schema",)
ALL = tuple(f"applied {name}" for name in NAMES)


async def _tables(url: str) -> set[str]:
    database = open_database(url)
    await database.start()
    try:
        return await database.read_across_programs(table_names)
    finally:
        await database.stop()


async def test_an_empty_database_gets_every_table_and_a_second_run_changes_nothing(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == ALL
    assert await migrate(empty_database_url) == ()
    assert await _tables(empty_database_url) == TABLES.keys()


async def test_migrations_can_be_undone_and_applied_again(empty_database_url: str) -> None:
    await migrate(empty_database_url)

    assert await migrate(empty_database_url, to=0) == tuple(f"undid {name}" for name in reversed(NAMES))
    assert await _tables(empty_database_url) == set()
    assert await migrate(empty_database_url) == ALL
    database = open_database(empty_database_url)
    await database.start()
    assert await database.read_across_programs(catalogue) == TABLES
    await database.stop()


ROWS: dict[int, Work[None]] = {1: write_sample_rows}
"""Rows for the tables as each migration leaves them, for the migration that follows. Every new migration adds its own."""


async def _row_counts(session: UnscopedSession) -> dict[str, int]:
    return {name: await count(session, name) for name in sorted(await table_names(session))}


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


async def _row_counts_around(url: str, *, number: int, folder: Path) -> list[dict[str, int]]:
    """Row counts of the tables of the version before migration `number`: before it, with it, undone, and with it again."""
    await migrate(url, to=number - 1, folder=folder)
    async with _opened(url) as database:
        await database.write(ROWS[number - 1], program_id=PROGRAM, lock_key="rows")
        before = await database.read_across_programs(_row_counts)
    counts = [before]
    for target in (number, number - 1, number):
        await migrate(url, to=target, folder=folder)
        async with _opened(url) as database:
            after = await database.read_across_programs(_row_counts)
        counts.append({name: after[name] for name in before})
    return counts


async def test_each_migration_keeps_the_rows_of_the_version_before(empty_database_url: str) -> None:
    assert set(range(1, len(NAMES) + 1)) <= ROWS.keys(), (
        "each version declares rows, on which the next migration is tried"
    )
    for number in range(2, len(NAMES) + 1):
        await migrate(empty_database_url, to=0)
        before, *later = await _row_counts_around(empty_database_url, number=number, folder=FOLDER)
        assert later == [before] * 3, f"migration {number} lost rows"


NEXT = {
    "sqlite": """
CREATE TABLE purchases_rebuilt AS SELECT * FROM purchases;
DROP TABLE purchases;
{purchases}
ALTER TABLE purchases ADD COLUMN note TEXT NOT NULL DEFAULT '';
INSERT INTO purchases SELECT *, '' FROM purchases_rebuilt;
DROP TABLE purchases_rebuilt;

-- down

ALTER TABLE purchases DROP COLUMN note;
""",
    "postgres": """
ALTER TABLE purchases ADD COLUMN note text NOT NULL DEFAULT '';

-- down

ALTER TABLE purchases DROP COLUMN note;
""",
}


async def test_referenced_table_with_rows_can_be_rebuilt(empty_database_url: str, tmp_path: Path) -> None:
    dialect = empty_database_url.partition(":")[0].removesuffix("ql")
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    schema = (FOLDER / f"0001_schema.{dialect}.sql").read_text(encoding="utf-8")
    purchases = schema[schema.index("CREATE TABLE purchases (") :].partition(";")[0] + ";"
    number = len(NAMES) + 1
    script = NEXT[dialect].replace("{purchases}", purchases)
    (folder / f"{number:04}_note.{dialect}.sql").write_text(script, encoding="utf-8")

    before, *later = await _row_counts_around(empty_database_url, number=number, folder=folder)

    assert before["purchases"] > 0
    assert later == [before] * 3


def _break_a_reference(file: str) -> None:
    """An account whose wallet is gone, as a repair by hand leaves it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute("DELETE FROM wallets WHERE id IN (SELECT wallet_id FROM accounts)").rowcount > 0
        connection.commit()


async def _with_sample_rows(url: str) -> str:
    """The file of a migrated SQLite database with rows."""
    await migrate(url)
    async with _opened(url) as database:
        await database.write(write_sample_rows, program_id=PROGRAM, lock_key="rows")
    return url.removeprefix("sqlite:///")


async def test_broken_reference_stops_neither_a_start_nor_a_migration(empty_sqlite_url: str, tmp_path: Path) -> None:
    file = await _with_sample_rows(empty_sqlite_url)
    _break_a_reference(file)
    folder = tmp_path / "migrations"
    shutil.copytree(FOLDER, folder)
    number = len(NAMES) + 1
    for name, statement in (("note", "ALTER TABLE customers ADD COLUMN note TEXT"), ("loss", "DELETE FROM programs")):
        script = f"{statement};\n\n-- down\n\nSELECT 1;\n"
        (folder / f"{number:04}_{name}.sqlite.sql").write_text(script, encoding="utf-8")
        number += 1

    assert await migrate(empty_sqlite_url) == ()
    assert await migrate(empty_sqlite_url, to=number - 2, folder=folder) == (f"applied {number - 2:04}_note",)
    with pytest.raises(MigrationError, match="references"):
        await migrate(empty_sqlite_url, folder=folder)
    async with _opened(empty_sqlite_url) as database:
        assert await database.read_across_programs(partial(count, table="programs")) > 0


async def test_start_takes_no_more_of_a_bigger_file(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await _with_sample_rows(empty_sqlite_url)
    instructions = [0]
    connect = sqlite3.connect

    def counted(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        def count_instructions() -> None:
            instructions[0] += 1

        connection = connect(*arguments, **settings)
        connection.set_progress_handler(count_instructions, 1)
        return connection

    monkeypatch.setattr("sqlite3.connect", counted)

    async def instructions_of_a_start() -> int:
        instructions[0] = 0
        await migrate(empty_sqlite_url)
        async with _opened(empty_sqlite_url) as database:
            assert await database.problem() is None
        return instructions[0]

    usual = await instructions_of_a_start()
    pages = _pages_with_more_accounts(file, count=40_000)
    bigger = await instructions_of_a_start()

    assert pages[1] > 20 * pages[0]
    assert 0 < bigger <= usual
    print(f"{usual} instructions of SQLite for {pages[0]} pages, {bigger} for {pages[1]}")


def _pages_with_more_accounts(file: str, *, count: int) -> tuple[int, int]:
    """The pages of a file before and after it got more wallets and accounts."""
    with closing(sqlite3.connect(file)) as connection:
        (before,) = connection.execute("PRAGMA page_count").fetchone()
        number = "printf('09900000-0000-7000-8000-%012d', value)"
        numbers = f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {count})"
        connection.execute(
            f"INSERT INTO wallets (program_id, id, created_at) {numbers}"
            f" SELECT program_id, {number}, created_at FROM n, (SELECT * FROM wallets LIMIT 1)"
        )
        columns = [
            row[1] for row in connection.execute("PRAGMA table_info(accounts)") if row[1] not in ("id", "wallet_id")
        ]
        connection.execute(
            f"INSERT INTO accounts (id, wallet_id, {', '.join(columns)}) {numbers}"
            f" SELECT {number}, {number}, {', '.join(columns)} FROM n, (SELECT * FROM accounts LIMIT 1)"
        )
        connection.commit()
        (after,) = connection.execute("PRAGMA page_count").fetchone()
    return before, after


async def test_concurrent_migrations_run_once(empty_database_url: str) -> None:
    script = f"import asyncio; from app.store.database.migrations import migrate; print(asyncio.run(migrate({empty_database_url!r})))"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE) for _ in range(4)
    ]
    sentences = [(await process.communicate())[0].decode().strip() for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(sentences) == sorted([str(ALL), "()", "()", "()"])


async def test_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    await database.start()
    await database.write(
        lambda session: session.across_programs.execute(
            "INSERT INTO migrations VALUES (9999, 'from_the_future', 'later')"
        ),
        program_id="",
        lock_key="",
    )
    await database.stop()

    with pytest.raises(MigrationError, match="newer version"):
        await migrate(database_url)


async def test_unknown_migration_number_is_rejected(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match="no migration number 42"):
        await migrate(empty_database_url, to=42)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_migration_without_a_down_part_is_rejected(tmp_path: Path, dialect: str) -> None:
    (tmp_path / f"0001_first.{dialect}.sql").write_text("CREATE TABLE t (id text);\n")

    with pytest.raises(MigrationError, match="0001_first"):
        migrations(dialect, folder=tmp_path)


def test_both_databases_have_the_same_migrations() -> None:
    names = [
        [(migration.number, migration.name) for migration in migrations(dialect)] for dialect in ("sqlite", "postgres")
    ]

    assert names[0] == names[1]
