"""Rejected access keys: they are counted, and logged with their beginning, which is not secret."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog

from app.domain.programs.key_tokens import loggable_prefix
from app.graphql_server.limits.rate_limits import RateLimit, TokenBuckets
from app.queries.programs.authentication import RejectedKey

LOG_LIMIT = RateLimit(capacity=60, restored=1)
"""Maximum number of log lines, at once and per second in the long run: whoever guesses keys must not fill the disk."""

_log = structlog.get_logger("app.api")


class RejectedKeys:
    """Counts rejected keys by reason since the start of the process, and logs them within a limit."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._unlogged_count = 0
        self._log_buckets = TokenBuckets(LOG_LIMIT, clock=clock)

    def note(self, token: str, rejected_key: RejectedKey) -> None:
        """Count a rejected token and log it.

        The line has the beginning of the token if that looks like one of Troth, and the id of its key if there is one.
        """
        self.counts[rejected_key.rejection.value] += 1
        if self._log_buckets.take("log", 1).wait is not None:
            self._unlogged_count += 1
            return
        _log.warning(
            "access key rejected",
            why=rejected_key.rejection.value,
            prefix=loggable_prefix(token),
            access_key=rejected_key.access_key_id,
            count=self.counts[rejected_key.rejection.value],
            unlogged=self._unlogged_count,
        )
        self._unlogged_count = 0
