"""Plain rows for tests of the tables themselves: written with SQL, so that they need nothing of the rules."""

from __future__ import annotations

from datetime import UTC, datetime

from app.store.database.session import Session

PROGRAM = "01900000-0000-7000-8000-000000000001"
OTHER_PROGRAM = "01900000-0000-7000-8000-000000000002"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def an_id(number: int) -> str:
    """The same id for the same number."""
    return f"01900000-0000-7000-8000-{number:012d}"


async def a_program(session: Session, program_id: str = PROGRAM) -> None:
    """A program, with nothing in it."""
    await session.across_programs.execute(
        "INSERT INTO programs (id, kind, name, currency, zone, region, unit_name, created_at)"
        " VALUES ($1, 'LIVE', 'Café', 'EUR', 'Europe/Berlin', 'DE', 'points', $2)",
        program_id,
        NOW,
    )


async def a_wallet(session: Session, number: int, program_id: str = PROGRAM) -> None:
    """A wallet with an account without points; the account has the same id."""
    await session.across_programs.execute(
        "INSERT INTO wallets (program_id, id, created_at) VALUES ($1, $2, $3)", program_id, an_id(number), NOW
    )
    await session.across_programs.execute(
        "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
        " entries, head) VALUES ($1, $2, $3, 'points', 0, 0, 0, 0, 0, 0, 0, $4)",
        program_id,
        an_id(number),
        an_id(number),
        "0" * 64,
    )


async def an_entry(session: Session, *, id: str, account_id: str, number: int, points: int = 5) -> None:
    """An entry that earned points, without purchase or lot."""
    await session.across_programs.execute(
        "INSERT INTO entries (program_id, id, account_id, number, type, points, unit, counter_account, occurred_at,"
        " recorded_at, decision, previous, hash)"
        " VALUES ($1, $2, $3, $4, 'EARN', $5, 'points', 'ISSUED', $6, $7, '{}', $8, $9)",
        PROGRAM,
        id,
        account_id,
        number,
        points,
        NOW,
        NOW,
        "0" * 64,
        "f" * 64,
    )


async def an_answer(session: Session, key: str) -> None:
    """The answer of an idempotency key."""
    await session.across_programs.execute(
        "INSERT INTO idempotency_keys (program_id, key, mutation, fingerprint, answer, actor, recorded_at)"
        " VALUES ($1, $2, 'earn', 'f', '{}', NULL, $3)",
        PROGRAM,
        key,
        NOW,
    )


async def count(session: Session, table: str) -> int:
    """How many rows a table has."""
    row = await session.across_programs.row(f"SELECT count(*) AS n FROM {table}")
    assert row is not None
    number: int = row["n"]
    return number
