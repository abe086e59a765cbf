"""An impact preview of 70,000 purchases of 23,000 customers under 13 clauses, from the database to the result, on one core."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.jobs.preview_simulation import simulate_program
from app.store.database.codecs import instant_text
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from bench.engine_bench import CLAUSES, FACTS, pounds

PURCHASES, CUSTOMERS = 70_000, 23_000
LIMIT = 20.0
"""The most seconds that the preview of all purchases may take."""

TRIAL_DIVISOR = 500
"""A trial has one purchase and one customer in so many."""

START = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM_ID = str(uuid.UUID(int=1))


def id_of(kind: int, number: int) -> str:
    """An id that sorts by number within its kind."""
    return str(uuid.UUID(int=(kind << 64) + number))


def fill(file: Path, *, purchases: int, customers: int) -> None:
    """Store customers with a balance and purchases of five lines, at random in the ninety days from `START`."""
    asyncio.run(migrate(f"sqlite:///{file}"))
    random_numbers = random.Random(20261124)
    with sqlite3.connect(file) as connection:
        customer_ids = _insert_customers(connection, customers, random_numbers)
        _insert_purchases(connection, purchases, customer_ids, random_numbers)
    connection.close()


def _insert_customers(connection: sqlite3.Connection, customers: int, random_numbers: random.Random) -> list[str]:
    """A program and its customers; returns their ids."""
    start = instant_text(START)
    connection.execute(
        "INSERT INTO programs (id, kind, name, currency, zone, region, unit_name, created_at, slug)"
        " VALUES (?, 'LIVE', 'Shop', 'GBP', 'Europe/London', 'GB', 'points', ?, 'shop')",
        (PROGRAM_ID, start),
    )
    ids = [(id_of(2, number), id_of(3, number), id_of(4, number)) for number in range(customers)]
    connection.executemany(
        "INSERT INTO wallets (program_id, id, created_at) VALUES (?, ?, ?)",
        [(PROGRAM_ID, wallet, start) for wallet, _, _ in ids],
    )
    connection.executemany(
        "INSERT INTO customers (program_id, id, wallet_id, state, enrolled_at) VALUES (?, ?, ?, 'ACTIVE', ?)",
        [(PROGRAM_ID, customer, wallet, start) for wallet, customer, _ in ids],
    )
    connection.executemany(
        "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
        " entry_count, last_hash) VALUES (?, ?, ?, 'points', ?, 0, 0, 0, 0, 0, 0, ?)",
        [(PROGRAM_ID, account, wallet, random_numbers.randrange(500), "0" * 64) for wallet, _, account in ids],
    )
    connection.execute(
        "INSERT INTO terms_versions (program_id, id, version, effective_from, published_at, document)"
        " VALUES (?, ?, 1, ?, ?, '{}')",
        (PROGRAM_ID, id_of(5, 1), start, start),
    )
    return [customer for _, customer, _ in ids]


def _insert_purchases(
    connection: sqlite3.Connection, purchases: int, customer_ids: list[str], random_numbers: random.Random
) -> None:
    rows = []
    for number in range(purchases):
        occurred_at = START + timedelta(minutes=random_numbers.randrange(90 * 24 * 60))
        rows.append(
            {
                "program_id": PROGRAM_ID,
                "id": id_of(6, number),
                "customer_id": random_numbers.choice(customer_ids),
                "source": "receipts",
                "external_id": str(number),
                "occurred_at": instant_text(occurred_at),
                "recorded_at": instant_text(START),
                "currency": "GBP",
                "total": 5500,
                "earned": 0,
                "terms_version": 1,
                "fingerprint": "x",
                "facts": json.dumps({**FACTS.to_data(), "at": occurred_at.isoformat()}),
            }
        )
    names = ", ".join(rows[0])
    places = ", ".join(f":{name}" for name in rows[0])
    connection.executemany(f"INSERT INTO purchases ({names}) VALUES ({places})", rows)


def terms(version: int, *, points_per_pound: int) -> Terms:
    """One of the two compared versions; they differ in points per pound, and in the price of a coffee."""
    clauses = [("base", (), PointsPerAmount(points_per_pound, pounds(100))), *CLAUSES[1:]]
    clauses.append(("coffee", (), RewardCost("coffee", 100 + version, "Coffee")))
    return Terms.from_draft(
        version=version, effective_from=START, currency="GBP", zone="Europe/London", clauses=clauses
    )


async def preview(file: Path) -> tuple[float, int]:
    """Seconds of the whole preview, and the number of purchases that it replayed."""

    async def on_progress(done: int, total: int) -> bool:
        return done <= total

    database = open_database(f"sqlite:///{file}")
    await database.start()
    began = time.perf_counter()
    impact = await simulate_program(
        database,
        program_id=PROGRAM_ID,
        current=terms(1, points_per_pound=1),
        draft=terms(2, points_per_pound=3),
        since=START,
        on_progress=on_progress,
    )
    seconds = time.perf_counter() - began
    await database.stop()
    assert impact is not None
    assert impact.gainers > 0
    return seconds, impact.purchases


def main() -> None:
    """Print the preview of a quarter, a half and all of the purchases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", action="store_true", help="the smallest run")
    scale = TRIAL_DIVISOR if parser.parse_args().trial else 1
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("impact preview, both versions of 13 clauses earn differently, one core:")
    seconds_each = []
    for divisor in (4, 2, 1):
        customers = CUSTOMERS // divisor // scale
        with tempfile.TemporaryDirectory(prefix="troth-bench-") as folder:
            file = Path(folder) / "shop.db"
            fill(file, purchases=PURCHASES // divisor // scale, customers=customers)
            seconds, count = asyncio.run(preview(file))
        seconds_each.append(seconds / count)
        print(
            f"  {count:6,} purchases of {customers:6,} customers   {seconds:5.1f} s   {1e6 * seconds / count:.0f} us each"
        )
    verdict = "met" if seconds <= LIMIT else "MISSED"
    print(
        f"  at most {LIMIT:.0f} s: {verdict}; a purchase costs {seconds_each[-1] / seconds_each[0]:.2f} x"
        " what it costs in a quarter of them"
    )


if __name__ == "__main__":
    main()
