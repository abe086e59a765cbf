"""The open connections by owner: the access key that was used on a connection, or the client's address if none was yet.

When all places are taken, a new connection is an extra one: its request is answered, and then it is closed. If it is used with
a known key that has fewer connections than the owner with the most, it gets a place of that owner. So owners with very many
connections lose places to the others, and connections on which no key was used are closed first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Protocol

EXTRA_PER_PLACE = 1.0
"""Maximum number of extra connections, as a multiple of the number of places."""

EXTRA_IDLE = 1.0
"""Seconds within which the headers of a request must arrive on an extra connection."""

EXTRA_ANSWER = 30.0
"""Seconds within which the answer on an extra connection must have been read."""

_TICK = 0.25
"""Seconds between two checks for connections that are idle for too long."""


class Connection(Protocol):
    """An open connection; `key` is the access key that was used on it, None until one is."""

    key: bytes | None
    loop: asyncio.AbstractEventLoop

    @property
    def address(self) -> str:
        """The address of the client."""
        ...

    def close_idle(self) -> None:
        """Close the connection; no request is under way on it."""
        ...

    def refuse_connection(self) -> None:
        """Answer when to come back, and close the connection; no request is under way on it."""
        ...

    def close_after_answer(self) -> None:
        """Close the connection once the request under way is answered, at once if the client does not read the answer."""
        ...


@dataclass(slots=True)
class _OwnedConnections:
    """The connections of one owner: `busy` ones with a request under way, and `idle` ones by when they became idle; oldest first."""

    has_key: bool
    busy: dict[Connection, None] = field(default_factory=dict)
    idle: dict[Connection, float] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of connections, busy and idle."""
        return len(self.busy) + len(self.idle)


class OpenConnections:
    """All connections, those with a place and the extra ones. Those that have been idle too long are closed."""

    def __init__(self, *, limit: int, idle_timeout: float, keep_alive: float, extra_idle: float = EXTRA_IDLE) -> None:
        """`idle_timeout` and `keep_alive` are the seconds that a connection may be idle before and after a key was used on it."""
        self._limit = limit
        self._idle_timeout = idle_timeout
        self._keep_alive = keep_alive
        self._extra_idle = extra_idle
        self._by_owner: dict[Hashable, _OwnedConnections] = {}
        self._places_taken = 0
        self._idle_extra: dict[Connection, float] = {}
        self._busy_extra: dict[Connection, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection) -> bool:
        """Add a new connection; False if all places are taken and there are too many extra connections."""
        if self._places_taken < self._limit:
            self._give_place(connection).idle[connection] = connection.loop.time()
        elif len(self._idle_extra) + len(self._busy_extra) < self._limit * EXTRA_PER_PLACE:
            self._idle_extra[connection] = connection.loop.time()
        else:
            return False
        if self._timer is None:
            tick = min(_TICK, self._idle_timeout / 4, self._extra_idle / 4)
            self._timer = connection.loop.call_later(tick, self._sweep, connection.loop, tick)
        return True

    def begin_request(self, connection: Connection, key: bytes | None) -> bool:
        """A request has begun. Returns whether the connection may stay open after it.

        `key` is the request's access key if that was used before, otherwise None.
        """
        owned = self._by_owner.get(_owner(connection))
        if owned is not None and owned.idle.pop(connection, None) is not None:
            owned.busy[connection] = None
            self.note_key(connection, key)
            return True
        if owned is not None and connection in owned.busy:
            return True  # a further request, sent before the previous one was answered
        self._idle_extra.pop(connection, None)
        self._busy_extra[connection] = connection.loop.time()
        if not self._make_room(key):
            return False
        del self._busy_extra[connection]
        connection.key = key
        self._give_place(connection).busy[connection] = None
        return True

    def end_request(self, connection: Connection, key: bytes | None) -> None:
        """A request is answered; a connection with a place is idle until its next request."""
        self.note_key(connection, key)
        owned = self._by_owner.get(_owner(connection))
        if owned is not None and connection in owned.busy:
            del owned.busy[connection]
            owned.idle[connection] = connection.loop.time()

    def note_key(self, connection: Connection, key: bytes | None) -> None:
        """Make `key`, used on a connection with a request under way, the connection's owner."""
        if key is None or key == connection.key:
            return
        owned = self._by_owner.get(_owner(connection))
        if owned is not None and connection in owned.busy:
            self.remove(connection)
            connection.key = key
            self._give_place(connection).busy[connection] = None

    def remove(self, connection: Connection) -> None:
        """A connection is closed."""
        self._idle_extra.pop(connection, None)
        self._busy_extra.pop(connection, None)
        owned = self._by_owner.get(_owner(connection))
        if owned is None or (connection not in owned.idle and connection not in owned.busy):
            return
        owned.idle.pop(connection, None)
        owned.busy.pop(connection, None)
        self._places_taken -= 1
        if not owned.count:
            del self._by_owner[_owner(connection)]

    def _give_place(self, connection: Connection) -> _OwnedConnections:
        """Give a connection a place; returns the connections of its owner."""
        self._places_taken += 1
        return self._by_owner.setdefault(_owner(connection), _OwnedConnections(has_key=connection.key is not None))

    def _make_room(self, key: bytes | None) -> bool:
        """Make room for one more connection of a key, if need be by taking a place from the owner with the most connections.

        False if there is no place for it.
        """
        if self._places_taken < self._limit:
            return True
        if key is None:
            return False
        without_key = [owned for owned in self._by_owner.values() if not owned.has_key]
        largest = max(without_key or self._by_owner.values(), key=lambda owned: owned.count)
        of_key = self._by_owner.get(key)
        if largest.has_key and largest.count <= (of_key.count if of_key is not None else 0) + 1:
            return False
        if largest.idle:
            next(iter(largest.idle)).close_idle()
            return True
        newest = next(reversed(largest.busy))
        self.remove(newest)
        self._busy_extra[newest] = newest.loop.time()
        newest.close_after_answer()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop, tick: float) -> None:
        """Close the connections that have been idle too long. One timer serves all, because a timer for each is expensive."""
        now = loop.time()
        for connection in _since_before(self._idle_extra, now - self._extra_idle):
            connection.refuse_connection()
        for connection in _since_before(self._busy_extra, now - EXTRA_ANSWER):
            connection.close_after_answer()
        for owned in list(self._by_owner.values()):
            max_idle = self._keep_alive if owned.has_key else self._idle_timeout
            for connection in _since_before(owned.idle, now - max_idle):
                connection.close_idle()
        any_open = self._places_taken or self._idle_extra or self._busy_extra
        self._timer = loop.call_later(tick, self._sweep, loop, tick) if any_open else None


def _since_before(connections: dict[Connection, float], instant: float) -> list[Connection]:
    """The connections whose time is not after `instant`. The oldest come first, so the search stops at the first younger one."""
    older = []
    for connection, since in connections.items():
        if since > instant:
            break
        older.append(connection)
    return older


def _owner(connection: Connection) -> Hashable:
    return connection.key or connection.address
