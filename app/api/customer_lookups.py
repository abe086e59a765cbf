"""The limit on customer look-ups per access key, so that guessing numbers does not reveal who is a member.

A query costs one look-up. A query that finds nobody, and an enrolment with a taken identity, cost several: they are rare in
normal use, and frequent when guessing. Looking up by id is free, because ids cannot be guessed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from app.graphql_server.limits.rate_limits import MAX_CALLERS, RateLimit, TokenBuckets

LOOKUPS_PER_MINUTE = 300

MISS_COST = 5
"""The cost, in look-ups, of a query that finds nobody."""

_UNITS_PER_LOOKUP = 60
"""Bucket units per look-up: the bucket refills per second, the limit is per minute."""


class TooManyLookups(Exception):
    """A key has looked up too many customers; `wait` is the seconds until the next look-up."""

    def __init__(self, wait: float):
        super().__init__("too many customers looked up")
        self.wait = wait


class CustomerLookups:
    """Counts look-ups per key. Each process counts for itself."""

    def __init__(self, per_minute: int = LOOKUPS_PER_MINUTE, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = TokenBuckets(
            RateLimit(capacity=per_minute * _UNITS_PER_LOOKUP, restored=per_minute), clock=clock
        )
        self.blocked_until: dict[str, float] = {}
        """Keys (ids) that have used up their look-ups, and until when (by `clock`). Mostly empty: reading it costs nothing."""

    def charge(self, access_key_id: str, lookups: int = 1) -> None:
        """Count look-ups of a key, even if there are not as many left."""
        self._buckets.charge(access_key_id, lookups * _UNITS_PER_LOOKUP)
        wait = self._buckets.take(access_key_id, 0).wait
        if wait is None:
            return
        if len(self.blocked_until) >= MAX_CALLERS:
            self.blocked_until.clear()
        self.blocked_until[access_key_id] = self._clock() + wait

    def admit(self, access_key_id: str) -> None:
        """Raise TooManyLookups while a key has used up its look-ups."""
        wait = self.blocked_until.get(access_key_id, 0.0) - self._clock()
        if wait > 0:
            raise TooManyLookups(wait)
        self.blocked_until.pop(access_key_id, None)
