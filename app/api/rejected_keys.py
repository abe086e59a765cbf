"""Keys that open nothing: counted, and logged by their beginning, which is no secret."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import structlog

from app.domain.programs.key_tokens import shown_prefix
from app.graphql_server.limits.rate_limits import RateLimit, TokenBuckets
from app.queries.programs.authentication import RejectedKey

LOGGED = RateLimit(capacity=60, restored=1)
"""Log lines at once, and in a second in the long run: whoever guesses keys must not fill the disk."""

_log = structlog.get_logger("app.api")


class RejectedKeys:
    """Counts rejected keys by reason since the start of the process, and logs them within a limit."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._unlogged = 0
        self._lines = TokenBuckets(LOGGED, clock=clock)

    def note(self, token: str, rejected: RejectedKey) -> None:
        """Count a rejected token. A line has its beginning where it looks like one of ours, and its key where it was right once."""
        self.counts[rejected.rejection.value] += 1
        if self._lines.take("log", 1).wait is not None:
            self._unlogged += 1
            return
        _log.warning(
            "access key rejected",
            why=rejected.rejection.value,
            prefix=shown_prefix(token),
            access_key=rejected.access_key_id,
            count=self.counts[rejected.rejection.value],
            unlogged=self._unlogged,
        )
        self._unlogged = 0
