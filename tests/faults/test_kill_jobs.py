"""kill -9 of `troth jobs run`, again and again: the next run completes what the killed one left."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from datetime import timedelta
from typing import Any

from tests.api.scheduled_shop import balance, dated_entries, deliver, inbox, pending, scheduled_shop, validity, visit
from tests.api.test_holds import HOLD
from tests.cli.test_jobs import move_clocks, run_jobs
from tests.faults.process import ROOT
from tests.faults.test_kill_everything import rows
from tests.forked_process import start_command
from tests.shop import Shop, real_now
from tests.soak_settings import KILLS
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

CUSTOMERS = 16
ROUNDS = (5, 14, 24, 420)
"""Days by which the clocks are ahead: points become available, notices are given, points expire, tiers are lost."""
KILLS_PER_ROUND = KILLS or 2
TERMS = (
    visit(),
    pending(2),
    validity(days=20, noticeFrom=10, noticeUntil=3),
    {"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silver", "points": 100}}},
    {"key": "period", "effect": {"tierPeriod": {"period": "ROLLING_YEAR", "graceDays": 5}}},
)


def test_jobs_killed_under_way_are_completed_by_the_next_run(database_url: str) -> None:
    chance, in_the_midst = random.Random(20260306), 0
    with (
        scheduled_shop(database_url, *TERMS, clock=real_now) as killed,
        scheduled_shop(database_url, *TERMS, clock=real_now) as left_alone,
    ):
        began = real_now().isoformat()
        cards = [f"CARD{number:04}" for number in range(CUSTOMERS)]
        for shop in (killed, left_alone):
            shop.in_parallel([lambda shop=shop, card=card: shop.enrol(card) for card in cards])
            sold = shop.in_parallel(
                [lambda shop=shop, card=card: shop.buy(card, "1.00", occurredAt=began) for card in cards]
            )
            assert all(value["userErrors"] == [] for value in sold)
        for days in ROUNDS:
            move_clocks(database_url, days=days)
            for number in range(KILLS_PER_ROUND):
                wait = chance.uniform(0.0, 0.02) if number % 2 else 0.0
                in_the_midst += kill_at_work(database_url, killed.program.program.id, days=days, wait=wait)
            assert discrepancies_in(database_url) == [], "what is half done is not half booked"
            counted = [run_jobs(database_url, "--program", shop.program.program.id) for shop in (killed, left_alone)]
            assert counted[1]["accounts"] + counted[1]["notices_given"] > 0, "there was something to do"
            for shop in (killed, left_alone):
                for card in cards[: CUSTOMERS // 2]:
                    deliver(shop, card)
                if days == ROUNDS[0]:
                    shop.in_parallel([lambda shop=shop, card=card: reserve(shop, card) for card in cards[::2]])
        undisturbed = {card: seen(left_alone, card) for card in cards}
        assert {card: seen(killed, card) for card in cards} == undisturbed
        assert {entry[0] for value in undisturbed.values() for entry in value[0]} == {"EARN", "ACTIVATE", "EXPIRE"}
    assert left_to_do(database_url, killed.program.program.id, days=ROUNDS[-1]) == 0
    assert discrepancies_in(database_url) == []
    assert in_the_midst, "some were killed while they worked"
    print(
        f"{KILLS_PER_ROUND * len(ROUNDS)} kills, {in_the_midst} of them while something was done and something left to do"
    )


def reserve(shop: Shop, card: str) -> None:
    """A coffee that nobody pays for."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "coffee"},
        "checkout": uuid.uuid4().hex,
        "minutes": 30,
    }
    assert shop.execute(HOLD, input=input)["holdRedemption"]["decision"]["outcome"] == "GRANTED"


def seen(shop: Shop, card: str) -> tuple[Any, ...]:
    """What a customer sees that does not depend on when the jobs ran: ledger, balance, notices, tier."""
    tier = shop.execute("query($by: CustomerBy!) { customer(by: $by) { tier { key } } }", by={"card": card})
    notices = [[(lot["points"], lot["lastDay"]) for lot in value["lots"]] for value in inbox(shop, card)]
    return dated_entries(shop, card), balance(shop, card), notices, tier


def kill_at_work(url: str, program_id: str, *, days: int, wait: float) -> bool:
    """Start the command and kill it a moment after it began to work; whether something was left to do."""
    before = left_to_do(url, program_id, days=days)
    environment = {**os.environ, "TROTH_DATABASE_URL": url, "TROTH_LOG_LEVEL": "ERROR"}
    process = start_command(["jobs", "run", "--program", program_id], environment=environment, folder=str(ROOT))
    while process.poll() is None and before and left_to_do(url, program_id, days=days) == before:
        pass
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.wait(HANGS)
    return 0 < left_to_do(url, program_id, days=days) < before


def left_to_do(url: str, program_id: str, *, days: int) -> int:
    """Accounts in which something is due, or a notice to be given, where the clock is ahead by so many days."""
    sql = "SELECT count(*) AS n FROM accounts WHERE program_id = $1 AND (next_change_at <= $2 OR next_notice_at <= $2)"
    return int(rows(url, sql, program_id, real_now() + timedelta(days=days))[0]["n"])
