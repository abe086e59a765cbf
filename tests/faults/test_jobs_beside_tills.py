"""Jobs beside tills: a real server that keeps the time of many accounts while tills buy, redeem and read; how long they wait."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from pathlib import Path

import httpx

from app.domain.access import Role
from tests.api.passing import passing, pending, validity, visit
from tests.cli.test_jobs import move_clocks
from tests.faults.process import ServerProcess, send, wait_until
from tests.proving import faults_in
from tests.shop import BUY, real_now

ACCOUNTS, TILLS = 150, 4
PATIENCE = 1.0
"""Seconds that all but one of a hundred answers to a till take at most, whatever the machine does besides."""


def test_no_till_is_locked_out_by_the_jobs_and_the_server_ends_cleanly_in_the_middle_of_them(
    database_url: str, tmp_path: Path
) -> None:
    terms = (visit(), pending(14), validity(days=60, noticeFrom=30, noticeUntil=10))
    with passing(database_url, *terms, clock=real_now) as shop:
        program = shop.program
        cards = [shop.enrol(f"PERSONAL{number:06}") for number in range(ACCOUNTS)]
        for start in range(0, ACCOUNTS, 15):
            shop.at_once([lambda card=card: shop.buy(card, "10.00") for card in cards[start : start + 15]])
    move_clocks(database_url, days=50)
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = ServerProcess(database_url, output=output, settings={"TROTH_LOG_LEVEL": "INFO"})
        server.start()
        taken: list[float] = []
        over = threading.Event()

        def till(number: int) -> None:
            with httpx.Client(timeout=30) as client:
                while not over.is_set():
                    card = cards[(number * 37 + len(taken) * 11) % ACCOUNTS]
                    lines = [{"sku": "a", "quantity": "1", "unitPrice": "1.00"}]
                    given = {
                        "idempotencyKey": uuid.uuid4().hex,
                        "customer": {"card": card},
                        "purchase": {"externalId": uuid.uuid4().hex, "lines": lines},
                    }
                    began = time.monotonic()
                    answer = send(server.address, program, BUY, given, client=client)
                    taken.append(time.monotonic() - began)
                    assert answer["recordPurchase"]["userErrors"] == []

        tills = [threading.Thread(target=till, args=(number,)) for number in range(TILLS)]
        for one in tills:
            one.start()
        wait_until(lambda: b"time was kept" in log.read_bytes(), within=60)
        over.set()
        for one in tills:
            one.join(30)
        assert len(taken) > 20
        assert sorted(taken)[int(len(taken) * 0.99) - 1] < PATIENCE
        # Once more, stopped while it works.
        move_clocks(database_url, days=100)
        time.sleep(2.5)
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) in (0, -signal.SIGTERM)
    text = log.read_text(encoding="utf-8")
    assert "PERSONAL" not in text
    assert program.token(Role.TILL) not in text
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    (kept, *_) = [one for one in events if one.get("event") == "time was kept"]
    assert kept["program"] == program.program.id
    assert kept["activated"] > 0
    assert not [one for one in events if one.get("level") == "error"], events
    assert faults_in(database_url) == []
    print(f"{len(taken)} purchases beside the jobs, p99 {sorted(taken)[int(len(taken) * 0.99) - 1]:.3f} s")
