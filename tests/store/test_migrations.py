"""Migrations: forth, back, twice, and by two processes at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from app.store.database.codecs import json_text
from app.store.database.connect import open_database
from app.store.database.migrations import MigrationError, migrate, migrations
from app.store.database.session import Session
from app.store.rewards import redemption_payments
from tests.store.catalogue import catalogue, table_names
from tests.store.expected_schema import TABLES
from tests.store.rows import NOW, PROGRAM, a_program, a_wallet, an_id

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
    "0017_receipt_identity",
    "0018_quarantine",
    "0019_shares_of_budgets",
    "0020_waiting_exchanges",
)
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


async def test_down_takes_everything_back_and_up_again_is_the_same(empty_database_url: str) -> None:
    await migrate(empty_database_url)

    assert await migrate(empty_database_url, to=0) == tuple(f"took back {name}" for name in reversed(NAMES))
    assert await _tables(empty_database_url) == set()
    assert await migrate(empty_database_url) == ALL
    database = open_database(empty_database_url)
    await database.start()
    assert await database.read_across_programs(catalogue) == TABLES
    await database.stop()


async def _two_purchases_paid_with_one_redemption(session: Session) -> None:
    await a_program(session)
    await a_wallet(session, 1)
    await session.across_programs.execute(
        "INSERT INTO customers (program_id, id, wallet_id, state, enrolled_at) VALUES ($1, $2, $2, 'ACTIVE', $3)",
        PROGRAM,
        an_id(1),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO terms_versions (program_id, id, version, effective_from, published_at, document)"
        " VALUES ($1, $2, 1, $3, $3, '{}')",
        PROGRAM,
        an_id(2),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO rewards (program_id, id, key, name, description, created_at) VALUES ($1, $2, 'r', 'R', 'R', $3)",
        PROGRAM,
        an_id(3),
        NOW,
    )
    for number in (4, 5):
        await session.across_programs.execute(
            "INSERT INTO redemptions (program_id, id, customer_id, reward_id, state, points, occurred_at, recorded_at,"
            " facts, terms_version, decision) VALUES ($1, $2, $3, $4, 'FULFILLED', 3, $5, $5, '{}', 1, '{}')",
            PROGRAM,
            an_id(number),
            an_id(1),
            an_id(3),
            NOW,
        )
    paid_with = {6: [4], 7: [4, 5], 8: []}
    for number, redemptions in paid_with.items():
        payments = [["CASH", "100"], *(["POINTS", "50", an_id(of)] for of in redemptions)]
        await session.across_programs.execute(
            "INSERT INTO purchases (program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency,"
            " total, earned, terms_version, fingerprint, facts)"
            " VALUES ($1, $2, $3, 'till', $4, $5, $5, 'EUR', 1000, 10, 1, 'f', $6)",
            PROGRAM,
            an_id(number),
            an_id(1),
            f"R-{number}",
            NOW,
            json_text({"payments": payments} if redemptions else {}),
        )


async def test_what_redemptions_paid_before_it_was_kept_is_read_from_the_receipts_first_come_first_served(
    empty_database_url: str,
) -> None:
    await migrate(empty_database_url, to=NAMES.index("0015_redemption_payments"))
    database = open_database(empty_database_url)
    await database.start()
    await database.write(_two_purchases_paid_with_one_redemption, program_id=PROGRAM, turn="")
    await database.stop()

    await migrate(empty_database_url)
    database = open_database(empty_database_url)
    await database.start()
    kept = await database.read(partial(redemption_payments.of_customers, customer_ids=[an_id(1)]), program_id=PROGRAM)
    await database.stop()
    assert kept == {(an_id(4), an_id(6)), (an_id(5), an_id(7))}


async def test_receipts_of_before_stay_whole_when_more_than_their_number_tells_them_apart_and_back_again(
    empty_database_url: str,
) -> None:
    async def numbers() -> list[str]:
        database = open_database(empty_database_url)
        await database.start()
        rows = await database.read_across_programs(
            lambda session: session.rows("SELECT external_id FROM purchases ORDER BY id")
        )
        await database.stop()
        return [row["external_id"] for row in rows]

    before = NAMES.index("0017_receipt_identity")
    await migrate(empty_database_url, to=before)
    database = open_database(empty_database_url)
    await database.start()
    await database.write(_two_purchases_paid_with_one_redemption, program_id=PROGRAM, turn="")
    await database.stop()
    for to in (None, before, None):
        await migrate(empty_database_url, to=to)
        assert await numbers() == ["R-6", "R-7", "R-8"]
    database = open_database(empty_database_url)
    await database.start()
    told_apart = "SELECT location_id, numbered_at, numbered_on, completion FROM purchases"
    rows = await database.read_across_programs(lambda session: session.rows(told_apart))
    await database.stop()
    assert [tuple(row) for row in rows] == [(None, "", "", 1)] * 3


async def test_processes_that_migrate_at_once_do_it_once(empty_database_url: str) -> None:
    script = f"import asyncio; from app.store.database.migrations import migrate; print(asyncio.run(migrate({empty_database_url!r})))"
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
        lambda session: session.across_programs.execute(
            "INSERT INTO migrations VALUES (9999, 'from_the_future', 'later')"
        ),
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
