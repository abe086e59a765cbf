"""Turns for callers that have used up a limit and are to be served all the same: one at a time, and seldom."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque

from app.graphql_server.limits.admission import RateLimited

TURN_PAUSE = 0.005
"""Seconds between two turns: at most 200 turns in a second, over all callers."""

MAX_WAITING = 1_000
"""Turns that are waited for, over all callers."""

MAX_WAITING_OF_CALLER = 200
"""Turns that one caller waits for: a second of turns."""


class SlowLane:
    """Hands out turns, to each waiting caller in turn, however many turns one of them waits for. Each process for itself."""

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
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._count = 0
        self._serving: asyncio.Task[None] | None = None

    async def turn(self, caller: str) -> None:
        """Wait for a turn. Raises RateLimited when too many wait already."""
        queue = self._waiting.get(caller)
        if self._count >= self._max_waiting or (queue is not None and len(queue) >= self._max_waiting_of_caller):
            raise RateLimited(1.0)
        if queue is None:
            queue = self._waiting[caller] = deque()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._count += 1
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        await turn

    async def _serve(self) -> None:
        """Hand out turns until nobody waits."""
        try:
            while self._waiting:
                caller, queue = self._waiting.popitem(last=False)
                turn = queue.popleft()
                self._count -= 1
                if queue:
                    self._waiting[caller] = queue
                # A client that has gone away has cancelled its turn.
                if not turn.done():
                    turn.set_result(None)
                    await asyncio.sleep(self._pause)
        finally:
            self._serving = None
