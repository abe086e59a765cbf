"""A real server process that can be killed, and tills that record what was acknowledged."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx

from app.domain.access import Role
from app.usecases.programs.create_program import NewProgram
from tests.forked_process import ForkedProcess, start_command
from tests.live_server import free_port
from tests.shop import BUY, ENROL, REDEEM, REFUND, UNUSED_TLS
from tests.time_limits import HANGS

ROOT = Path(__file__).parents[2]


@dataclass
class ServerProcess:
    """`troth serve` in a process of its own."""

    url: str
    port: int = field(default_factory=free_port)
    process: ForkedProcess | subprocess.Popen[bytes] | None = None
    output: IO[bytes] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    checkout: Path = ROOT
    """The folder of the code that it runs: other code than that of the tests is imported anew."""
    prepare: Callable[[], None] | None = None
    """What the process does before it becomes the server."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, until: str = "/readyz") -> None:
        """Start it and wait until it is ready, or answers another address with 200."""
        self.process = self._started()
        wait_until(lambda: httpx.get(f"{self.address}{until}", timeout=2).status_code == 200, within=HANGS)

    def _started(self) -> ForkedProcess | subprocess.Popen[bytes]:
        if self.checkout == ROOT:
            output = self.output.name if self.output is not None else None
            return start_command(
                ["serve"], environment=self.environment(), folder=str(ROOT), output=output, prepare=self.prepare
            )
        return subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "serve"],
            cwd=self.checkout,
            env=self.environment(),
            stdout=self.output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def environment(self) -> dict[str, str]:
        """The variables of the process."""
        return {
            **os.environ,
            "TROTH_DATABASE_URL": self.url,
            "PORT": str(self.port),
            "TROTH_LOG_LEVEL": "ERROR",
            "TROTH_COST_RESTORED": "1000000",
            **self.settings,
        }

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(HANGS)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(HANGS)


def wait_until(holds: Callable[[], bool], *, within: float) -> float:
    """Seconds until something holds. Raises AssertionError when it does not in time."""
    start = time.monotonic()
    while time.monotonic() - start < within:
        try:
            if holds():
                return time.monotonic() - start
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"not within {within} s")


def send(address: str, program: NewProgram, query: str, given: Any, *, client: httpx.Client | None = None) -> Any:
    """One request of a till; raises httpx.HTTPError when there is no answer and RuntimeError for a fault."""
    body = (
        (client or httpx)
        .post(
            f"{address}/graphql",
            json={"query": query, "variables": {"input": given}},
            headers={"Authorization": f"Bearer {program.token(Role.TILL)}"},
            timeout=HANGS,
        )
        .json()
    )
    if "errors" in body:
        raise RuntimeError(str(body["errors"])[:300])
    return body["data"]


def purchase(card: str, key: str, *, price: str = "3.00") -> dict[str, Any]:
    """A purchase that earns a point a pound, whose key is its receipt."""
    lines = [{"sku": "a", "quantity": "1", "unitPrice": price}]
    return {"idempotencyKey": key, "customer": {"card": card}, "purchase": {"externalId": key, "lines": lines}}


def redemption(card: str, key: str) -> dict[str, Any]:
    """A coffee for a hundred points."""
    return {"idempotencyKey": key, "customer": {"card": card}, "reward": {"key": "coffee"}}


def refund(receipt: str, key: str) -> dict[str, Any]:
    """All of a purchase back."""
    return {"idempotencyKey": key, "purchase": {"externalId": receipt}}


QUERIES = {"recordPurchase": BUY, "redeemReward": REDEEM, "recordRefund": REFUND}
TYPES = {"recordPurchase": "EARN", "redeemReward": "REDEEM", "recordRefund": "CLAWBACK"}


@dataclass(frozen=True)
class Sent:
    """What a till sent for a card."""

    verb: str
    card: str
    given: dict[str, Any]

    @property
    def receipt(self) -> str:
        """Of the purchase, or of the one that is refunded."""
        external_id: str = self.given["purchase"]["externalId"]
        return external_id


@dataclass(frozen=True)
class Acknowledged:
    """What was sent, and what was answered."""

    sent: Sent
    answer: dict[str, Any]

    @property
    def entry(self) -> str | None:
        """The id of the entry that it made; None where it was refused or moved no points."""
        entry = self.answer["entry"]
        return entry["id"] if entry is not None else None


def lasting(answer: dict[str, Any]) -> dict[str, Any]:
    """The part of a response that must be the same whenever a key is sent again."""
    return {name: answer.get(name) for name in ("decision", "balances", "entry", "redemption", "cash", "shortfall")}


@dataclass
class Tills:
    """Some tills, one for each card, that record purchases, redeem and refund until they are stopped."""

    address: str
    program: NewProgram
    cards: list[str]
    acknowledged: dict[str, Acknowledged] = field(default_factory=dict)
    unanswered: dict[str, Sent] = field(default_factory=dict)
    _running: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Starts the tills."""
        self._running = True
        self._threads = [threading.Thread(target=self._write, args=(card,), daemon=True) for card in self.cards]
        for thread in self._threads:
            thread.start()

    def write_more_than(self, before: int) -> None:
        """Wait until more than `before` requests are acknowledged: a loaded machine may need its time for that."""
        latest = time.monotonic() + HANGS
        while len(self.acknowledged) <= before:
            assert time.monotonic() < latest, "the tills got nothing acknowledged for minutes"
            time.sleep(0.01)

    def stop(self) -> None:
        """Waits until each till has finished its request."""
        self._running = False
        for thread in self._threads:
            thread.join(HANGS)
            assert not thread.is_alive()

    def send_again(self) -> None:
        """Sends unanswered requests again with their keys."""
        for key, sent in list(self.unanswered.items()):
            answer = send(self.address, self.program, QUERIES[sent.verb], sent.given)[sent.verb]
            assert answer["userErrors"] == [], "what was not answered is sent again with its key"
            self.acknowledged[key] = Acknowledged(sent, answer)
            del self.unanswered[key]

    def count(self, verb: str) -> int:
        """The number of acknowledged requests of a kind that moved points."""
        return sum(
            acknowledged.sent.verb == verb and acknowledged.entry is not None
            for acknowledged in self.acknowledged.values()
        )

    def _write(self, card: str) -> None:
        """Three purchases, a redemption, a refund of one of the purchases, and again."""
        bought: list[str] = []
        with httpx.Client(verify=UNUSED_TLS) as client:
            while self._running:
                for verb in ("recordPurchase", "recordPurchase", "recordPurchase", "redeemReward", "recordRefund"):
                    if not self._running or (verb == "recordRefund" and not bought):
                        continue
                    key = uuid.uuid4().hex
                    if self._sent(Sent(verb, card, _given(verb, card, key, bought)), key, client=client):
                        bought.append(key) if verb == "recordPurchase" else None

    def _sent(self, sent: Sent, key: str, *, client: httpx.Client) -> bool:
        self.unanswered[key] = sent
        try:
            answer = send(self.address, self.program, QUERIES[sent.verb], sent.given, client=client)[sent.verb]
        except (httpx.HTTPError, RuntimeError, ValueError):
            time.sleep(0.05)
            return False
        assert answer["userErrors"] == []
        self.acknowledged[key] = Acknowledged(sent, answer)
        del self.unanswered[key]
        return True


def _given(verb: str, card: str, key: str, bought: list[str]) -> dict[str, Any]:
    if verb == "recordPurchase":
        return purchase(card, key, price="60.00")
    return redemption(card, key) if verb == "redeemReward" else refund(bought.pop(), key)


def enrolled(address: str, program: NewProgram, count: int) -> list[str]:
    """Cards of new customers."""
    cards = [uuid.uuid4().hex[:12].upper() for _ in range(count)]
    for card in cards:
        send(address, program, ENROL, {"idempotencyKey": card, "identities": [{"card": card}]})
    return cards


LEDGER = """query($card: String!, $after: String) { customer(by: { card: $card }) { ledger(first: 100, after: $after) {
    nodes { id type points purchase { externalId } redemption { id } cause { kind } }
    pageInfo { hasNextPage endCursor } } } }"""


def ledger_of(address: str, program: NewProgram, card: str) -> list[dict[str, Any]]:
    """Every entry of a card."""
    found: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        body = httpx.post(
            f"{address}/graphql",
            json={"query": LEDGER, "variables": {"card": card, "after": after}},
            headers={"Authorization": f"Bearer {program.token(Role.TILL)}"},
            timeout=HANGS,
        ).json()
        page = body["data"]["customer"]["ledger"]
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def assert_nothing_was_lost(tills: Tills) -> None:
    """Everything acknowledged is there once with its points; nothing else is there, and nothing twice."""
    entries = {value["id"]: value for card in tills.cards for value in ledger_of(tills.address, tills.program, card)}
    lost = []
    for key, acknowledged in tills.acknowledged.items():
        if acknowledged.entry is None:
            continue
        entry = entries.get(acknowledged.entry)
        acknowledged_entry = (acknowledged.answer["entry"]["points"], TYPES[acknowledged.sent.verb])
        if entry is None or (entry["points"], entry["type"]) != acknowledged_entry or not _belongs(entry, acknowledged):
            lost.append(key)
    assert lost == []
    made = Counter(acknowledged.entry for acknowledged in tills.acknowledged.values() if acknowledged.entry is not None)
    assert max(made.values(), default=1) == 1, "two keys were answered with one entry"
    every = [*(acknowledged.sent for acknowledged in tills.acknowledged.values()), *tills.unanswered.values()]
    # A request that waited for one with a later time is late, and may correct what that had booked.
    booked = [entry for entry in entries.values() if entry["cause"] is None]
    for verb in ("recordPurchase", "recordRefund"):
        there = [entry["purchase"]["externalId"] for entry in booked if entry["type"] == TYPES[verb]]
        assert len(there) == len(set(there)), f"{verb} twice"
        assert set(there) <= {sent.receipt for sent in every if sent.verb == verb}, "nobody sent that"
    redeemed = [entry["redemption"]["id"] for entry in booked if entry["type"] == TYPES["redeemReward"]]
    assert len(redeemed) == len(set(redeemed)), "paid twice for one reward"
    maybe = sum(sent.verb == "redeemReward" for sent in tills.unanswered.values())
    assert tills.count("redeemReward") <= len(redeemed) <= tills.count("redeemReward") + maybe
    for card in tills.cards:
        _assert_answers_again(tills, card)


def _belongs(entry: dict[str, Any], acknowledged: Acknowledged) -> bool:
    """Whether an entry is of the purchase or the redemption that was answered."""
    if acknowledged.sent.verb == "redeemReward":
        return bool(entry["redemption"]["id"] == acknowledged.answer["redemption"]["id"])
    return bool(entry["purchase"]["externalId"] == acknowledged.sent.receipt)


def _assert_answers_again(tills: Tills, card: str) -> None:
    """The latest answers of a card, each sent again with its key, are the same."""
    latest = [acknowledged for acknowledged in tills.acknowledged.values() if acknowledged.sent.card == card][-6:]
    for earlier in latest:
        again = send(tills.address, tills.program, QUERIES[earlier.sent.verb], earlier.sent.given)[earlier.sent.verb]
        assert lasting(again) == lasting(earlier.answer), "another answer to the same key"
