"""kill -9 of a server that does everything at once: tills, staff, late receipts, and due jobs of many accounts.

One of the longest files: a server is started, loaded, killed and verified in each round, on each database. Two rounds
see every mutation acknowledged; `make soak` goes on with twenty at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.api.conventions.ids import decode
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.api.scheduled_shop import pending, scheduled_shop, validity, visit
from tests.api.test_access import customer_key
from tests.cli.test_jobs import move_clocks
from tests.faults.load_generator import MUTATIONS, BusyTills, Sent
from tests.faults.process import ServerProcess, ledger_of, wait_until
from tests.shop import real_now
from tests.soak_settings import KILLS
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

ROUNDS = KILLS or 2
ENOUGH = max(60, 600 // ROUNDS)
"""Acknowledged requests to wait for in every other round, so that few rounds see every verb, too."""
DAYS = max(4, 32 // ROUNDS)
"""Days that the sandbox's clock moves on in each round, so that the jobs have work."""
WAITING = 40
"""Customers who only buy, in whose accounts the jobs have most to do."""


def test_no_acknowledged_request_is_lost_when_the_server_is_killed(database_url: str) -> None:
    stamp = {"key": "stamp", "effect": {"stamps": {"stamps": 1}}}
    undo = {"key": "undo", "effect": {"undoWindow": {"hours": 24}}}
    terms = (visit(), stamp, undo, pending(2), validity(days=20, noticeFrom=10, noticeUntil=3))
    with scheduled_shop(database_url, *terms, clock=real_now) as shop:
        idle = [shop.enrol() for _ in range(WAITING)]
        for card in idle:
            shop.buy(card, "1.00")
        cards = [shop.enrol() for _ in range(4)]
        keys = {card: customer_key(database_url, shop, card) for card in cards}
    server, chance = ServerProcess(database_url), random.Random(20260305)
    tills = BusyTills(server.address, shop.program, cards, seed=1, others=idle, keys=keys)
    kept = 0
    try:
        for number in range(1, ROUNDS + 1):
            move_clocks(database_url, days=DAYS * number)
            tills.ahead = timedelta(days=DAYS * number)
            server.start()
            before = len(tills.acknowledged)
            tills.start()
            if number % 2:
                tills.wait_for_more_than(before + ENOUGH)
                if number + 2 > ROUNDS:
                    wait_until(lambda: set(tills.counts()) == set(MUTATIONS), within=HANGS)
            # Every other time while the jobs have hardly begun.
            time.sleep(chance.uniform(0.3, 1.5) if number % 2 else chance.uniform(0.0, 0.4))
            server.kill()
            tills.stop()
            kept += _half_settled(database_url)
        server.start()
        assert_all_is_there(database_url, tills, idle=idle)
        tills.send_again()
        assert_all_is_there(database_url, tills, idle=idle)
        tills.assert_answered_alike(60)
        wait_until(lambda: _half_settled(database_url) == 0, within=HANGS)
    finally:
        tills.stop()
        server.stop()
    assert discrepancies_in(database_url) == []
    assert set(tills.counts()) == set(MUTATIONS), "every mutation was acknowledged"
    jobs = Counter(
        {row["type"]: row["n"] for row in rows(database_url, "SELECT type, count(*) AS n FROM entries GROUP BY type")}
    )
    assert jobs["ACTIVATE"] > WAITING, "the jobs had work"
    counted = ", ".join(f"{count} {verb}" for verb, count in sorted(tills.counts().items()))
    print(f"{ROUNDS} kills, {kept} accounts in which something was left to do then; {counted} acknowledged, none lost;")
    print(f"entries: {dict(jobs)}")


def assert_all_is_there(url: str, tills: BusyTills, *, idle: list[str]) -> None:
    """What was acknowledged is there once; nothing is there that nobody sent; nothing is half there."""
    entries = {
        value["id"]: value for card in (*tills.cards, *idle) for value in ledger_of(tills.address, tills.program, card)
    }
    lost = []
    for key, sent in tills.acknowledged.items():
        made = (sent.answer or {}).get("entry")
        if made is not None and (
            made["id"] not in entries or any(entries[made["id"]][name] != made[name] for name in ("type", "points"))
        ):
            lost.append(key)
    assert lost == []
    every = [*tills.acknowledged.values(), *tills.unanswered.values()]
    sold = Counter(row["external_id"] for row in rows(url, "SELECT external_id FROM purchases"))
    back = Counter(
        row["external_id"]
        for row in rows(
            url,
            "SELECT p.external_id FROM refunds r JOIN purchases p ON p.program_id = r.program_id AND p.id = r.purchase_id",
        )
    )
    done = [sent for sent in tills.acknowledged.values() if not sent.refused]
    for there, what, about, extra in (
        (sold, "sold", Sent.new_receipts, len(idle)),
        (back, "back", Sent.refunded_receipts, 0),
    ):
        assert max(there.values(), default=1) == 1, f"{what} twice"
        assert frozenset().union(*map(about, done)) <= there.keys(), f"{what} and lost"
        assert len(there.keys() - frozenset().union(*map(about, every))) == extra, f"{what}, and nobody sent it"
    assert_redemptions_are_there(url, tills)
    assert_what_waits_is_there(url, done, every)
    stamped = rows(url, "SELECT DISTINCT purchase_id FROM entries WHERE type = 'EARN' AND unit = 'stamps'")
    assert len(stamped) == sum(sold.values()), "each purchase is in both units"
    assert discrepancies_in(url) == []


def assert_what_waits_is_there(url: str, done: Sequence[Sent], every: Sequence[Sent]) -> None:
    """What waits for a purchase or a person is there once, as far as it was acknowledged to have got; so is what was
    amended."""
    sold = frozenset().union(*map(Sent.new_receipts, done))
    settled = {sent.given["reason"] for sent in done if sent.verb == "settleQuarantined"}
    for verb, sql, still in (
        ("exchangeEarly", "SELECT new_receipt_number AS number, state FROM pending_refunds", sold),
        ("sellAhead", "SELECT external_id AS number, state FROM quarantined_receipts", settled),
    ):
        there = rows(url, sql)
        states = {row["number"]: row["state"] for row in there}
        kept = [sent for sent in done if sent.verb == verb and not sent.new_receipts()]
        numbers = {sent.given["purchase"]["externalId"] for sent in kept}
        sent = {sent.given["purchase"]["externalId"] for sent in every if sent.verb == verb}
        assert len(states) == len(there), f"{verb} twice"
        assert numbers <= states.keys() <= sent, f"{verb} lost, or that nobody sent"
        assert [number for number in numbers & still if states[number] == "PENDING"] == [], "settled, and waits"
    amended = rows(url, "SELECT id FROM receipt_corrections")
    counts = [sum(sent.verb == "amendPurchase" for sent in some) for some in (done, every)]
    assert counts[0] <= len(amended) <= counts[1]


def assert_redemptions_are_there(url: str, tills: BusyTills) -> None:
    """Each that was granted is there, as far as it was acknowledged to have got; and no more than were asked for."""
    states = {row["id"]: row["state"] for row in rows(url, "SELECT id, state FROM redemptions")}
    known = {
        sent.answer["redemption"]["id"]: sent.verb
        for sent in tills.acknowledged.values()
        if sent.answer is not None and not sent.refused and sent.answer.get("redemption") is not None
    }
    after = {
        "redeemReward": {"FULFILLED", "CANCELLED"},
        "holdRedemption": {"HELD", "FULFILLED", "CANCELLED", "EXPIRED"},
        "captureRedemption": {"FULFILLED", "CANCELLED"},
        "releaseRedemption": {"CANCELLED"},
        "cancelRedemption": {"CANCELLED"},
        "issueToCustomer": {"ISSUED", "FULFILLED", "CANCELLED"},
        "fulfilRedemption": {"FULFILLED", "CANCELLED"},
        # Too late, where the clock was moved on.
        "undoByCustomer": {"CANCELLED", "ISSUED"},
    }
    wrong = [id for id, verb in known.items() if states.get(decode(id, "Redemption") or "") not in after[verb]]
    assert wrong == []
    maybe = sum(
        sent.verb in ("redeemReward", "holdRedemption", "issueToCustomer") for sent in tills.unanswered.values()
    )
    assert len(known) <= len(states) <= len(known) + maybe
    paid = Counter(
        row["subject"] for row in rows(url, "SELECT subject FROM entries WHERE type = 'REDEEM' AND cause IS NULL")
    )
    assert max(paid.values(), default=1) == 1, "paid twice for one reward"


def _half_settled(url: str) -> int:
    """Accounts in which something is due that nobody has done yet."""
    found = rows(
        url,
        "SELECT count(*) AS n FROM accounts a JOIN programs p ON p.id = a.program_id WHERE a.next_change_at <= $1",
        real_now() + timedelta(seconds=rows(url, "SELECT clock_offset_seconds AS n FROM programs")[0]["n"]),
    )
    return int(found[0]["n"])


def rows(url: str, sql: str, *values: Any) -> list[dict[str, Any]]:
    """Rows of the database, whoever else is working with it."""

    async def run() -> list[dict[str, Any]]:
        database = open_database(url)
        await database.start()

        async def read(session: Session) -> list[dict[str, Any]]:
            return [dict(row) for row in await session.rows(sql, *values)]

        try:
            return await database.read_across_programs(read)
        finally:
            await database.stop()

    return asyncio.run(run())
