"""PostgreSQL restarts under load: nothing acknowledged is lost, and the server continues without a restart."""

from __future__ import annotations

import asyncio
import time

from app.store.database.migrations import migrate
from tests.faults.own_postgres import own_server, restart
from tests.faults.process import (
    Sent,
    ServerProcess,
    Tills,
    assert_nothing_was_lost,
    enrolled,
    purchase,
    send,
    wait_until,
)
from tests.shop import BUY, create_program
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

RESTARTS = 3


def test_no_acknowledged_purchase_is_lost_when_postgresql_restarts() -> None:
    with own_server() as (url, data):
        asyncio.run(migrate(url))
        program = create_program(url)
        server = ServerProcess(url)
        server.start()
        tills = Tills(server.address, program, [])
        try:
            tills.cards.extend(enrolled(server.address, program, 4))
            waits = []
            for number in range(RESTARTS):
                tills.start()
                time.sleep(1)
                restart(data)

                def served(number: int = number) -> bool:
                    try:
                        return bool(send(server.address, program, BUY, purchase(tills.cards[0], f"after-{number}")))
                    except RuntimeError:
                        return False

                waits.append(wait_until(served, within=HANGS))
                time.sleep(0.5)
                tills.stop()
                given = purchase(tills.cards[0], f"after-{number}")
                tills.unanswered[f"after-{number}"] = Sent("recordPurchase", tills.cards[0], given)
            assert len(tills.acknowledged) > RESTARTS
            assert_nothing_was_lost(tills)
        finally:
            tills.stop()
            server.stop()
        assert discrepancies_in(url) == []
        print(f"{RESTARTS} restarts, {len(tills.acknowledged)} acknowledged, none lost, served again after {waits}")
