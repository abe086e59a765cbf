"""Jobs beside tills: the due changes of many accounts are processed while tills buy over their own connections; how long
the tills wait."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.api.scheduled_shop import pending, scheduled_shop, validity, visit
from tests.cli.test_jobs import move_clocks, run_jobs
from tests.faults.process import ServerProcess, send, wait_until
from tests.shop import BUY, real_now
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

ACCOUNTS, TILLS = 60, 4
TIMES = 30
"""How many times longer than without jobs nine of ten answers to a till take at most."""


@pytest.fixture
def waiting(database_url: str) -> tuple[NewProgram, list[str]]:
    """A program whose customers have points that waited until now, and their cards."""
    terms = (visit(), pending(14), validity(days=60, noticeFrom=30, noticeUntil=10))
    with scheduled_shop(database_url, *terms, clock=real_now) as shop:
        cards = [shop.enrol(f"PERSONAL{number:06}") for number in range(ACCOUNTS)]
        for start in range(0, ACCOUNTS, 15):
            shop.in_parallel([lambda card=card: shop.buy(card, "10.00") for card in cards[start : start + 15]])
    move_clocks(database_url, days=50)
    return shop.program, cards


@contextmanager
def tills_at_work(server: ServerProcess, program: NewProgram, cards: list[str]) -> Iterator[list[float]]:
    """Tills that buy without a pause until the block ends; how long each answer took."""
    taken: list[float] = []
    over = threading.Event()

    def till(number: int) -> None:
        with httpx.Client(timeout=HANGS) as client:
            while not over.is_set():
                card = cards[(number * 37 + len(taken) * 11) % len(cards)]
                lines = [{"sku": "a", "quantity": "1", "unitPrice": "1.00"}]
                input = {
                    "idempotencyKey": uuid.uuid4().hex,
                    "customer": {"card": card},
                    "purchase": {"externalId": uuid.uuid4().hex, "lines": lines},
                }
                began = time.monotonic()
                response = send(server.address, program, BUY, input, client=client)
                taken.append(time.monotonic() - began)
                assert response["recordPurchase"]["userErrors"] == []

    tills = [threading.Thread(target=till, args=(number,)) for number in range(TILLS)]
    for thread in tills:
        thread.start()
    try:
        yield taken
    finally:
        over.set()
        for thread in tills:
            thread.join(HANGS)


def slowest(taken: list[float]) -> float:
    """What nine of ten took at most: the lock of another process on a SQLite file is a matter of luck for a few."""
    return sorted(taken)[len(taken) * 9 // 10 - 1]


def by_the_server(log: Path, url: str) -> None:
    """The server does it: wait until it says so."""
    wait_until(lambda: b"scheduled work done" in log.read_bytes(), within=HANGS)


def by_a_command(log: Path, url: str) -> None:
    """A process beside it does it."""
    found = run_jobs(url)
    # Points that wait may all have been taken by the tills before it looks; notices are given by jobs alone.
    assert found["notices_given"] == ACCOUNTS
    assert b"scheduled work done" not in log.read_bytes()


@pytest.mark.parametrize(("doing", "jobs"), [(by_the_server, "true"), (by_a_command, "false")])
def test_jobs_do_not_block_tills(
    database_url: str,
    waiting: tuple[NewProgram, list[str]],
    tmp_path: Path,
    doing: Callable[[Path, str], None],
    jobs: str,
) -> None:
    program, cards = waiting
    path = tmp_path / "log"
    with path.open("wb") as log:
        settings = {"TROTH_LOG_LEVEL": "INFO", "TROTH_JOBS": jobs}
        server = ServerProcess(database_url, output=log, settings=settings)
        server.start()
        with tills_at_work(server, program, cards) as taken:
            doing(path, database_url)
        with tills_at_work(server, program, cards) as usual:
            wait_until(lambda: len(usual) >= 200, within=HANGS)
        server.stop()
    assert len(taken) > 20
    print(f"{len(taken)} purchases beside the jobs, p90 {slowest(taken):.3f} s; without them {slowest(usual):.3f} s")
    assert slowest(taken) < TIMES * slowest(usual)
    assert not [
        line for line in path.read_text(encoding="utf-8").splitlines() if '"level":"error"' in line.replace(" ", "")
    ]
    assert discrepancies_in(database_url) == []


def test_server_stops_cleanly_during_jobs_and_logs_no_personal_data(
    database_url: str, waiting: tuple[NewProgram, list[str]], tmp_path: Path
) -> None:
    program, _ = waiting
    path = tmp_path / "log"
    with path.open("wb") as log:
        server = ServerProcess(database_url, output=log, settings={"TROTH_LOG_LEVEL": "INFO"})
        server.start()
        time.sleep(0.3)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(HANGS) in (0, -signal.SIGTERM)
        assert discrepancies_in(database_url) == [], "each account is settled or not, as a whole"
        server.start()
        wait_until(lambda: b"scheduled work done" in path.read_bytes(), within=HANGS)
        server.stop()
    text = path.read_text(encoding="utf-8")
    assert "PERSONAL" not in text
    assert program.token(Role.TILL) not in text
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    kept = [event for event in events if event.get("event") == "scheduled work done"]
    assert {value["program"] for value in kept} == {program.program.id}
    assert not [event for event in events if event.get("level") == "error"], events
    assert set(run_jobs(database_url).values()) == {0}, "all of it was done"
    assert discrepancies_in(database_url) == []
