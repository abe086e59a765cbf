"""A till that knows docs/errors.md and nothing else about errors: what it does with an answer is what the page says."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.errors_page import Action, ErrorsPage, Verdict, read_errors_page
from tests.shop import UNUSED_TLS

PATIENCE = 30.0
"""Seconds that the page says to wait for an answer."""

LONGEST_WAIT = 30.0
"""Seconds between two attempts where no answer says how long to wait."""

ATTEMPTS = 5
"""How often *retry 5 times, then tell* is repeated."""


@dataclass(frozen=True)
class Request:
    """A mutation with its input; `purpose` says what the test expects of it."""

    document: str
    input: dict[str, Any]
    purpose: str = ""

    @property
    def key(self) -> str:
        """Its idempotency key."""
        key: str = self.input["idempotencyKey"]
        return key


@dataclass
class DocumentedTill:
    """What it has stored, what is done, and what it has set aside; `wait` sleeps for a number of seconds."""

    address: str
    token: str
    page: ErrorsPage = field(default_factory=read_errors_page)
    wait: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = None
    stored: dict[str, Request] = field(default_factory=dict)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The payloads of what is done, by key."""
    aside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The codes of what somebody has to look at, by key."""
    stopped_by: tuple[str, ...] = ()
    """The codes for which it has stopped; empty while it works."""
    met: Counter[str] = field(default_factory=Counter)
    """The codes and statuses of all answers but the good ones, and the connections that broke."""
    _hashes: bool = True
    _chance: random.Random = field(default_factory=lambda: random.Random(0))

    def __post_init__(self) -> None:
        self._client = httpx.Client(timeout=PATIENCE, verify=UNUSED_TLS, transport=self.transport)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def send(self, request: Request) -> None:
        """Store a request, and send it until it is done, set aside, or the till has to stop."""
        self.stored[request.key] = request
        if not self.stopped_by:
            self._send_on(request)

    def resume(self) -> None:
        """Send on what is stored, after somebody has mended what had stopped the till."""
        self.stopped_by = ()
        for request in list(self.stored.values()):
            self.send(request)

    def _send_on(self, request: Request) -> None:
        pause, attempts, with_text = 1.0, 0, not self._hashes
        while True:
            answer = self._answer(request, with_text=with_text)
            verdict = Verdict(Action.RETRY, ("cut",)) if answer is None else _verdict(self.page, answer)
            if answer is not None and "retry-after" in answer.headers:
                assert verdict.action is Action.RETRY, "whatever says when to come back is repeated"
            self.met.update(verdict.codes)
            attempts += verdict.action is Action.RETRY_SOME
            if verdict.action in (Action.RETRY, Action.RETRY_SOME) and attempts <= ATTEMPTS:
                if "PERSISTED_QUERY_NOT_SUPPORTED" in verdict.codes:
                    self._hashes = False
                with_text = with_text or any(code.startswith("PERSISTED_QUERY_NOT") for code in verdict.codes)
                if not any(code.startswith("PERSISTED_QUERY_NOT") for code in verdict.codes):
                    self.wait(_retry_after(answer) or pause * self._chance.uniform(0.5, 1.0))
                    pause = min(2 * pause, LONGEST_WAIT)
                continue
            if verdict.action is Action.STOP:
                self.stopped_by = verdict.codes
                return
            del self.stored[request.key]
            if verdict.action is Action.DONE and answer is not None:
                (self.done[request.key],) = answer.json()["data"].values()
            else:
                self.aside[request.key] = verdict.codes
            return

    def _answer(self, request: Request, *, with_text: bool) -> httpx.Response | None:
        """The whole answer, or None where there is none."""
        body: dict[str, Any] = {"variables": {"input": request.input}}
        if self._hashes:
            digest = hashlib.sha256(request.document.encode()).hexdigest()
            body["extensions"] = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
        if with_text:
            body["query"] = request.document
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            return self._client.post(f"{self.address}/graphql", json=body, headers=headers)
        except httpx.HTTPError:
            return None


def _verdict(page: ErrorsPage, answer: httpx.Response) -> Verdict:
    return page.verdict(answer.status_code, answer.content)


def _retry_after(answer: httpx.Response | None) -> float:
    """The seconds in `Retry-After`; 0 without it."""
    return float(answer.headers.get("retry-after", "0")) if answer is not None else 0.0
