"""Eighteen months of CDNOW's customers in a tiered sandbox, and the two years after: verified at every step.

The purchases (Fader and Hardie's sample: customer, date, items, dollars) are not part of the project: TROTH_TEST_CDNOW
names the file (columns `customer`, `date`, `items`, `amount_usd`); the test is skipped where it is not set.
"""

from __future__ import annotations

import asyncio
import csv
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.graphql_server.limits.rate_limits import RateLimit
from app.imports.csv_receipts import plan_import
from app.imports.execution import ImportCounts, import_target, run_plan
from app.jobs.scheduler import NoticeReaders, RunResult, Scheduler
from app.queries.programs.programs import all_programs
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.usecases.application import Application
from app.usecases.programs import advance_clock
from app.usecases.programs.advance_clock import AdvanceClock
from app.usecases.programs.create_program import CreateProgram, NewProgram
from tests.shop import Shop, new_id, open_shop
from tests.verification import discrepancies_in

SAMPLE = os.environ.get("TROTH_TEST_CDNOW", "")
"""The file of purchases; empty where there is none."""
AFTER = datetime(1998, 7, 1, 12, 0, tzinfo=UTC)
CARD = """query($by: CustomerBy!) { customer(by: $by) { tier { key } wallet { balances { available pending lifetime } }
  ledger(first: 100) { nodes { type points } } } }"""


def after_the_sample() -> datetime:
    """The first days of July 1998."""
    return AFTER


def receipts(folder: Path) -> tuple[Path, dict[str, Decimal]]:
    """The sample as receipts of one line each, and what each customer spent; gifts of nothing are no purchases."""
    spent: dict[str, Decimal] = {}
    file = folder / "cdnow.csv"
    with Path(SAMPLE).open(encoding="utf-8") as given, file.open("w", encoding="utf-8", newline="") as made:
        out = csv.writer(made)
        out.writerow(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
        for number, row in enumerate(csv.DictReader(given)):
            amount = Decimal(row["amount_usd"])
            out.writerow(
                [number, "10000", f"{row['items']} CDs", 1, f"{row['date']} 12:00:00", amount, row["customer"]]
            )
            if amount:
                spent[row["customer"]] = spent.get(row["customer"], Decimal(0)) + amount
    return file, spent


def import_receipts(shop: Shop, file: Path) -> ImportCounts:
    """Imports the receipts as the command does."""

    async def run() -> ImportCounts:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=after_the_sample, new_id=new_id)
        program = shop.program.program
        plan = plan_import(file, target=await import_target(program, application=application))
        done = await run_plan(plan, application=application, program=program, on_progress=lambda _: None)
        await database.stop()
        return done

    return asyncio.run(run())


@pytest.mark.skipif(not SAMPLE, reason="TROTH_TEST_CDNOW names no file of CDNOW purchases")
def test_ledger_verifies_after_eighteen_months_of_real_purchases_and_two_years_of_expiry(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    asyncio.run(migrate(empty_sqlite_url))
    file, spent = receipts(tmp_path)
    unlimited = RateLimit(10_000_000, 10_000_000)
    with open_shop(
        empty_sqlite_url, program=tiered(empty_sqlite_url), clock=after_the_sample, rate_limit=unlimited
    ) as shop:
        done = import_receipts(shop, file)
        assert done.customers == len(spent)
        assert discrepancies_in(shop.url) == []
        best = max(spent, key=lambda text: spent[text])
        before = shop.execute(CARD, by={"externalId": best})["customer"]
        assert before["tier"]["key"] == "gold"
        assert [node["type"] for node in before["ledger"]["nodes"]].count("EARN") >= 10

        complete = advance(shop, to=datetime(2000, 9, 1, 12, 0, tzinfo=UTC))
        assert complete.complete
        assert complete.changes.lots_expired > 3000
        assert discrepancies_in(shop.url) == []
        after = shop.execute(CARD, by={"externalId": best})["customer"]
        assert after["wallet"]["balances"][0]["available"] == 0
        kinds = [node["type"] for node in after["ledger"]["nodes"]]
        assert "EXPIRE" in kinds
        assert after["tier"]["key"] is None


def advance(shop: Shop, *, to: datetime) -> RunResult:
    """Moves the sandbox's clock and runs all due jobs on the way; customers open their notices."""

    async def run() -> RunResult:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=after_the_sample, new_id=new_id)
        program = shop.program.program
        payload = await application.execute(
            advance_clock.run,
            name="advance",
            program=program,
            principal=None,
            key="k",
            fingerprint_input="k",
            command=AdvanceClock(new_time=to),
        )
        assert not isinstance(payload, Problem)
        (moved,) = await application.query_across_programs(all_programs)
        complete = await Scheduler(application).run_program(
            moved, readers=NoticeReaders(since=AFTER, until=to), time_limit=900.0
        )
        await database.stop()
        return complete

    return asyncio.run(run())


def tiered(url: str) -> NewProgram:
    """A tiered program in dollars whose terms start before the first purchase."""
    command = CreateProgram(
        name="CDs",
        template="tiered",
        kind=ProgramKind.SANDBOX,
        currency="USD",
        zone="America/New_York",
        region="US",
        effective_from=datetime(1996, 12, 1, tzinfo=UTC),
    )

    async def run() -> NewProgram:
        database = open_database(url)
        await database.start()
        try:
            return await Application(database=database, clock=after_the_sample, new_id=new_id).create_program(command)
        finally:
            await database.stop()

    return asyncio.run(run())
