"""An import beside a server on one SQLite file: it pauses after each commit, so that no till waits for the whole of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.faults.process import ROOT, ServerProcess, enrolled, wait_until
from tests.faults.test_jobs_beside_tills import tills_at_work
from tests.imports.import_runs import HEADER, shop_in_berlin
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

RECEIPTS, CUSTOMERS = 600, 40
TIMES = 10
"""How many times longer the slowest answer to a till takes at most than 99 of 100 without an import."""


def receipts(folder: Path) -> Path:
    """A file of receipts with one line each."""
    file = folder / "receipts.csv"
    lines = [
        f"{500_000 + number},A{number % 7},TEA,2,2011-03-{1 + number // 30:02} 10:{number % 30:02}:00,2.50,{1 + number % CUSTOMERS}\n"
        for number in range(RECEIPTS)
    ]
    file.write_text(HEADER + "".join(lines), encoding="utf-8")
    return file


def percentile(taken: list[float], *, of_hundred: int) -> float:
    """What so many of a hundred answers took at most."""
    return sorted(taken)[len(taken) * of_hundred // 100 - 1]


def test_import_pauses_for_the_tills_of_a_server(sqlite_url: str, tmp_path: Path) -> None:
    program = shop_in_berlin(sqlite_url)
    file = receipts(tmp_path)
    server = ServerProcess(sqlite_url, settings={"TROTH_JOBS": "false"})
    server.start()
    try:
        cards = enrolled(server.address, program, 20)
        with tills_at_work(server, program, cards) as usual:
            wait_until(lambda: len(usual) >= 400, within=HANGS)
        with tills_at_work(server, program, cards) as beside:
            imported = subprocess.run(
                [sys.executable, "-c", "from app.cli import main; main()", "import", "purchases", str(file)],
                cwd=ROOT,
                env={**os.environ, "TROTH_DATABASE_URL": sqlite_url},
                capture_output=True,
                text=True,
                timeout=HANGS,
                check=False,
            )
    finally:
        server.stop()
    assert imported.returncode == 0, imported.stderr
    assert f"{RECEIPTS} purchases" in imported.stdout.splitlines()[-1], imported.stdout
    print(
        f"{len(beside)} purchases beside the import: p99 {percentile(beside, of_hundred=99):.3f} s, slowest {max(beside):.3f} s;"
        f" without it p99 {percentile(usual, of_hundred=99):.3f} s"
    )
    assert max(beside) < TIMES * percentile(usual, of_hundred=99)
    assert discrepancies_in(sqlite_url) == []
