"""kill -9 of the server while tills write, twenty rounds on each database."""

from __future__ import annotations

import random
import time

from tests.faults.process import ServerProcess, Tills, assert_nothing_was_lost, enrolled, purchase, send
from tests.proving import faults_in
from tests.shop import BUY, started

ROUNDS = 20


def test_no_acknowledged_purchase_is_lost_when_the_server_is_killed(database_url: str) -> None:
    program = started(database_url)
    server = ServerProcess(database_url)
    chance = random.Random(20260304)
    server.start()
    tills = Tills(server.address, program, [])
    try:
        tills.cards.extend(enrolled(server.address, program, 4))
        for _ in range(ROUNDS):
            before = len(tills.acknowledged)
            tills.start()
            tills.write_more_than(before)
            time.sleep(chance.uniform(0.0, 0.5))
            server.kill()
            tills.stop()
            server.start()
        assert_nothing_was_lost(tills)
        for key, card in list(tills.unanswered.items()):
            done = send(server.address, program, BUY, purchase(card, key))["recordPurchase"]
            assert done["userErrors"] == [], "what was not answered is sent again with its key"
            tills.acknowledged[key] = done["entry"]["id"]
        assert_nothing_was_lost(tills)
    finally:
        tills.stop()
        server.stop()
    assert faults_in(database_url) == []
    print(f"{ROUNDS} kills, {len(tills.acknowledged)} purchases acknowledged, none lost")
