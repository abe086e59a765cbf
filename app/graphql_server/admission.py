"""What is done for callers before anything is executed, counted: keys that open nothing, and documents not seen before.

Nobody is known yet, so mostly it is an address that pays. It is counted in tenths of a millisecond of work: whoever is at
the door may take a second at once, and a tenth of the time for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.graphql_server.rate_limits import RateLimit, TokenBuckets

AT_THE_DOOR = RateLimit(most=10_000, restored=1_000)
"""In tenths of a millisecond."""

WRONG_KEY = 50
"""What a key costs that opens nothing: two hundred at once, then twenty in a second."""

_TENTHS = 10_000
"""In a second."""


class RateLimited(Exception):
    """The caller has taken all that there is at the door; `wait` is the seconds until there is some again."""

    def __init__(self, wait: float):
        super().__init__("not yet")
        self.wait = wait


class Admission:
    """Counts what callers take at the door. One process counts for itself."""

    def __init__(self, allowance: RateLimit = AT_THE_DOOR, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = TokenBuckets(allowance, clock=clock)

    def charge(self, caller: str, cost: int = 1) -> None:
        """Take something, here because somebody has come at all. Raises NotYetError."""
        wait = self._buckets.take(caller, cost).wait
        if wait is not None:
            raise RateLimited(wait)

    def refund(self, caller: str, cost: int) -> None:
        """What was taken for nothing."""
        self._buckets.charge(caller, -cost)

    @contextmanager
    def charged(self, caller: str) -> Iterator[None]:
        """The processor time of the block is paid by the caller, whether it fails or not. Raises NotYetError before it."""
        self.charge(caller)
        begun = time.thread_time()
        try:
            yield
        finally:
            self._buckets.charge(caller, int((time.thread_time() - begun) * _TENTHS))
