"""Plain rows for tests of the tables, written with SQL, without the rules."""

from __future__ import annotations

from datetime import UTC, datetime

from app.store.database.session import Session, UnscopedSession

PROGRAM = "01900000-0000-7000-8000-000000000001"
OTHER_PROGRAM = "01900000-0000-7000-8000-000000000002"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def an_id(number: int) -> str:
    """The same id for the same number."""
    return f"01900000-0000-7000-8000-{number:012d}"


async def a_program(session: Session, program_id: str = PROGRAM) -> None:
    """A program, with nothing in it."""
    await session.across_programs.execute(
        "INSERT INTO programs (id, kind, name, currency, zone, region, unit_name, created_at, slug)"
        " VALUES ($1, 'LIVE', 'Café', 'EUR', 'Europe/Berlin', 'DE', 'points', $2, $3)",
        program_id,
        NOW,
        f"p-{program_id}",
    )


async def a_wallet(session: Session, number: int, program_id: str = PROGRAM) -> None:
    """A wallet with an account without points; the account has the same id."""
    await session.across_programs.execute(
        "INSERT INTO wallets (program_id, id, created_at) VALUES ($1, $2, $3)", program_id, an_id(number), NOW
    )
    await session.across_programs.execute(
        "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
        " entry_count, last_hash) VALUES ($1, $2, $3, 'points', 0, 0, 0, 0, 0, 0, 0, $4)",
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


async def write_sample_rows(session: Session) -> None:
    """A purchase with its refund, entry, lot and answer; the lot has 7 of 10 points left."""
    await a_program(session)
    await a_wallet(session, 1)
    await session.across_programs.execute(
        "INSERT INTO terms_versions (program_id, id, version, effective_from, published_at, document)"
        " VALUES ($1, $2, 1, $3, $3, '{}')",
        PROGRAM,
        an_id(2),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO customers (program_id, id, wallet_id, state, enrolled_at) VALUES ($1, $2, $2, 'ACTIVE', $3)",
        PROGRAM,
        an_id(1),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO terms_withdrawals (program_id, version, withdrawn_at) VALUES ($1, 1, $2)", PROGRAM, NOW
    )
    await session.across_programs.execute(
        "INSERT INTO purchases (program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency,"
        " total, earned, terms_version, fingerprint, facts)"
        " VALUES ($1, $2, $3, 'till', 'R-1', $4, $4, 'EUR', 1000, 10, 1, 'f', '{}')",
        PROGRAM,
        an_id(3),
        an_id(1),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO refunds (program_id, id, purchase_id, occurred_at, recorded_at, lines, cash, clawback_due, clawed_back)"
        " VALUES ($1, $2, $3, $4, $4, '{}', 300, 3, 3)",
        PROGRAM,
        an_id(4),
        an_id(3),
        NOW,
    )
    await an_entry(session, id=an_id(5), account_id=an_id(1), number=1, points=10)
    await session.across_programs.execute(
        "INSERT INTO lots (program_id, id, account_id, entry_id, points, remaining, earned_at, available_from)"
        " VALUES ($1, $2, $3, $4, 10, 7, $5, $5)",
        PROGRAM,
        an_id(6),
        an_id(1),
        an_id(5),
        NOW,
    )
    await session.across_programs.execute(
        "INSERT INTO lot_movements (program_id, id, entry_id, lot_id, points) VALUES ($1, $2, $3, $4, 10)",
        PROGRAM,
        an_id(7),
        an_id(5),
        an_id(6),
    )
    await an_answer(session, "key")


async def count(session: UnscopedSession, table: str) -> int:
    """How many rows a table has."""
    row = await session.across_programs.row(f"SELECT count(*) AS n FROM {table}")
    assert row is not None
    number: int = row["n"]
    return number
