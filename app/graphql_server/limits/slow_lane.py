"""Turns for callers that have used up a limit and are served all the same: one turn at a time, at intervals."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from app.graphql_server.limits.admission import RateLimited

TURN_PAUSE = 0.005
"""Seconds between two turns: at most 200 turns in a second, over all callers."""

MAX_WAITING = 1_000
"""Maximum number of requests that wait for a turn, over all callers."""

MAX_WAITING_OF_CALLER = 200
"""Maximum number of requests of one caller that wait for a turn: as many as are served in a second."""


class SlowLane:
    """Hands out turns to the waiting callers by rotation, however many requests of one of them wait. Each process has its own."""

    def __init__(
        self,
        *,
        pause: float = TURN_PAUSE,
        max_waiting: int = MAX_WAITING,
        max_waiting_of_caller: int = MAX_WAITING_OF_CALLER,
    ) -> None:
        self._pause = pause
        self._max_waiting = max_waiting
        self._max_waiting_of_caller = max_waiting_of_caller
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._waiting_count = 0
        self._serving_task: asyncio.Task[None] | None = None

    async def wait_for_turn(self, caller: str) -> None:
        """Wait for a turn. Raises RateLimited when too many requests wait already."""
        queue = self._queues.get(caller)
        if self._waiting_count >= self._max_waiting or (
            queue is not None and len(queue) >= self._max_waiting_of_caller
        ):
            raise RateLimited(1.0)
        if queue is None:
            queue = self._queues[caller] = deque()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._waiting_count += 1
        if self._serving_task is None:
            self._serving_task = asyncio.create_task(self._serve())
        await turn

    async def _serve(self) -> None:
        """Hand out turns until nobody waits."""
        try:
            while self._queues:
                caller, queue = self._queues.popitem(last=False)
                turn = queue.popleft()
                self._waiting_count -= 1
                if queue:
                    self._queues[caller] = queue
                # A client that has gone away has cancelled its turn.
                if not turn.done():
                    turn.set_result(None)
                    await asyncio.sleep(self._pause)
        finally:
            self._serving_task = None
