"""kill -9 of the server while tills record purchases, redemptions and refunds; more rounds in `make soak`."""

from __future__ import annotations

import random
import time

from tests.faults.process import TYPES, ServerProcess, Tills, assert_nothing_was_lost, enrolled
from tests.shop import create_program
from tests.soak_settings import KILLS
from tests.verification import discrepancies_in

ROUNDS = KILLS or 3


def test_no_acknowledged_sale_is_lost_when_the_server_is_killed(database_url: str) -> None:
    program = create_program(database_url)
    server = ServerProcess(database_url)
    chance = random.Random(20260304)
    server.start()
    tills = Tills(server.address, program, [])
    try:
        tills.cards.extend(enrolled(server.address, program, 4))
        for _ in range(ROUNDS):
            before = len(tills.acknowledged)
            tills.start()
            tills.write_more_than(before + 10)
            time.sleep(chance.uniform(0.0, 0.5))
            server.kill()
            tills.stop()
            server.start()
        assert_nothing_was_lost(tills)
        tills.send_again()
        assert tills.unanswered == {}
        assert min(tills.count(verb) for verb in TYPES) > 0, "every mutation was acknowledged"
        assert_nothing_was_lost(tills)
    finally:
        tills.stop()
        server.stop()
    assert discrepancies_in(database_url) == []
    counts = ", ".join(f"{tills.count(verb)} {verb}" for verb in TYPES)
    print(f"{ROUNDS} kills, {counts} acknowledged, none lost")
