"""An import that is killed at work and run again gives the same ledger as one without a fault."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from app.store.database.codecs import instant, json_value
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.cli.command import ROOT, troth
from tests.forked_process import start_command
from tests.store.rows import count
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

SAMPLE = ROOT / "app" / "cli" / "sample" / "online-retail-10k.csv"
GIVEN = ("--currency", "GBP", "--zone", "Europe/London", "--region", "GB", "--effective-from", "2010-12-01")
KILLS = (("customers", 60), ("purchases", 20), ("refunds", 2), ("purchases", 380))
"""When to kill: as soon as a table has so many rows."""

BOOKS = (
    "SELECT i.value AS customer, e.number, e.type, e.points, e.occurred_at, p.external_id AS receipt, p.facts AS facts,"
    " p.total, p.earned, r.external_id AS refund, r.lines AS lines, r.cash, r.clawback_due, r.clawed_back, a.available, a.lifetime"
    " FROM identities i"
    " JOIN customers c ON c.program_id = i.program_id AND c.id = i.customer_id"
    " JOIN accounts a ON a.program_id = c.program_id AND a.wallet_id = c.wallet_id"
    " LEFT JOIN entries e ON e.program_id = a.program_id AND e.account_id = a.id"
    " LEFT JOIN refunds r ON r.program_id = e.program_id AND r.id = e.refund_id"
    " LEFT JOIN purchases p ON p.program_id = e.program_id AND p.id = coalesce(e.purchase_id, r.purchase_id)"
    " ORDER BY i.value, e.number"
)


def killed_when(table: str, rows: int, *, url: str) -> int:
    """Start the import and kill it as soon as a table has so many rows; how many it has then."""

    async def watched() -> int:
        database = open_database(url)
        await database.start()
        environment = {**os.environ, "TROTH_DATABASE_URL": url}
        importing = start_command(["import", "purchases", str(SAMPLE)], environment=environment, folder=str(ROOT))
        try:
            latest = time.monotonic() + HANGS
            while await database.read_across_programs(lambda session: count(session, table)) < rows:
                assert importing.poll() is None, "the import ended before it could be killed"
                assert time.monotonic() < latest
                await asyncio.sleep(0.002)
        finally:
            importing.send_signal(signal.SIGKILL)
            importing.wait(HANGS)
        left = await database.read_across_programs(lambda session: count(session, table))
        await database.stop()
        return left

    return asyncio.run(watched())


def ledger_rows(url: str) -> list[tuple[Any, ...]]:
    """Every customer with balance, entries, purchases and refunds, without ids and times of recording."""

    async def read() -> list[tuple[Any, ...]]:
        database = open_database(url)
        await database.start()

        async def work(session: Session) -> list[tuple[Any, ...]]:
            found = []
            for row in await session.rows(BOOKS):
                plain = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a row of the driver is no mapping
                at = plain.pop("occurred_at")
                facts, lines = plain.pop("facts"), plain.pop("lines")
                found.append(
                    (
                        *plain.values(),
                        None if at is None else instant(at),
                        None if facts is None else json_value(facts),
                        None if lines is None else json_value(lines),
                    )
                )
            return sorted(found, key=str)

        rows = await database.read_across_programs(work)
        await database.stop()
        return rows

    return asyncio.run(read())


def test_killed_and_repeated_import_gives_the_same_ledger(empty_database_url: str, tmp_path: Path) -> None:
    undisturbed = f"sqlite:///{tmp_path / 'undisturbed.db'}"
    for url in (undisturbed, empty_database_url):
        troth("init", "--sandbox", *GIVEN, url=url)
    troth("import", "purchases", str(SAMPLE), url=undisturbed)
    expected = ledger_rows(undisturbed)
    assert len(expected) == 409, "303 customers, each with entries: 401 purchases and 8 refunds"

    unfinished = [killed_when(table, rows, url=empty_database_url) for table, rows in KILLS]
    assert ledger_rows(empty_database_url) != expected
    assert unfinished[-1] < 401, "the purchases were not all recorded when it was killed"
    troth("import", "purchases", str(SAMPLE), url=empty_database_url)

    assert ledger_rows(empty_database_url) == expected
    assert discrepancies_in(empty_database_url) == []
    print(f"killed at {[f'{rows} {table}' for (table, _), rows in zip(KILLS, unfinished, strict=True)]}")
