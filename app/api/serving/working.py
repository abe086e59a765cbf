"""How long one operation has kept the loop busy: when it lets others have their turn, and when it is enough.

Nobody else is served while an answer is put together, and no time-out can fire meanwhile. So the work itself looks at the
clock. What lists hold is known only when they are read: costs foresee what is usual, this stops what is not.
"""

from __future__ import annotations

import asyncio
from time import perf_counter, thread_time

from graphql import GraphQLError

from app.api.serving.extents import CODE

STRETCH = 0.02
"""Seconds of work after which others have their turn, at the next list."""

MOST = 0.5
"""Seconds of processor time after which an operation is stopped."""

MOST_REPEATED = 2_000_000
"""Bytes of an answer that may be there because the same id was asked for again."""


class Work:
    """The seconds that one operation has worked, without what it waited for.

    Up to one stretch they are wall time, which is cheap to read and all that most operations need. Then they are processor
    time, which does not blame an operation for a busy machine.
    """

    __slots__ = ("_clock", "_last", "_next", "_repeated", "_spent", "_turn", "over", "tired")

    def __init__(self) -> None:
        self._clock = perf_counter
        self._last = perf_counter()
        self._spent = 0.0
        self._next = STRETCH
        self._repeated = 0
        self._turn: asyncio.Lock | None = None
        self.tired = False
        """Whether others should have their turn."""
        self.over = False
        """Whether it is enough."""

    def resume(self) -> None:
        """Begin to work again, after having waited."""
        self._last = self._clock()

    def note(self) -> None:
        """Add the time since the last note."""
        now = self._clock()
        self._spent += now - self._last
        self._last = now
        if self._spent > self._next:
            self._look_closer()

    def check(self) -> None:
        """Raise OPERATION_TOO_COMPLEX when it is enough."""
        if self.over:
            raise too_much_work()

    async def rest(self) -> None:
        """Let others have their turn; parts of the operation that rest at once go on one after the other."""
        if self._turn is None:
            self._turn = asyncio.Lock()
        async with self._turn:
            if self.tired and not self.over:
                await asyncio.sleep(0)
                self.tired = False
                self._plan()
        self.resume()

    def _look_closer(self) -> None:
        if self._clock is perf_counter:
            self._clock = thread_time
            self._last = thread_time()
            # What went by on the wall may have been anybody's.
            self._spent = 0.0
        self.tired = True
        self._plan()

    def _plan(self) -> None:
        self.over = self.over or self._spent > MOST
        self._next = self._spent + STRETCH if self.over else min(self._spent + STRETCH, MOST)

    def repeat(self, size: int) -> None:
        """Count bytes of the answer that come from no work, being shown again."""
        self._repeated += size
        if self._repeated > MOST_REPEATED:
            self.over = True


def too_much_work() -> GraphQLError:
    """The refusal."""
    message = (
        "The operation takes too much work: ask for smaller pages or for less of each object."
        " A mutation may have been carried out: repeat it with the same idempotencyKey."
    )
    return GraphQLError(message, extensions={"code": CODE})
