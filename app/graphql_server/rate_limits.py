"""What a caller may spend: a token bucket for each, filled again with time, as in the API of Shopify."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_CALLERS = 10_000
"""Callers whose buckets are remembered; whoever is forgotten has a full one."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a caller may spend: `most` at once, and for one operation; `restored` in each second."""

    most: int = 10_000
    restored: int = 1_000


class Charge(NamedTuple):
    """What was asked for, what is left, and the seconds until it can be had (None: it was had)."""

    cost: int
    left: int
    wait: float | None


class TokenBuckets:
    """A bucket for each caller who was here lately; whoever was not has a full one. One process counts for itself."""

    def __init__(self, allowance: RateLimit, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.allowance = allowance
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, cost: int) -> Charge:
        """Take the cost out of the caller's bucket, or say how long to wait for it."""
        tokens, now = self._tokens(caller)
        wait = None if cost <= tokens else (cost - tokens) / self.allowance.restored
        if wait is None:
            tokens -= cost
        self._keep(caller, tokens, now)
        return Charge(cost, max(int(tokens), 0), wait)

    def charge(self, caller: str, cost: int) -> None:
        """Take what has been spent already, also where it is more than there is; what is negative is given back."""
        tokens, now = self._tokens(caller)
        self._keep(caller, min(max(tokens - cost, -self.allowance.most), self.allowance.most), now)

    def _tokens(self, caller: str) -> tuple[float, float]:
        now = self._clock()
        tokens, since = self._buckets.get(caller, (float(self.allowance.most), now))
        return min(tokens + (now - since) * self.allowance.restored, self.allowance.most), now

    def _keep(self, caller: str, tokens: float, now: float) -> None:
        self._buckets[caller] = (tokens, now)
        self._buckets.move_to_end(caller)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)

    def extension(self, spent: Charge) -> dict[str, Any]:
        """The answer's `extensions.cost`, in the words of Shopify's."""
        return {
            "requestedQueryCost": spent.cost,
            "throttleStatus": {
                "maximumAvailable": self.allowance.most,
                "currentlyAvailable": spent.left,
                "restoreRate": self.allowance.restored,
            },
        }
