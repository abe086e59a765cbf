"""An impact preview of 70,000 purchases of 23,000 members under 12 clauses, from the database to the result, on one core."""

from __future__ import annotations

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
from app.jobs.preview_replay import replay_program
from app.store.database.codecs import instant_text
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from bench.engine_bench import CLAUSES, FACTS, pounds

PURCHASES, MEMBERS = 70_000, 23_000
MOST = 20.0
"""Seconds."""

START = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM = str(uuid.UUID(int=1))


def id_of(kind: int, number: int) -> str:
    """An id that sorts by number."""
    return str(uuid.UUID(int=(kind << 64) + number))


def filled(url: str, *, purchases: int, members: int) -> None:
    """Members with a balance, and purchases of five lines over ninety days, dealt out by chance."""
    asyncio.run(migrate(url))
    chance = random.Random(20261124)
    at = instant_text(START)
    base = FACTS.to_data()
    with sqlite3.connect(url.removeprefix("sqlite:///")) as data:
        data.execute(
            "INSERT INTO programs (id, kind, name, currency, zone, region, unit_name, created_at)"
            " VALUES (?, 'LIVE', 'Shop', 'GBP', 'Europe/London', 'GB', 'points', ?)",
            (PROGRAM, at),
        )
        ids = [(id_of(2, n), id_of(3, n), id_of(4, n)) for n in range(members)]
        data.executemany("INSERT INTO wallets VALUES (?, ?, ?)", [(PROGRAM, wallet, at) for wallet, _, _ in ids])
        data.executemany(
            "INSERT INTO customers (program_id, id, wallet_id, state, enrolled_at) VALUES (?, ?, ?, 'ACTIVE', ?)",
            [(PROGRAM, customer, wallet, at) for wallet, customer, _ in ids],
        )
        data.executemany(
            "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
            " entries, head) VALUES (?, ?, ?, 'points', ?, 0, 0, 0, 0, 0, 0, ?)",
            [(PROGRAM, account, wallet, chance.randrange(500), "0" * 64) for wallet, _, account in ids],
        )
        data.execute(
            "INSERT INTO terms_versions (program_id, id, version, effective_from, published_at, document)"
            " VALUES (?, ?, 1, ?, ?, '{}')",
            (PROGRAM, id_of(5, 1), at, at),
        )
        rows = []
        for number in range(purchases):
            moment = START + timedelta(minutes=chance.randrange(90 * 24 * 60))
            facts = {**base, "at": moment.isoformat()}
            rows.append(
                (PROGRAM, id_of(6, number), chance.choice(ids)[1], "receipts", str(number), instant_text(moment),
                 at, "GBP", 5500, 0, 1, "x", json.dumps(facts))
            )  # fmt: skip
        names = (
            "program_id, id, customer_id, source, external_id, occurred_at, recorded_at, currency, total, earned,"
            " terms_version, fingerprint, facts"
        )
        data.executemany(f"INSERT INTO purchases ({names}) VALUES ({', '.join('?' * 13)})", rows)


async def preview(url: str) -> tuple[float, int]:
    """Seconds of CPU and of the clock for the whole of it, and the purchases that it replayed."""

    def terms(version: int, base: int) -> Terms:
        clauses = [("base", (), PointsPerAmount(base, pounds(100))), *CLAUSES[1:]]
        clauses.append(("coffee", (), RewardCost("coffee", 100 + version, "Coffee")))
        return Terms.from_draft(
            version=version, effective_from=START, currency="GBP", zone="Europe/London", clauses=clauses
        )

    async def told(done: int, total: int) -> bool:
        return done <= total

    database = open_database(url)
    await database.start()
    begun = time.perf_counter()
    found = await replay_program(
        database, program_id=PROGRAM, current=terms(1, 1), draft=terms(2, 3), since=START, on_progress=told
    )
    spent = time.perf_counter() - begun
    await database.stop()
    assert found is not None
    assert found.gainers > 0
    return spent, found.purchases


def main() -> None:
    """Print a quarter, a half and the whole."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("impact preview, both versions of 13 clauses earn differently, one core:")
    rates = []
    for part in (4, 2, 1):
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'shop.db'}"
            filled(url, purchases=PURCHASES // part, members=MEMBERS // part)
            spent, count = asyncio.run(preview(url))
        rates.append(spent / count)
        print(
            f"  {count:6,} purchases of {MEMBERS // part:6,} members   {spent:5.1f} s   {1e6 * spent / count:.0f} us each"
        )
    kept = "kept" if spent <= MOST else "MISSED"
    print(
        f"  at most {MOST:.0f} s: {kept}; a purchase costs {rates[-1] / rates[0]:.2f} x what it costs in a quarter of them"
    )


if __name__ == "__main__":
    main()
