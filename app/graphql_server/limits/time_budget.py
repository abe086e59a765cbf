"""Two limits on the time that one operation keeps the event loop busy: after a slice it yields, after the budget it is stopped.

While an answer is computed on the event loop, nothing else runs, not even a timeout. So the executor itself checks the
clock. The length of a list is known only once it is read: costs assume usual lengths, the budget stops operations with
unusual ones.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter, thread_time

from graphql import GraphQLError

from app.graphql_server.limits.document_metrics import OPERATION_TOO_COMPLEX

TIME_SLICE = 0.02
"""Seconds of work after which the operation yields to other requests, at the next list."""

CPU_LIMIT = 0.5
"""Seconds of processor time after which an operation is stopped."""

MAX_REPEATED_BYTES = 2_000_000
"""Maximum number of bytes of a response that repeat objects whose ids were requested several times."""


@dataclass(slots=True, eq=False)
class TimeBudget:
    """The time that one operation has worked, without the time that it waited.

    The first time slice is measured in wall time, which is cheap to read and enough for most operations. Later slices are
    measured in processor time, which does not grow because the machine is busy.
    """

    limit: float | None = None
    """The seconds of work that are allowed; None: `CPU_LIMIT`."""
    should_yield: bool = False
    """Is a time slice used up?"""
    exhausted: bool = False
    """Is the whole budget used up?"""
    _clock: Callable[[], float] = perf_counter
    _counted_until: float = field(default_factory=perf_counter)
    _seconds_worked: float = 0.0
    _slice_end: float = field(default_factory=lambda: TIME_SLICE)
    _repeated_bytes: int = 0
    _yield_lock: asyncio.Lock | None = None

    def resume(self) -> None:
        """Continue after the operation has waited: the time until now does not count."""
        self._counted_until = self._clock()

    def tick(self) -> None:
        """Count the time since the last tick."""
        now = self._clock()
        self._seconds_worked += now - self._counted_until
        self._counted_until = now
        if self._seconds_worked > self._slice_end:
            self._switch_to_cpu_time()

    def check(self) -> None:
        """Raise OPERATION_TOO_COMPLEX when the budget is used up."""
        if self.exhausted:
            raise too_much_work()

    async def yield_to_others(self) -> None:
        """Let other requests run. Parts of the operation that yield at the same time go on one after the other."""
        if self._yield_lock is None:
            self._yield_lock = asyncio.Lock()
        async with self._yield_lock:
            if self.should_yield and not self.exhausted:
                await asyncio.sleep(0)
                self.should_yield = False
                self._start_slice()
        self.resume()

    def _switch_to_cpu_time(self) -> None:
        if self._clock is perf_counter:
            self._clock = thread_time
            self._counted_until = thread_time()
            # Wall time may have passed in other requests or processes.
            self._seconds_worked = 0.0
        self.should_yield = True
        self._start_slice()

    def _start_slice(self) -> None:
        limit = CPU_LIMIT if self.limit is None else self.limit
        self.exhausted = self.exhausted or self._seconds_worked > limit
        self._slice_end = (
            self._seconds_worked + TIME_SLICE if self.exhausted else min(self._seconds_worked + TIME_SLICE, limit)
        )

    def count_repeated_bytes(self, size: int) -> None:
        """Count bytes that repeat an object already in the answer."""
        self._repeated_bytes += size
        if self._repeated_bytes > MAX_REPEATED_BYTES:
            self.exhausted = True


def too_much_work() -> GraphQLError:
    """The error for an operation whose budget is used up."""
    message = (
        "The operation takes too much work: ask for smaller pages or for less of each object."
        " A mutation may have been carried out: repeat it with the same idempotencyKey."
    )
    return GraphQLError(message, extensions={"code": OPERATION_TOO_COMPLEX})
