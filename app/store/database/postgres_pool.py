"""Connections to PostgreSQL: a bounded number, lent in order of request, replaced when they break.

asyncpg's own pool was tried in its place (0.32). It cannot drop idle connections without talking to their server, and
when one connection breaks, the idle ones are mostly just as broken. With ten connections to a server that had stopped
answering (a failover, a firewall that forgot them), requests failed for 140 s, one connection after the other; this pool
closes the idle ones with the first that fails, and no request failed. asyncpg's `expire_connections` closes them in
tasks that nobody awaits: an error is logged for each that is dead, and a silent one is waited for without limit. The
limits on waiting callers would have to be written here in any case. `tests/store/test_postgres.py` tests all of this.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import asyncpg

from app.store.database.session import Busy, Unavailable

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class Pool:
    """A pool of at most `size` connections. At most `limit` callers wait for one, each for at most `patience` seconds."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, size: int, limit: int, patience: float) -> None:
        self._connect = connect
        self._size = size
        self._limit = limit
        self._patience = patience
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        self._slots_used = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._closed = True

    @property
    def slots_free(self) -> int:
        """How many more connections may be used."""
        return self._size - self._slots_used

    def open(self) -> None:
        """Accept callers from now on."""
        self._closed = False

    async def acquire_slot(self) -> None:
        """Wait for the right to use one connection, which `release_slot` returns. Raises Busy and Unavailable."""
        if self._closed:
            raise Unavailable("The database is not open.")
        if self._slots_used < self._size:
            self._slots_used += 1
            return
        if len(self._waiters) >= self._limit:
            raise Busy
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.append(waiter)
        expiry = loop.call_later(self._patience, _expire, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release_slot()
            raise
        finally:
            expiry.cancel()

    def release_slot(self) -> None:
        """Return the right to use a connection; it goes to the caller who has waited longest."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._slots_used -= 1

    async def take_connection(self) -> Connection:
        """Take an open connection, for a caller that has acquired a slot. Raises whatever connecting raises."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                break
        else:
            connection = await self._connect()
        self._lent.add(connection)
        return connection

    def return_connection(self, connection: Connection, *, is_sound: bool) -> None:
        """Return a connection. An unsound one is closed, and so are the idle ones, which may be just as broken."""
        self._lent.discard(connection)
        if is_sound and not self._closed and not connection.is_closed():
            self._idle.append(connection)
            return
        connection.terminate()
        if not is_sound:
            self.forget_idle()

    def forget_idle(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.terminate()
        self._idle.clear()

    def close(self) -> None:
        """Close every connection; callers who wait get Unavailable."""
        self._closed = True
        self.forget_idle()
        for connection in tuple(self._lent):
            connection.terminate()
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(Unavailable("The database is closing."))


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(Busy())
