"""The database itself refuses changes to recorded rows."""

from __future__ import annotations

import pytest

from app.store.database.postgres import PostgresDatabase
from app.store.database.session import Database, Session
from tests.store.rows import NOW, PROGRAM, a_program, an_id, count, write_sample_rows

ONLY_ADDED = (
    "terms_versions",
    "purchases",
    "refunds",
    "entries",
    "lots",
    "lot_movements",
    "idempotency_keys",
    "terms_withdrawals",
)


@pytest.fixture
async def shop(database: Database) -> Database:
    """A database with one row in each of the tables."""
    await database.write(write_sample_rows, program_id=PROGRAM, lock_key="shop")
    return database


async def _refused(database: Database, sql: str) -> None:
    with pytest.raises(Exception, match=r"only ever added|never change|never deleted"):
        await database.write(
            lambda session: session.across_programs.execute(sql), program_id=PROGRAM, lock_key="change"
        )


@pytest.mark.parametrize("table", ONLY_ADDED)
async def test_recorded_row_cannot_be_changed_or_deleted(shop: Database, table: str) -> None:
    await _refused(shop, f"UPDATE {table} SET program_id = program_id")
    await _refused(shop, f"DELETE FROM {table}")

    async def rows(session: Session) -> int:
        return await count(session, table)

    assert await shop.read_across_programs(rows) == 1


async def test_a_recorded_row_cannot_be_replaced_by_an_insert(shop: Database) -> None:
    async def replace(session: Session) -> None:
        columns = "program_id, key, mutation, fingerprint, answer, actor, recorded_at, source"
        rows = f"SELECT {columns} FROM idempotency_keys WHERE true"
        if session.dialect == "sqlite":
            await session.across_programs.execute(f"INSERT OR REPLACE INTO idempotency_keys {rows}")
        else:
            await session.across_programs.execute(
                f"INSERT INTO idempotency_keys {rows} ON CONFLICT (program_id, key, source) DO UPDATE SET answer = excluded.answer"
            )

    with pytest.raises(Exception, match=r"only ever added|never change|never deleted"):
        await shop.write(replace, program_id=PROGRAM, lock_key="replace")


@pytest.mark.parametrize(
    "column", ["id", "account_id", "entry_id", "earned_at", "available_from", "valid_until", "terms_version", "zone"]
)
async def test_only_the_remaining_points_of_a_lot_can_change(shop: Database, column: str) -> None:
    await _refused(shop, f"UPDATE lots SET {column} = {column}, remaining = 1")

    taken = await shop.write(
        lambda session: session.across_programs.execute("UPDATE lots SET remaining = remaining - 7"),
        program_id=PROGRAM,
        lock_key="take",
    )
    assert taken == 1


@pytest.mark.parametrize(
    "column",
    ["id", "source", "external_id", "occurred_at", "recorded_at", "currency", "terms_version", "fingerprint"],
)
async def test_only_corrected_columns_of_a_purchase_can_change(shop: Database, column: str) -> None:
    await _refused(shop, f"UPDATE purchases SET {column} = {column}, earned = 1")

    changed = await shop.write(
        lambda session: session.across_programs.execute("UPDATE purchases SET earned = 1"),
        program_id=PROGRAM,
        lock_key="correct",
    )
    assert changed == 1


@pytest.mark.parametrize("remaining", [-1, 11])
async def test_lot_holds_between_zero_and_its_original_points(shop: Database, remaining: int) -> None:
    with pytest.raises(Exception, match=r"lots_remaining|lots_held"):
        await shop.write(
            lambda session: session.across_programs.execute("UPDATE lots SET remaining = $1", remaining),
            program_id=PROGRAM,
            lock_key="x",
        )


@pytest.mark.parametrize("column", ["available", "pending", "held", "owed", "lifetime", "qualifying"])
async def test_balance_columns_cannot_be_negative(shop: Database, column: str) -> None:
    with pytest.raises(Exception, match="accounts_balance"):
        await shop.write(
            lambda session: session.across_programs.execute(f"UPDATE accounts SET {column} = -1"),
            program_id=PROGRAM,
            lock_key="x",
        )


@pytest.mark.parametrize("table", ["programs", "wallets", "customers", "accounts"])
async def test_referenced_row_cannot_be_deleted(shop: Database, table: str) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await shop.write(
            lambda session: session.across_programs.execute(f"DELETE FROM {table}"), program_id=PROGRAM, lock_key="x"
        )


async def test_row_cannot_refer_to_another_program(shop: Database) -> None:
    async def stray(session: Session) -> None:
        await a_program(session, an_id(99))
        await session.across_programs.execute(
            "INSERT INTO identities (program_id, id, customer_id, kind, value, created_at)"
            " VALUES ($1, $2, $3, 'CARD', '1', $4)",
            an_id(99),
            an_id(100),
            an_id(1),
            NOW,
        )

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await shop.write(stray, program_id=PROGRAM, lock_key="stray")


@pytest.mark.parametrize("table", ONLY_ADDED)
async def test_postgres_rejects_truncate(postgres_url: str, table: str) -> None:
    database = PostgresDatabase(postgres_url)
    await database.start()
    await database.write(write_sample_rows, program_id=PROGRAM, lock_key="shop")
    await _refused(database, f"TRUNCATE {table} CASCADE")
    assert await database.read_across_programs(lambda session: count(session, table)) == 1
    await database.stop()
