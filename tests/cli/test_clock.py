"""The troth command on a sandbox whose clock was moved."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

from app.domain.problems import Problem
from app.queries.programs.programs import all_programs
from app.store.database.connect import open_database
from app.usecases.application import Application
from app.usecases.programs import advance_clock
from app.usecases.programs.advance_clock import AdvanceClock, AdvanceClockResult
from tests.cli.command import troth
from tests.shop import new_id, real_now

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n"


def move_clock(url: str, *, days: int) -> datetime:
    """Moves the clock of the only program; returns its time."""

    async def move() -> AdvanceClockResult:
        database = open_database(url)
        await database.start()
        application = Application(database=database, clock=real_now, new_id=new_id)
        (program,) = await application.query_across_programs(all_programs)
        moved = await application.execute(
            advance_clock.run,
            name="advanceClock",
            program=program,
            principal=None,
            key=f"{days} days",
            fingerprint_input=days,
            command=AdvanceClock(new_time=application.now(program) + timedelta(days=days)),
        )
        await database.stop()
        assert not isinstance(moved, Problem)
        return moved.result

    return asyncio.run(move()).clock


def test_terms_file_is_compared_with_the_terms_in_force_at_the_moved_clock(database_url: str, tmp_path: Path) -> None:
    troth("init", "--sandbox", "--zone", "UTC", url=database_url)
    file = tmp_path / "terms.yaml"
    dear = troth("terms", "export", url=database_url).replace("points: 100", "points: 120")
    file.write_text(dear, encoding="utf-8")
    assert "Version 2 starts on" in troth("terms", "publish", str(file), url=database_url)
    assert "120 points" not in troth("terms", "show", url=database_url)

    at = move_clock(database_url, days=100)
    assert "You can have “Coffee” for 120 points" in troth("terms", "show", url=database_url)
    assert "NOT_WITHDRAWABLE" in troth("terms", "withdraw", "2", url=database_url, code=1)
    file.write_text(dear.replace("points: 120", "points: 140"), encoding="utf-8")
    start = f"{at + timedelta(days=31):%A, %-d %B %Y}"
    assert f"Published now, it can start on {start}" in troth("terms", "diff", str(file), url=database_url)
    assert f"Version 3 starts on {start}" in troth("terms", "publish", str(file), url=database_url)


def test_file_preview_uses_the_sandbox_clock(database_url: str, tmp_path: Path) -> None:
    troth("init", "--sandbox", "--zone", "UTC", url=database_url)
    receipts = tmp_path / "receipts.csv"
    soon = f"{real_now() + timedelta(days=50):%Y-%m-%d %H:%M:%S}"
    receipts.write_text(f"{HEADER}1,10001,Tea,1,{soon},5.00,42\n", encoding="utf-8")
    early = troth("import", "purchases", str(receipts), url=database_url, code=1)
    assert "rejected, CLOCK_SKEW: 1" in early
    assert "0 purchases" in early

    move_clock(database_url, days=100)
    assert "Written: 1 customers, 1 purchases" in troth("import", "purchases", str(receipts), url=database_url)
    file = tmp_path / "terms.yaml"
    file.write_text(troth("terms", "export", url=database_url), encoding="utf-8")
    assert "1 purchases" in troth("terms", "preview", str(file), "--days", "60", url=database_url)
    assert "0 purchases" in troth("terms", "preview", str(file), "--days", "40", url=database_url)
