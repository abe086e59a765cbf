"""Rate limits: a token bucket for each caller, refilled over time, as in Shopify's API."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MAX_CALLERS = 10_000
"""Maximum number of callers whose buckets are stored; any other caller has a full bucket."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A bucket holds `capacity` tokens, which is also the highest cost of one operation. `restored` tokens are added each second."""

    capacity: int = 10_000
    restored: int = 1_000


class Charge(NamedTuple):
    """A cost, the tokens left, and the seconds to wait until the cost can be paid (None: it has been paid)."""

    cost: int
    tokens_left: int
    wait: float | None


class TokenBuckets:
    """The buckets of recent callers; any other caller has a full bucket. Each process counts for itself."""

    def __init__(self, rate_limit: RateLimit, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate_limit = rate_limit
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """The tokens of each caller, and when they were counted."""

    def take(self, caller: str, cost: int) -> Charge:
        """Take the cost out of the caller's bucket if it is there; otherwise say how long to wait."""
        tokens = self._tokens(caller)
        if cost > tokens:
            return Charge(cost, max(int(tokens), 0), (cost - tokens) / self.rate_limit.restored)
        self._buckets[caller] = (tokens - cost, self._buckets[caller][1])
        return Charge(cost, int(tokens - cost), None)

    def charge(self, caller: str, cost: int) -> None:
        """Take the cost of work that has been done, even if it leaves a negative number of tokens. A negative cost is given back."""
        tokens = min(max(self._tokens(caller) - cost, -self.rate_limit.capacity), self.rate_limit.capacity)
        self._buckets[caller] = (tokens, self._buckets[caller][1])

    def _tokens(self, caller: str) -> float:
        """The tokens in the caller's bucket, which is refilled until now and becomes the most recent one."""
        now = self._clock()
        tokens, since = self._buckets.get(caller, (float(self.rate_limit.capacity), now))
        tokens = min(tokens + (now - since) * self.rate_limit.restored, self.rate_limit.capacity)
        self._buckets[caller] = (tokens, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MAX_CALLERS:
            self._buckets.popitem(last=False)
        return tokens
