"""How long one operation has kept the loop busy: when it lets others have their turn, and when it is enough.

Nobody else is served while an answer is put together, and no time-out can fire meanwhile. So the work itself looks at the
clock. What lists hold is known only when they are read: costs foresee what is usual, this stops what is not.
"""

from __future__ import annotations

import asyncio
from time import perf_counter, thread_time

from graphql import GraphQLError

from app.graphql_server.document_metrics import CODE

TIME_SLICE = 0.02
"""Seconds of work after which others have their turn, at the next list."""

CPU_LIMIT = 0.5
"""Seconds of processor time after which an operation is stopped."""

MOST_REPEATED = 2_000_000
"""Bytes of an answer that may be there because the same id was asked for again."""


class TimeBudget:
    """The seconds that one operation has worked, without what it waited for.

    Up to one stretch they are wall time, which is cheap to read and all that most operations need. Then they are processor
    time, which does not blame an operation for a busy machine.
    """

    __slots__ = ("_clock", "_last", "_next", "_repeated", "_spent", "_turn", "exhausted", "should_yield")

    def __init__(self) -> None:
        self._clock = perf_counter
        self._last = perf_counter()
        self._spent = 0.0
        self._next = TIME_SLICE
        self._repeated = 0
        self._turn: asyncio.Lock | None = None
        self.should_yield = False
        """Whether others should have their turn."""
        self.exhausted = False
        """Whether it is enough."""

    def restart(self) -> None:
        """Begin to work again, after having waited."""
        self._last = self._clock()

    def tick(self) -> None:
        """Add the time since the last note."""
        now = self._clock()
        self._spent += now - self._last
        self._last = now
        if self._spent > self._next:
            self._look_closer()

    def check(self) -> None:
        """Raise OPERATION_TOO_COMPLEX when it is enough."""
        if self.exhausted:
            raise too_much_work()

    async def yield_to_others(self) -> None:
        """Let others have their turn; parts of the operation that rest at once go on one after the other."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            if self.should_yield and not self.exhausted:
                await asyncio.sleep(0)
                self.should_yield = False
                self._plan()
        self.restart()

    def _look_closer(self) -> None:
        if self._clock is perf_counter:
            self._clock = thread_time
            self._last = thread_time()
            # What went by on the wall may have been anybody's.
            self._spent = 0.0
        self.should_yield = True
        self._plan()

    def _plan(self) -> None:
        self.exhausted = self.exhausted or self._spent > CPU_LIMIT
        self._next = self._spent + TIME_SLICE if self.exhausted else min(self._spent + TIME_SLICE, CPU_LIMIT)

    def repeat(self, size: int) -> None:
        """Count bytes of the answer that come from no work, being shown again."""
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            self.exhausted = True


def too_much_work() -> GraphQLError:
    """The refusal."""
    message = (
        "The operation takes too much work: ask for smaller pages or for less of each object."
        " A mutation may have been carried out: repeat it with the same idempotencyKey."
    )
    return GraphQLError(message, extensions={"code": CODE})
