"""The open connections by owner: the access key that was used on a connection, before that the client's address.

When all places are taken, a new connection is an extra one: its request is answered, and then it is closed. If it is used with
a known key that has fewer connections than the owner with the most, it gets a place of that owner. So whoever opens a thousand
connections has fewer places for each of them, and connections on which no key was used are closed first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

EXTRA = 1.0
"""Extra connections at once, as a multiple of the places."""

EXTRA_IDLE = 1.0
"""Seconds within which the headers of a request must arrive on an extra connection."""

EXTRA_ANSWER = 30.0
"""Seconds within which the answer on an extra connection must have been read."""

_TICK = 0.25
"""Seconds between two looks at what is idle for too long."""


class Connection(Protocol):
    """What is known of an open connection; `key` is the access key that was used on it, None before."""

    key: bytes | None
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        """The address of the client."""
        ...

    def close_idle(self) -> None:
        """Close the connection, on which no request is under way."""
        ...

    def turn_away(self) -> None:
        """Close the connection, on which no request is under way, and say when to come back."""
        ...

    def close_after_answer(self) -> None:
        """Close the connection once the request under way is answered, at once if the client does not read the answer."""
        ...


@dataclass(slots=True)
class _Owned:
    """The connections of one owner: those under way, and the idle ones since when, oldest first."""

    has_key: bool
    busy: dict[Connection, None] = field(default_factory=dict)
    idle: dict[Connection, float] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of both."""
        return len(self.busy) + len(self.idle)


class OpenConnections:
    """Every connection, with a place or extra. The idle ones are closed when they have been idle too long."""

    def __init__(self, *, limit: int, idle_timeout: float, keep_alive: float, extra_idle: float = EXTRA_IDLE) -> None:
        """`idle_timeout` and `keep_alive` are the seconds that a connection may be idle before and after a key was used on it."""
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._keep_alive = keep_alive
        self._extra_idle = extra_idle
        self._owned: dict[Hashable, _Owned] = {}
        self._count = 0
        self._idle_extra: dict[Connection, float] = {}
        self._busy_extra: dict[Connection, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection) -> bool:
        """Add a new connection; False where there are too many extra ones, too."""
        if self._count < self._limit:
            self._place(connection).idle[connection] = connection.loop.time()
        elif len(self._idle_extra) + len(self._busy_extra) < self._limit * EXTRA:
            self._idle_extra[connection] = connection.loop.time()
        else:
            return False
        if self._timer is None:
            tick = min(_TICK, self._idle_timeout / 4, self._extra_idle / 4)
            self._timer = connection.loop.call_later(tick, self._sweep, connection.loop, tick)
        return True

    def begin_request(self, connection: Connection, key: bytes | None) -> bool:
        """A request has begun, by a key that was used before or else None. May the connection stay open after it?"""
        owned = self._owned.get(_owner(connection))
        if owned is not None and owned.idle.pop(connection, None) is not None:
            owned.busy[connection] = None
            self.used_by(connection, key)
            return True
        if owned is not None and connection in owned.busy:
            return True  # a request that was sent before the last answer
        self._idle_extra.pop(connection, None)
        self._busy_extra[connection] = connection.loop.time()
        if not self._makes_room(key):
            return False
        del self._busy_extra[connection]
        connection.key = key
        self._place(connection).busy[connection] = None
        return True

    def end_request(self, connection: Connection, key: bytes | None) -> None:
        """A request is answered; a connection with a place is idle until the next one."""
        self.used_by(connection, key)
        owned = self._owned.get(_owner(connection))
        if owned is not None and connection in owned.busy:
            del owned.busy[connection]
            owned.idle[connection] = connection.loop.time()

    def used_by(self, connection: Connection, key: bytes | None) -> None:
        """A key was used on a connection with a request under way."""
        if key is None or key == connection.key:
            return
        owned = self._owned.get(_owner(connection))
        if owned is not None and connection in owned.busy:
            self.remove(connection)
            connection.key = key
            self._place(connection).busy[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection is closed."""
        self._idle_extra.pop(connection, None)
        self._busy_extra.pop(connection, None)
        owned = self._owned.get(_owner(connection))
        if owned is None or (connection not in owned.idle and connection not in owned.busy):
            return
        owned.idle.pop(connection, None)
        owned.busy.pop(connection, None)
        self._count -= 1
        if not owned.count:
            del self._owned[_owner(connection)]

    def _place(self, connection: Connection) -> _Owned:
        """Give a connection a place; returns those of its owner."""
        self._count += 1
        return self._owned.setdefault(_owner(connection), _Owned(has_key=connection.key is not None))

    def _makes_room(self, key: bytes | None) -> bool:
        """Is a place free for one more connection of a key, if need be one of the owner with the most?"""
        if self._count < self._limit:
            return True
        if key is None:
            return False
        without_key = [owned for owned in self._owned.values() if not owned.has_key]
        largest = max(without_key or self._owned.values(), key=lambda owned: owned.count)
        own = self._owned.get(key)
        if largest.has_key and largest.count <= (own.count if own is not None else 0) + 1:
            return False
        if largest.idle:
            next(iter(largest.idle)).close_idle()
            return True
        last = next(reversed(largest.busy))
        self.remove(last)
        self._busy_extra[last] = last.loop.time()
        last.close_after_answer()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop, tick: float) -> None:
        """Close the connections that have been idle too long. One timer serves all, because a timer for each is expensive."""
        now = loop.time()
        for connection in _older(self._idle_extra, now - self._extra_idle):
            connection.turn_away()
        for connection in _older(self._busy_extra, now - EXTRA_ANSWER):
            connection.close_after_answer()
        for owned in list(self._owned.values()):
            longest = self._keep_alive if owned.has_key else self._idle_timeout
            for connection in _older(owned.idle, now - longest):
                connection.close_idle()
        rest = self._count or self._idle_extra or self._busy_extra
        self._timer = loop.call_later(tick, self._sweep, loop, tick) if rest else None


def _older(connections: dict[Connection, float], than: float) -> list[Connection]:
    """The first connections, which are oldest first, until one that is not older."""
    found = []
    for connection, since in connections.items():
        if since > than:
            break
        found.append(connection)
    return found


def _owner(connection: Connection) -> Hashable:
    return connection.key or connection.address
