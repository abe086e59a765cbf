"""Requests take turns by caller, so that a thousand requests of one caller do not delay the one request of another.

Without this the event loop serves requests as they come, and a till waits behind all of them. A caller with one request at
a time is served at once. While others are served, callers with several requests share a few places, in turn, with a pause
after each request: a processor that is never idle is what slows the others down most.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple, Protocol

AT_ONCE = 32
"""Requests under way at once. More do not raise the throughput of one process; each makes the others slower."""

BESIDE_OTHERS = 2
"""How many of them may be of callers with several requests, while others are served too."""

ALONE_AFTER = 5.0
"""Seconds without a request of somebody else after which a caller is alone, and may have all places."""

MAX_COUNTED_TIME = 0.1
"""Seconds after which a request under way no longer counts: it is waiting, not working."""

USUAL_TIME_FACTOR = 5
"""On a busy machine a request counts for longer: for this multiple of the usual time of a caller's only request."""

PAUSE = 4.0
"""The pause after a request of a caller with several, as a multiple of the request's time: most of the time is for others."""

_WEIGHT = 0.1
"""The weight of the latest request in the usual time, which is a moving average."""

PATIENCE = 4.0
"""Maximum number of seconds that a request waits for its turn: clients give up after five or more."""

_TICK = 0.05
"""Seconds between two checks for requests that work or wait too long, while any request waits."""


class Turn(Protocol):
    """A request that is to take its turn."""

    @property
    def caller(self) -> Hashable:
        """Who sent the request."""
        ...

    @property
    def has_key(self) -> bool:
        """Whether it was sent with an access key: only such a request ends the time in which another caller is alone."""
        ...

    def begin(self) -> None:
        """Begin the request; `Turns.end` is called at its end."""
        ...

    def turn_away(self) -> None:
        """Answer that the turn did not come in time, and when to come back."""
        ...


class _UnderWay(NamedTuple):
    """A request under way: when it began, and whether its caller had other requests then."""

    since: float
    of_several: bool


class Turns:
    """The requests under way, and those that wait, by caller: each caller that waits gets one turn in a round."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        beside_others: int = BESIDE_OTHERS,
        max_counted_time: float = MAX_COUNTED_TIME,
        patience: float = PATIENCE,
    ) -> None:
        self._at_once = at_once
        self._beside_others = beside_others
        self._max_counted_time = max_counted_time
        self._patience = patience
        self._under_way: dict[Turn, _UnderWay] = {}
        self._places_of_several = 0
        """Places that requests of callers with several have taken, pauses included."""
        self._usual_time = 0.0
        self._count_by_caller: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, dict[Turn, float]] = OrderedDict()
        self._latest_key: Hashable = None
        """The key that sent the latest request with a key. `_latest_at` is when; `_other_key_at`: when another key last did."""
        self._latest_at = self._other_key_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    def take(self, turn: Turn) -> None:
        """Begin a request, now or when its turn comes."""
        loop = asyncio.get_running_loop()
        caller, now = turn.caller, loop.time()
        if turn.has_key:
            if caller != self._latest_key:
                self._latest_key, self._other_key_at = caller, self._latest_at
            self._latest_at = now
        waiting = self._waiting.get(caller)
        of_several = waiting is not None or caller in self._count_by_caller
        if waiting is None and self._may_begin(caller, now, of_several=of_several):
            self._begin(turn, now, of_several=of_several)
            return
        self._waiting.setdefault(caller, {})[turn] = now
        if self._timer is None:
            self._timer = loop.call_later(_TICK, self._tick, loop)

    def end(self, turn: Turn) -> None:
        """A request is done; nothing happens if it no longer counted."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        ended = self._remove(turn)
        if ended is None:
            return
        seconds = now - ended.since
        if not ended.of_several:
            self._usual_time += (seconds - self._usual_time) * _WEIGHT
        elif self._is_alone(turn.caller, now):
            self._places_of_several -= 1
        else:
            loop.call_later(seconds * PAUSE, self._free_place, loop)
        if self._waiting:
            self._begin_waiting(now)

    def stop_waiting(self, turn: Turn) -> None:
        """A request waits no longer: it begins, is turned away, or its client has gone; nothing happens if it did not wait."""
        waiting = self._waiting.get(turn.caller)
        if waiting is not None and waiting.pop(turn, None) is not None and not waiting:
            del self._waiting[turn.caller]

    def _may_begin(self, caller: Hashable, now: float, *, of_several: bool) -> bool:
        """May another request begin, of a caller with several (`of_several`) or with only this one?"""
        if len(self._under_way) >= self._at_once:
            return False
        return not of_several or self._places_of_several < self._beside_others or self._is_alone(caller, now)

    def _is_alone(self, caller: Hashable, now: float) -> bool:
        """Has no other caller's key been used for `ALONE_AFTER` seconds?"""
        return now - (self._other_key_at if caller == self._latest_key else self._latest_at) > ALONE_AFTER

    def _free_place(self, loop: asyncio.AbstractEventLoop) -> None:
        """The pause after a request of a caller with several is over."""
        self._places_of_several -= 1
        self._begin_waiting(loop.time())

    def _begin(self, turn: Turn, now: float, *, of_several: bool) -> None:
        self._under_way[turn] = _UnderWay(now, of_several)
        self._places_of_several += of_several
        self._count_by_caller[turn.caller] = self._count_by_caller.get(turn.caller, 0) + 1
        turn.begin()

    def _remove(self, turn: Turn) -> _UnderWay | None:
        """No longer count a request as under way; None if it was not counted."""
        removed = self._under_way.pop(turn, None)
        if removed is None:
            return None
        remaining = self._count_by_caller[turn.caller] - 1
        if remaining:
            self._count_by_caller[turn.caller] = remaining
        else:
            del self._count_by_caller[turn.caller]
        return removed

    def _begin_waiting(self, now: float) -> None:
        """Begin waiting requests, in turn by caller, as long as there are places for them."""
        while (caller := self._next_caller(now)) is not None:
            turns = self._waiting[caller]
            of_several = self._has_several(caller)
            turn = next(iter(turns))
            self.stop_waiting(turn)
            if turns:
                self._waiting.move_to_end(caller)
            self._begin(turn, now, of_several=of_several)

    def _next_caller(self, now: float) -> Hashable | None:
        """The caller whose turn it is; None if nobody may begin.

        Callers with nothing under way come first, so that the slow requests of one caller do not take all places.
        """
        first_busy = None
        for caller in self._waiting:
            if self._may_begin(caller, now, of_several=self._has_several(caller)):
                if caller not in self._count_by_caller:
                    return caller
                first_busy = first_busy if first_busy is not None else caller
        return first_busy

    def _has_several(self, caller: Hashable) -> bool:
        """Does a waiting caller have more than one request?"""
        return len(self._waiting[caller]) > 1 or caller in self._count_by_caller

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """No longer count what has been under way for too long, and turn away what has waited for too long."""
        now = loop.time()
        max_counted_time = max(self._max_counted_time, USUAL_TIME_FACTOR * self._usual_time)
        for turn, (since, of_several) in list(self._under_way.items()):
            if now - since < max_counted_time:
                break
            self._remove(turn)
            self._places_of_several -= of_several
        self._begin_waiting(now)
        for turns in list(self._waiting.values()):
            for turn, since in list(turns.items()):
                if now - since < self._patience:
                    break
                self.stop_waiting(turn)
                turn.turn_away()
        self._timer = loop.call_later(_TICK, self._tick, loop) if self._waiting else None
