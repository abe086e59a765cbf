"""Tills that follow docs/errors.md and nothing else lose no receipt and book none twice, whatever comes in between.

A proxy answers 429, 502, 503 and 504 at random and cuts connections; the server is killed, stopped and started, its limits
are low, and its database is locked for longer than it waits. For an hour:
TROTH_SOAK_TILL_MINUTES=60 pytest -s tests/faults/test_documented_till.py
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice

import httpx
import pytest

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.errors_page import PAGE, read_errors_page
from tests.faults.database_lock import locked_for
from tests.faults.documented_till import ATTEMPTS, DocumentedTill, Request
from tests.faults.faulty_proxy import ANSWERS, CUTS, faulty_proxy
from tests.faults.process import ServerProcess, enrolled, purchase, redemption, refund, wait_until
from tests.faults.test_kill_everything import rows
from tests.shop import BUY, REDEEM, REFUND, open_shop
from tests.soak_settings import TILL_MINUTES
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

SECONDS = TILL_MINUTES * 60 or 60
TILLS = 20
LOW_LIMITS = {"TROTH_COST_LIMIT": "1500", "TROTH_COST_RESTORED": "1500"}
"""Tills that all work with one key are over these now and then."""


def test_till_that_follows_the_page_loses_no_receipt(database_url: str) -> None:
    with open_shop(database_url) as shop:
        cards = enrolled(shop.address, shop.program, TILLS)
    server = ServerProcess(database_url, settings=LOW_LIMITS)
    server.start()
    try:
        with faulty_proxy(server.port, seed=TILLS) as proxy:
            with at_work(proxy.address, shop.program, cards) as tills:
                restarts = trouble(server, until=time.monotonic() + SECONDS)
                wait_until(lambda: proxy.faults.keys() == {*ANSWERS, *CUTS}, within=HANGS)
            assert_nothing_is_lost(database_url, tills)
    finally:
        server.stop()
    assert discrepancies_in(database_url) == []
    met = sum((till.met for till in tills), Counter[str]())
    sent = Counter(request.purpose for till in tills for request in till.sent.values())
    assert {"429", "503", "502", "504", "cut", "PERSISTED_QUERY_NOT_FOUND", "CUSTOMER_NOT_FOUND"} <= met.keys()
    print(
        f"{restarts} kills and stops of a server in {SECONDS:g} s of {len(tills)} tills: {dict(sent)} sent, none lost, none twice;"
    )
    print(f"met {dict(met)}, of which the proxy made {dict(proxy.faults)}")


PURPOSES = ("sell",) * 5 + ("redeem", "refund", "unknown card", "not a number")
WRONG = {"unknown card": ("CUSTOMER_NOT_FOUND",), "not a number": ("BAD_USER_INPUT",)}
"""What cannot be carried out, and the codes with which it is set aside."""


class Till(DocumentedTill):
    """A till with a customer, who buys, redeems and returns; some of what it sends is wrong."""

    card: str
    sent: dict[str, Request]

    def work(self, card: str, number: int, *, goes_on: Callable[[], bool]) -> None:
        """Send until `goes_on` says no; what was begun is finished. Tills of different numbers begin with different things."""
        self.card, self.sent = card, {}
        bought, purposes = list[str](), cycle(PURPOSES)
        while goes_on():
            purpose = next(islice(purposes, 0 if self.sent else number, None))
            request = self._request(purpose, uuid.uuid4().hex, bought)
            self.sent[request.key] = request
            self.send(request)
            if request.purpose == "sell":
                bought.append(request.key)

    def _request(self, purpose: str, key: str, bought: list[str]) -> Request:
        if purpose == "redeem":
            return Request(REDEEM, redemption(self.card, key), purpose)
        if purpose == "refund" and bought:
            return Request(REFUND, refund(bought.pop(), key), purpose)
        given = purchase("NOBODY" if purpose == "unknown card" else self.card, key, price="60.00")
        if purpose == "not a number":
            given["purchase"]["lines"][0]["quantity"] = "two"
        return Request(BUY, given, "sell" if purpose == "refund" else purpose)

    def keys(self, purpose: str) -> set[str]:
        """The keys of all that was sent for a purpose."""
        return {key for key, request in self.sent.items() if request.purpose == purpose}


@contextmanager
def at_work(address: str, program: NewProgram, cards: list[str]) -> Iterator[list[Till]]:
    """A till at work for each card. At the end of the block each finishes what it has begun."""
    goes_on, tills = True, [Till(address, program.token(Role.TILL)) for _ in cards]
    threads = [
        threading.Thread(target=till.work, args=(card, number), kwargs={"goes_on": lambda: goes_on}, daemon=True)
        for number, (till, card) in enumerate(zip(tills, cards, strict=True))
    ]
    for thread in threads:
        thread.start()
    try:
        yield tills
    finally:
        goes_on = False
        for thread in threads:
            thread.join(HANGS)
        for till in tills:
            till.close()
    assert not any(thread.is_alive() for thread in threads)


def trouble(server: ServerProcess, *, until: float) -> int:
    """Kill a server, lock its database and stop it, in turn, until a moment; returns how often it was started again."""
    restarts = 0
    for trouble in cycle((server.kill, partial(locked_for, server.url), server.stop)):
        time.sleep(min(SECONDS / 5, 5.0))
        if time.monotonic() > until:
            return restarts
        trouble()
        if server.process is not None and server.process.poll() is not None:
            server.start()
            restarts += 1
    raise AssertionError


def assert_nothing_is_lost(url: str, tills: list[Till]) -> None:
    """All that was sent is done, and recorded once; only what was wrong is set aside; nothing else is recorded."""
    assert [till.stopped_by for till in tills if till.stopped_by] == []
    assert [till.stored for till in tills if till.stored] == []
    for till in tills:
        wrong = {key: codes for purpose, codes in WRONG.items() for key in till.keys(purpose)}
        assert till.aside == wrong
        assert till.done.keys() == till.sent.keys() - wrong.keys()
    sold = Counter(row["external_id"] for row in rows(url, "SELECT external_id FROM purchases"))
    assert sold == Counter(key for till in tills for key in till.keys("sell"))
    refunds = rows(url, "SELECT purchase_id FROM refunds")
    assert (
        len({row["purchase_id"] for row in refunds}) == len(refunds) == sum(len(till.keys("refund")) for till in tills)
    )
    granted = [payload["redemption"] for till in tills for payload in till.done.values() if payload.get("redemption")]
    assert len({redemption["id"] for redemption in granted}) == len(granted)
    assert len(granted) == len(rows(url, "SELECT id FROM redemptions"))


RATE_LIMITED = httpx.Response(429, headers={"retry-after": "7"}, json={"errors": []})
BUSY = httpx.Response(503, json={"errors": []})
FAULT = httpx.Response(500, json={"errors": []})
DONE = httpx.Response(200, json={"data": {"recordPurchase": {"userErrors": []}}})


def till_that_is_answered(
    *answers: httpx.Response, **more: object
) -> tuple[DocumentedTill, list[httpx.Request], list[float]]:
    """A till whose server gives these answers, what it sent, and how long it waited before each of its repetitions."""
    left, sent, waits = list(answers), list[httpx.Request](), list[float]()

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return left.pop(0)

    transport = httpx.MockTransport(respond)
    till = DocumentedTill("http://shop.example", "key", wait=waits.append, transport=transport, **more)  # type: ignore[arg-type]
    return till, sent, waits


def a_receipt() -> Request:
    """A receipt of Ada's."""
    return Request(BUY, purchase("ADA", "R-1"))


def test_till_waits_as_long_as_it_is_told_and_else_longer_each_time() -> None:
    till, sent, waits = till_that_is_answered(RATE_LIMITED, *[BUSY] * 8, DONE)
    till.send(a_receipt())
    assert till.done.keys() == {"R-1"}
    assert len({request.content for request in sent}) == 1, "unchanged"
    assert waits[0] == 7
    longest = [2, 4, 8, 16, 30, 30, 30, 30]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits[1:], longest, strict=True)), waits


def test_fault_is_repeated_five_times_and_then_set_aside() -> None:
    till, sent, _ = till_that_is_answered(*[FAULT] * 6)
    till.send(a_receipt())
    assert (len(sent), till.aside) == (1 + ATTEMPTS, {"R-1": ("500",)})


def test_till_that_has_stopped_sends_all_it_has_kept_once_it_is_mended() -> None:
    till, sent, _ = till_that_is_answered(httpx.Response(401, json={}), DONE, DONE)
    till.send(a_receipt())
    till.send(Request(BUY, purchase("ADA", "R-2")))
    assert (len(sent), list(till.stored), till.stopped_by) == (1, ["R-1", "R-2"], ("401",))
    till.resume()
    assert (len(sent), list(till.done), till.stored) == (3, ["R-1", "R-2"], {})


@pytest.mark.parametrize("status", [429, 503])
def test_page_that_says_tell_where_it_should_say_retry_would_be_found(status: int) -> None:
    text = PAGE.read_text(encoding="utf-8").replace(f"| {status} | retry |", f"| {status} | tell |")
    till, _, _ = till_that_is_answered(httpx.Response(status, json={}), page=read_errors_page(text))
    till.send(a_receipt())
    assert (till.done, till.aside) == ({}, {"R-1": (str(status),)})
