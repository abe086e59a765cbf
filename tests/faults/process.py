"""A real server process that can be killed, and tills that keep a log of what was acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.domain.access import Role
from app.usecases.start import NewProgram
from tests.shop import BUY, ENROL

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class ServerProcess:
    """`troth serve` in a process of its own."""

    url: str
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", "serve"],
            cwd=ROOT,
            env={
                **os.environ,
                "TROTH_DATABASE_URL": self.url,
                "PORT": str(self.port),
                "TROTH_LOG_LEVEL": "ERROR",
                "TROTH_COST_RESTORED": "1000000",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: httpx.get(f"{self.address}/readyz", timeout=2).status_code == 200, within=30)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


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
    answer = (
        (client or httpx)
        .post(
            f"{address}/graphql",
            json={"query": query, "variables": {"input": given}},
            headers={"Authorization": f"Bearer {program.token(Role.TILL)}"},
            timeout=15,
        )
        .json()
    )
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"])[:300])
    return answer["data"]


def purchase(card: str, key: str) -> dict[str, Any]:
    """A purchase that earns 3 points, whose key is its receipt."""
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "3.00"}]
    return {"idempotencyKey": key, "customer": {"card": card}, "purchase": {"externalId": key, "lines": lines}}


@dataclass
class Tills:
    """Some tills that write purchases until they are told to stop; `acknowledged` maps keys to entries."""

    address: str
    program: NewProgram
    cards: list[str]
    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: dict[str, str] = field(default_factory=dict)
    _running: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Let them write."""
        self._running = True
        self._threads = [threading.Thread(target=self._write, args=(card,), daemon=True) for card in self.cards]
        for thread in self._threads:
            thread.start()

    def write_more_than(self, before: int) -> None:
        """Wait until more than `before` purchases are acknowledged: a loaded machine may need its time for that."""
        latest = time.monotonic() + 60
        while len(self.acknowledged) <= before:
            assert time.monotonic() < latest, "the tills got no purchase acknowledged for a minute"
            time.sleep(0.01)

    def stop(self) -> None:
        """Wait until each has finished what it was doing."""
        self._running = False
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _write(self, card: str) -> None:
        with httpx.Client() as client:
            while self._running:
                key = uuid.uuid4().hex
                self.unanswered[key] = card
                try:
                    done = send(self.address, self.program, BUY, purchase(card, key), client=client)["recordPurchase"]
                except (httpx.HTTPError, RuntimeError, ValueError):
                    time.sleep(0.05)
                    continue
                assert done["userErrors"] == []
                self.acknowledged[key] = done["entry"]["id"]
                del self.unanswered[key]


def enrolled(address: str, program: NewProgram, count: int) -> list[str]:
    """Cards of new customers."""
    cards = [uuid.uuid4().hex[:12].upper() for _ in range(count)]
    for card in cards:
        send(address, program, ENROL, {"idempotencyKey": card, "identities": [{"card": card}]})
    return cards


def assert_nothing_was_lost(tills: Tills) -> None:
    """Every acknowledged purchase is there once: the same key gets the same entry, and so does its receipt."""
    of = {}
    for card in tills.cards:
        query = 'query($a: String) { customer(by: { card: "CARD" }) { ledger(first: 100, after: $a) { nodes { id points purchase { externalId } } pageInfo { hasNextPage endCursor } } } }'.replace(
            "CARD", card
        )
        after, more = None, True
        while more:
            answer = httpx.post(
                f"{tills.address}/graphql",
                json={"query": query, "variables": {"a": after}},
                headers={"Authorization": f"Bearer {tills.program.token(Role.TILL)}"},
                timeout=30,
            ).json()
            page = answer["data"]["customer"]["ledger"]
            for one in page["nodes"]:
                assert one["points"] == 3
                assert one["purchase"]["externalId"] not in of, "recorded twice"
                of[one["purchase"]["externalId"]] = one["id"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    lost = [key for key, entry in tills.acknowledged.items() if of.get(key) != entry]
    assert lost == []
    assert set(of) <= set(tills.acknowledged) | set(tills.unanswered), "nothing is there that nobody sent"
