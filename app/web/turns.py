"""Requests take turns by caller, so that a thousand requests of one caller do not delay the one request of another.

Without this the event loop serves requests as they come, and a till waits behind all of them. A caller with one request at
a time is served at once. While others are served, callers with several requests share a few places, in turn, with a pause
after each request: a processor without a pause is what slows the others down most.
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
"""Of those, the requests of callers that have several, while others are served too."""

ALONE_AFTER = 5.0
"""Seconds without a request of somebody else after which a caller is alone, and may have all places."""

LONGEST = 0.1
"""Seconds after which a request under way no longer counts: its time goes into waiting, not into work."""

TIMES_USUAL = 5
"""Where that is longer: this multiple of what requests of callers with one take at present, so on a machine with much to do."""

PAUSE = 4.0
"""The pause after a request of a caller with several, as a multiple of what it took: most of the time is for the others."""

_WEIGHT = 0.1
"""The weight of the latest request in what they take at present."""

PATIENCE = 4.0
"""Seconds that a request waits for its turn at most: clients give up after five and more."""

_TICK = 0.05
"""Seconds between two looks at what takes too long, while somebody waits."""


class Turn(Protocol):
    """A request that is to take its turn."""

    @property
    def caller(self) -> Hashable:
        """Who sent it."""
        ...

    @property
    def has_key(self) -> bool:
        """Whether it was sent with an access key: others make room for that."""
        ...

    def begin(self) -> None:
        """Begin with the request; `Turns.end` is called at its end."""
        ...

    def turn_away(self) -> None:
        """Say when to come back: the turn did not come in time."""
        ...


class _UnderWay(NamedTuple):
    """Since when a request is under way, and whether its caller had others when it began."""

    since: float
    of_several: bool


class Turns:
    """The requests under way, and those that wait, by caller: each caller that waits gets one turn in a round."""

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        beside_others: int = BESIDE_OTHERS,
        longest: float = LONGEST,
        patience: float = PATIENCE,
    ) -> None:
        self._at_once = at_once
        self._beside_others = beside_others
        self._longest = longest
        self._patience = patience
        self._under_way: dict[Turn, _UnderWay] = {}
        self._of_several = 0
        self._usual = 0.0
        self._busy: dict[Hashable, int] = {}
        self._waiting: OrderedDict[Hashable, dict[Turn, float]] = OrderedDict()
        self._latest: Hashable = None
        """The key that sent the latest request, when that was, and when the latest one of another key was."""
        self._latest_at = self._before_at = -math.inf
        self._timer: asyncio.TimerHandle | None = None

    def take(self, turn: Turn) -> None:
        """Begin with a request, now or when its turn comes."""
        loop = asyncio.get_running_loop()
        caller, now = turn.caller, loop.time()
        if turn.has_key:
            if caller != self._latest:
                self._latest, self._before_at = caller, self._latest_at
            self._latest_at = now
        waiting = self._waiting.get(caller)
        of_several = waiting is not None or caller in self._busy
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
        found = self._remove(turn)
        if found is None:
            return
        taken = now - found.since
        if not found.of_several:
            self._usual += (taken - self._usual) * _WEIGHT
        elif self._is_alone(turn.caller, now):
            self._of_several -= 1
        else:
            loop.call_later(taken * PAUSE, self._free_place, loop)
        if self._waiting:
            self._pass_on(now)

    def leave(self, turn: Turn) -> None:
        """Whoever waited for this turn has gone; nothing happens if it did not wait."""
        waiting = self._waiting.get(turn.caller)
        if waiting is not None and waiting.pop(turn, None) is not None and not waiting:
            del self._waiting[turn.caller]

    def _may_begin(self, caller: Hashable, now: float, *, of_several: bool) -> bool:
        """May another request of a caller begin, which has several or only this one?"""
        if len(self._under_way) >= self._at_once:
            return False
        return not of_several or self._of_several < self._beside_others or self._is_alone(caller, now)

    def _is_alone(self, caller: Hashable, now: float) -> bool:
        """Was no key of somebody else used for a while?"""
        return now - (self._before_at if caller == self._latest else self._latest_at) > ALONE_AFTER

    def _free_place(self, loop: asyncio.AbstractEventLoop) -> None:
        """The pause after a request of a caller with several is over."""
        self._of_several -= 1
        self._pass_on(loop.time())

    def _begin(self, turn: Turn, now: float, *, of_several: bool) -> None:
        self._under_way[turn] = _UnderWay(now, of_several)
        self._of_several += of_several
        self._busy[turn.caller] = self._busy.get(turn.caller, 0) + 1
        turn.begin()

    def _remove(self, turn: Turn) -> _UnderWay | None:
        """Count a request no longer; None if it was not counted."""
        found = self._under_way.pop(turn, None)
        if found is None:
            return None
        left = self._busy[turn.caller] - 1
        if left:
            self._busy[turn.caller] = left
        else:
            del self._busy[turn.caller]
        return found

    def _pass_on(self, now: float) -> None:
        """Give places that are free to the callers whose turn it is."""
        while (caller := self._next(now)) is not None:
            turns = self._waiting[caller]
            of_several = self._has_several(caller)
            turn = next(iter(turns))
            self.leave(turn)
            if turns:
                self._waiting.move_to_end(caller)
            self._begin(turn, now, of_several=of_several)

    def _next(self, now: float) -> Hashable | None:
        """The caller whose turn it is; one with nothing under way first, so that slow requests of another do not take all places."""
        first = None
        for caller in self._waiting:
            if self._may_begin(caller, now, of_several=self._has_several(caller)):
                if caller not in self._busy:
                    return caller
                first = first if first is not None else caller
        return first

    def _has_several(self, caller: Hashable) -> bool:
        """Has a caller that waits more than one request?"""
        return len(self._waiting[caller]) > 1 or caller in self._busy

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        """Count what is under way for too long no longer, and turn away what has waited too long."""
        now = loop.time()
        longest = max(self._longest, TIMES_USUAL * self._usual)
        for turn, (since, of_several) in list(self._under_way.items()):
            if now - since < longest:
                break
            self._remove(turn)
            self._of_several -= of_several
        self._pass_on(now)
        for turns in list(self._waiting.values()):
            for turn, since in list(turns.items()):
                if now - since < self._patience:
                    break
                self.leave(turn)
                turn.turn_away()
        self._timer = loop.call_later(_TICK, self._tick, loop) if self._waiting else None
