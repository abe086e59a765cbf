"""A rate limit for work before execution: looking up invalid keys, and parsing and validating unknown documents.

The caller is mostly an address, because no key has been verified yet. The unit is a tenth of a millisecond of work: each
caller may use one second at once, and a tenth of the time in the long run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.graphql_server.limits.rate_limits import RateLimit, TokenBuckets

ADMISSION_LIMIT = RateLimit(capacity=10_000, restored=1_000)
"""One second at once and a tenth of a second per second, in units of a tenth of a millisecond of processor time."""

INVALID_KEY_COST = 50
"""The cost of looking up an invalid access key: a caller may send two hundred at once, then twenty a second."""

_UNITS_PER_SECOND = 10_000
"""A unit is a tenth of a millisecond of processor time."""


class RateLimited(Exception):
    """The caller has used up its limit; `wait` is the number of seconds until the next request can be admitted."""

    def __init__(self, wait: float):
        super().__init__("rate limited")
        self.wait = wait


class Admission:
    """Charges callers for work before execution. Each process counts for itself."""

    def __init__(self, rate_limit: RateLimit = ADMISSION_LIMIT, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = TokenBuckets(rate_limit, clock=clock)

    def take(self, caller: str, cost: int = 1) -> None:
        """Take a cost from a caller, by default 1, the cost of the request itself. Raises RateLimited."""
        wait = self._buckets.take(caller, cost).wait
        if wait is not None:
            raise RateLimited(wait)

    def give_back(self, caller: str, cost: int) -> None:
        """Give a cost back to a caller, such as the cost of looking up a key that turned out to be valid."""
        self._buckets.charge(caller, -cost)

    @contextmanager
    def charging_time(self, caller: str) -> Iterator[None]:
        """Charge the caller for the processor time of the block, whether it fails or not. Raises RateLimited before it."""
        self.take(caller)
        started_at = time.thread_time()
        try:
            yield
        finally:
            self._buckets.charge(caller, int((time.thread_time() - started_at) * _UNITS_PER_SECOND))
