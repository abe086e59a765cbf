"""`troth import purchases` on the sample of real receipts, on both databases: counts, proofs, and three ledgers by hand."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.command import ROOT, troth

SAMPLE = ROOT / "examples" / "online-retail-10k.csv"


BY_HAND = {
    # 13047 buys three times. 536367: 54.08 + 12.60 + 12.60 + 30.00 + 9.90 + 25.50 + 14.85 + 19.90 + 17.85 + 17.85
    # + 31.80 + 31.80 = 278.73; 536368: 25.50 + 3 x 14.85 = 70.05; 536369: 3 x 5.95 = 17.85. A point a pound, halves up.
    "13047": [("EARN", 279), ("EARN", 70), ("EARN", 18)],
    # 17924 buys 12 and 48 pieces at 4.65: 55.80 + 223.20 = 279.00. Two come back, 269.70 are kept: 270, so 9 go.
    # Three more come back, 255.75 are kept: 256, so 14 go.
    "17924": [("EARN", 279), ("CLAWBACK", -9), ("CLAWBACK", -14)],
    # 17897 buys for 165.89 and brings six at 4.25 back: 140.39 are kept, 140 instead of 166.
    "17897": [("EARN", 166), ("CLAWBACK", -26)],
}


def ledgers(url: str, customers: list[str]) -> dict[str, list[tuple[str, int]]]:
    """Types and points of the customers' entries, oldest first."""
    import asyncio

    from app.domain.identities import IdentityKind
    from app.queries.cards import card
    from app.queries.ledgers import Window, ledger_page
    from app.queries.programs import every_program
    from app.queries.records import CustomerBy
    from app.store.opening import open_database
    from app.usecases.desk import Desk
    from tests.shop import new_id, real_now

    async def read() -> dict[str, list[tuple[str, int]]]:
        database = open_database(url)
        await database.start()
        desk = Desk(database=database, clock=real_now, new_id=new_id)
        (program,) = await desk.ask(every_program)
        found = {}
        for customer in customers:
            by = CustomerBy(customer, IdentityKind.EXTERNAL_ID)
            row = await desk.ask(card, program_id=program.id, by=by, at=desk.now(program))
            assert row is not None
            page = await desk.ask(
                ledger_page, program_id=program.id, account_id=row.account.id, window=Window(size=100)
            )
            found[customer] = [(one.entry.type.value, one.entry.points) for one in reversed(page.entries)]
            assert row.account.balance.available == sum(points for _, points in found[customer])
        await database.stop()
        return found

    return asyncio.run(read())


def test_the_sample_comes_in_as_it_says_is_proved_and_comes_in_once(empty_database_url: str, tmp_path: Path) -> None:
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
    expected = {
        "lines": 10_000,
        "purchases": 400,
        "purchase_lines": 7_579,
        "customers": 302,
        "total_minor": 14_721_597,
        "refunds": 10,
        "left_out": {
            "UNREADABLE": 0,
            "NO_CUSTOMER": 2_291,
            "NO_SALE": 30,
            "SEVERAL_CUSTOMERS": 0,
            "RETURN_OF_NO_GOODS": 2,
            "RETURN_MATCHES_NOTHING": 88,
            "SALE_LEFT_OUT": 0,
        },
    }
    dry = json.loads(troth("import", "purchases", str(SAMPLE), "--dry-run", "--json", url=url))
    assert dry == {**expected, "written": None}
    assert json.loads(troth("verify", "--json", url=url))["entries"] == 0
    left_out = tmp_path / "left-out.csv"
    done = json.loads(troth("import", "purchases", str(SAMPLE), "--errors", str(left_out), "--json", url=url))
    assert done == {**expected, "written": {"customers": 302, "purchases": 400, "refunds": 10}}
    proved = json.loads(troth("verify", "--json", url=url))
    assert proved == {"programs": 1, "accounts": 302, "entries": 410, "faults": []}
    again = json.loads(troth("import", "purchases", str(SAMPLE), "--json", url=url))
    assert again["written"] == {"customers": 0, "purchases": 0, "refunds": 0}
    assert json.loads(troth("verify", "--json", url=url)) == proved
    with left_out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2_291 + 30 + 2 + 88
    assert rows == sorted(rows, key=lambda row: int(row["line"]))
    assert ledgers(url, list(BY_HAND)) == BY_HAND


def test_a_file_that_is_no_such_csv_is_refused_with_a_clear_word(sqlite_url: str, tmp_path: Path) -> None:
    troth("init", "--sandbox", url=sqlite_url)
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n", encoding="utf-8")
    said = troth("import", "purchases", str(broken), url=sqlite_url, code=1)
    assert "lacks the columns InvoiceNo" in said
    assert "Traceback" not in said


def test_without_a_program_the_command_says_what_to_do(sqlite_url: str) -> None:
    assert "troth init" in troth("import", "purchases", str(SAMPLE), url=sqlite_url, code=1)
