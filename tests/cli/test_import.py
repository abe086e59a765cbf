"""`troth import purchases` on a sample of real receipts, on both databases: counts, verification, and three ledgers by
hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.command import ROOT, troth

SAMPLE = ROOT / "app" / "cli" / "sample" / "online-retail-10k.csv"


BY_HAND = {
    # 13047 buys three times. 536367: 54.08 + 12.60 + 12.60 + 30.00 + 9.90 + 25.50 + 14.85 + 19.90 + 17.85 + 17.85
    # + 31.80 + 31.80 = 278.73; 536368: 25.50 + 3 x 14.85 = 70.05; 536369: 3 x 5.95 = 17.85. A point a pound, halves up.
    "13047": [("EARN", 279), ("EARN", 70), ("EARN", 18)],
    # 17924 buys 12 and 48 items at 4.65: 55.80 + 223.20 = 279.00. Two come back, 269.70 are kept: 270, so 9 go.
    # Three more come back, 255.75 are kept: 256, so 14 go.
    "17924": [("EARN", 279), ("CLAWBACK", -9), ("CLAWBACK", -14)],
    # 17897 buys for 165.89 and brings six at 4.25 back: 140.39 are kept, 140 instead of 166.
    "17897": [("EARN", 166), ("CLAWBACK", -26)],
}


def ledgers(url: str, customers: list[str]) -> dict[str, list[tuple[str, int]]]:
    """Types and points of the customers' entries, oldest first."""
    import asyncio

    from app.domain.customers.customer import CustomerReference
    from app.domain.customers.identities import IdentityKind
    from app.queries.customers.customers import customer_as_of
    from app.queries.ledger.entries import Window, ledger_page
    from app.queries.programs.programs import all_programs
    from app.store.database.connect import open_database
    from app.usecases.application import Application
    from tests.shop import new_id, real_now

    async def read() -> dict[str, list[tuple[str, int]]]:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        (program,) = await application.query_across_programs(all_programs)
        found = {}
        for customer in customers:
            by = CustomerReference(customer, IdentityKind.EXTERNAL_ID)
            row = await application.query(customer_as_of, program_id=program.id, by=by, at=application.now(program))
            assert row is not None
            page = await application.query(
                ledger_page, program_id=program.id, account_id=row.account.id, window=Window(size=100)
            )
            found[customer] = [(entry.entry.type.value, entry.entry.points) for entry in reversed(page.entries)]
            assert row.account.balance.available == sum(points for _, points in found[customer])
        await database.stop()
        return found

    return asyncio.run(read())


def test_sample_is_imported_once_and_its_ledger_verifies(empty_database_url: str, tmp_path: Path) -> None:
    url = empty_database_url
    given = (
        "--sandbox",
        "--currency",
        "GBP",
        "--zone",
        "Europe/London",
        "--region",
        "GB",
        "--effective-from",
        "2010-12-01",
    )
    program = json.loads(troth("init", *given, "--json", url=url))
    assert set(program["keys"]) == {"owner", "staff", "till"}
    # 7,609 lines with a customer and a positive quantity, postage and what was typed by hand among them. Two receipts of
    # returns wait whole, because something else on them was bought before the file begins.
    rejected_lines = {
        "UNREADABLE": 0,
        "NO_CUSTOMER": 2_291,
        "NO_SALE": 0,
        "SEVERAL_CUSTOMERS": 0,
        "TIMES_DIFFER": 0,
        "INCOMPLETE_RECEIPT": 2,
        "RETURN_MATCHES_NOTHING": 90,
        "RETURN_AT_OTHER_PRICE": 0,
        "PURCHASE_REJECTED": 0,
    }
    expected = {
        "lines": 10_000,
        "purchases": 401,
        "purchase_lines": 7_609,
        "customers": 303,
        "total_minor": 14_820_683,
        "refunds": 8,
        "rejected": rejected_lines,
    }
    dry = json.loads(troth("import", "purchases", str(SAMPLE), "--dry-run", "--json", url=url))
    assert dry == {**expected, "written": None}
    assert json.loads(troth("verify", "--json", url=url))["entries"] == 0
    rejected = tmp_path / "rejected.csv"
    done = json.loads(troth("import", "purchases", str(SAMPLE), "--errors", str(rejected), "--json", url=url))
    assert done == {**expected, "written": {"customers": 303, "purchases": 401, "refunds": 8}}
    proved = json.loads(troth("verify", "--json", url=url))
    assert proved == {"programs": 1, "accounts": 303, "entries": 409, "discrepancies": []}
    again = json.loads(troth("import", "purchases", str(SAMPLE), "--json", url=url))
    assert again["written"] == {"customers": 0, "purchases": 0, "refunds": 0}
    assert json.loads(troth("verify", "--json", url=url)) == proved
    with rejected.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2_291 + 2 + 90
    assert rows == sorted(rows, key=lambda row: int(row["line"]))
    assert ledgers(url, list(BY_HAND)) == BY_HAND


def test_file_in_another_format_is_rejected_with_a_clear_message(sqlite_url: str, tmp_path: Path) -> None:
    troth("init", "--sandbox", url=sqlite_url)
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n", encoding="utf-8")
    said = troth("import", "purchases", str(broken), url=sqlite_url, code=1)
    assert "lacks the columns InvoiceNo" in said
    assert "Traceback" not in said


HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        ("", "the file is empty"),
        (HEADER, "nothing below it"),
        (HEADER + "P1,10001,Tea,1,31.12.2025,40.00,K-1\n", "nothing in this file"),
        (HEADER + "P1,10001,Tea,1,2025-12-31 10:15:00,40.00,\n", "nothing in this file"),
        (HEADER + "C1,10001,Tea,-1,2025-12-31 10:15:00,40.00,K-1\n", "nothing in this file"),
    ],
)
def test_file_without_an_importable_receipt_is_an_error(
    content: str, word: str, sqlite_url: str, tmp_path: Path
) -> None:
    troth("init", "--sandbox", "--effective-from", "2010-12-01", url=sqlite_url)
    file = tmp_path / "receipts.csv"
    file.write_text(content, encoding="utf-8")
    assert word in troth("import", "purchases", str(file), "--dry-run", url=sqlite_url, code=1)
    said = troth("import", "purchases", str(file), "--json", url=sqlite_url, code=1)
    assert word in said
    assert "Traceback" not in said
    if word == "nothing in this file":
        counted = json.loads(said[said.index("{") : said.rindex("}") + 1])
        assert sum(counted["rejected"].values()) == counted["lines"] == 1
        assert counted["written"] == {"customers": 0, "purchases": 0, "refunds": 0}


def test_command_without_a_program_says_what_to_do(sqlite_url: str) -> None:
    assert "troth init" in troth("import", "purchases", str(SAMPLE), url=sqlite_url, code=1)
