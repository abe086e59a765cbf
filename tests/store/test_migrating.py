"""Migrations: forth, back, twice, and by two processes at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from app.store.migrating import MigrationError, migrate, migrations
from app.store.opening import open_database
from tests.store.catalogue import catalogue, table_names
from tests.store.declared import TABLES

NAMES = (
    "0001_first_light",
    "0002_terms_as_code",
    "0003_impact_previews",
    "0004_about_customers",
    "0005_refund_receipts",
    "0006_what_rewards_are",
    "0007_places_and_budgets",
    "0008_sandbox_clock",
    "0009_whole_ledger",
    "0010_receipt_corrections",
    "0011_one_spelling_of_identities",
    "0012_receipt_numbers",
    "0013_form_of_address",
    "0014_limits_of_staff",
    "0015_redemption_payments",
    "0016_exchanges_and_reductions",
)
ALL = tuple(f"applied {name}" for name in NAMES)


async def _tables(url: str) -> set[str]:
    database = open_database(url)
    await database.start()
    try:
        return await database.read(table_names)
    finally:
        await database.stop()


async def test_an_empty_database_gets_every_table_and_a_second_run_changes_nothing(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == ALL
    assert await migrate(empty_database_url) == ()
    assert await _tables(empty_database_url) == TABLES.keys()


async def test_down_takes_everything_back_and_up_again_is_the_same(empty_database_url: str) -> None:
    await migrate(empty_database_url)

    assert await migrate(empty_database_url, to=0) == tuple(f"took back {name}" for name in reversed(NAMES))
    assert await _tables(empty_database_url) == set()
    assert await migrate(empty_database_url) == ALL
    database = open_database(empty_database_url)
    await database.start()
    assert await database.read(catalogue) == TABLES
    await database.stop()


async def test_processes_that_migrate_at_once_do_it_once(empty_database_url: str) -> None:
    script = (
        f"import asyncio; from app.store.migrating import migrate; print(asyncio.run(migrate({empty_database_url!r})))"
    )
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=subprocess.PIPE) for _ in range(4)
    ]
    said = [(await process.communicate())[0].decode().strip() for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == sorted([str(ALL), "()", "()", "()"])


async def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    database = open_database(database_url)
    await database.start()
    await database.write(
        lambda session: session.execute("INSERT INTO migrations VALUES (9999, 'from_the_future', 'later')"),
        program_id="",
        turn="",
    )
    await database.stop()

    with pytest.raises(MigrationError, match="newer version"):
        await migrate(database_url)


async def test_a_number_that_there_is_not_is_refused(empty_database_url: str) -> None:
    with pytest.raises(MigrationError, match="no migration number 42"):
        await migrate(empty_database_url, to=42)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_a_migration_that_cannot_be_taken_back_is_refused(tmp_path: Path, dialect: str) -> None:
    (tmp_path / f"0001_first.{dialect}.sql").write_text("CREATE TABLE t (id text);\n")

    with pytest.raises(MigrationError, match="0001_first"):
        migrations(dialect, folder=tmp_path)


def test_both_databases_have_the_same_migrations() -> None:
    names = [
        [(migration.number, migration.name) for migration in migrations(dialect)] for dialect in ("sqlite", "postgres")
    ]

    assert names[0] == names[1]
