"""Eighteen months of CDNOW's customers in a tiered sandbox, and the two years after: proved at every step.

The purchases (Fader and Hardie's sample: customer, date, items, dollars) are not part of the project. Where they are
not at hand, TROTH_TEST_CDNOW names the file, or this test is skipped and says so.
"""

from __future__ import annotations

import asyncio
import csv
import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.api.costs import Allowance
from app.domain.access import Role
from app.importing.carrying_out import Imported, carry_out, destination_of
from app.importing.receipts import planned
from app.store.opening import open_database
from app.usecases.desk import Desk
from tests.cli.command import ROOT
from tests.proving import faults_in
from tests.shop import Shop, new_id, open_shop

SAMPLE = Path(os.environ.get("TROTH_TEST_CDNOW") or ROOT.parent / "shared" / "data" / "cdnow-sample.csv")
AFTER = datetime(1998, 7, 1, 12, 0, tzinfo=UTC)
ADVANCE = "mutation($input: AdvanceClockInput!) { advanceClock(input: $input) { clock userErrors { code detail: message } } }"
CARD = """query($by: CustomerBy!) { customer(by: $by) { tier { key } wallet { balances { available pending lifetime } }
  ledger(first: 100) { nodes { type points } } } }"""


def after_the_sample() -> datetime:
    """The first days of July 1998."""
    return AFTER


def receipts(folder: Path) -> tuple[Path, dict[str, Decimal]]:
    """The sample as receipts of one line each, and what each customer spent; gifts of nothing are no purchases."""
    spent: dict[str, Decimal] = {}
    file = folder / "cdnow.csv"
    with SAMPLE.open(encoding="utf-8") as given, file.open("w", encoding="utf-8", newline="") as made:
        out = csv.writer(made)
        out.writerow(["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"])
        for number, row in enumerate(csv.DictReader(given)):
            amount = Decimal(row["amount_usd"])
            out.writerow([number, "10000", f"{row['items']} CDs", 1, f"{row['date']} 12:00:00", amount, row["customer"]])
            if amount:
                spent[row["customer"]] = spent.get(row["customer"], Decimal(0)) + amount
    return file, spent


def brought_in(shop: Shop, file: Path) -> Imported:
    """Import the receipts as the command does."""

    async def run() -> Imported:
        database = open_database(shop.url)
        await database.start()
        desk = Desk(database=database, clock=after_the_sample, new_id=new_id)
        program = shop.program.program
        plan = planned(file, destination=await destination_of(program, desk=desk))
        done = await carry_out(plan, desk=desk, program=program, done=lambda _: None)
        await database.stop()
        return done

    return asyncio.run(run())


@pytest.mark.skipif(not SAMPLE.exists(), reason="NO CDNOW PURCHASES AT HAND: EIGHTEEN MONTHS OF THEM WERE NOT TRIED")
def test_eighteen_months_of_real_customers_and_two_years_after_leave_proved_books(
    empty_sqlite_url: str, tmp_path: Path
) -> None:
    file, spent = receipts(tmp_path)
    unlimited = Allowance(10_000_000, 10_000_000)
    with open_shop(
        empty_sqlite_url, template="tiered", currency="USD", clock=after_the_sample, allowance=unlimited
    ) as shop:
        ...
