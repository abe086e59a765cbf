"""Limits on connections: their number, and the time until a request's headers are complete.

uvicorn closes a connection that is idle between two requests. It does not close one on which no byte ever arrives or
whose headers never end, and at its `limit_concurrency` it refuses new connections even while connections
of that kind occupy it.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.graphql_server.http.errors import BAD_INPUT, UNAVAILABLE

MAX_CONNECTIONS = 1_000
"""Open connections. One more closes the connection that has been idle longest."""

IDLE_TIMEOUT = 10.0
"""Seconds from the start of a connection, or from its last response, within which the headers of a request must arrive."""

MAX_HEAD_BYTES = 65_536
"""Bytes that the first line and the headers of a request may have."""

_OTHER_FILES = 1_000
"""Open files that are no connections of clients: databases, logs."""


class IdleConnections:
    """Connections without a complete request head, oldest first, and since when they have been idle."""

    def __init__(self, *, idle_timeout: float) -> None:
        self._idle_timeout = idle_timeout
        self._since: dict[BoundedProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: BoundedProtocol) -> None:
        """Start the idle time of a connection."""
        self._since.pop(connection, None)
        self._since[connection] = connection.loop.time()
        if self._timer is None:
            self._timer = connection.loop.call_later(self._idle_timeout / 4, self._close_expired, connection.loop)

    def remove(self, connection: BoundedProtocol) -> None:
        """End the idle time of a connection that sent a request or was closed."""
        self._since.pop(connection, None)

    def close_oldest(self) -> bool:
        """Close the connection that has been idle longest; returns whether there was one."""
        first = next(iter(self._since), None)
        if first is not None:
            first.close_idle()
        return first is not None

    def _close_expired(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the connections that have been idle too long. One timer serves all, because a timer for each is expensive."""
        latest = loop.time() - self._idle_timeout
        for connection in [idle for idle, since in self._since.items() if since <= latest]:
            connection.close_idle()
        self._timer = loop.call_later(self._idle_timeout / 4, self._close_expired, loop) if self._since else None


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on connections and idle time. `bounded` makes the class that a server uses."""

    idle_connections: IdleConnections
    max_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_bytes = 0
        self._idle = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio says so more loosely than uvicorn is called
        """Accept a connection, if need be in place of an idle one."""
        super().connection_made(transport)
        if len(self.connections) > self.max_connections and not self.idle_connections.close_oldest():
            self._reject(503, message="There are too many connections. Try again.", retry_after=1)
            return
        self._begin_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the idle ones."""
        self._end_idle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Receive bytes; request heads are limited in size."""
        if self.transport.is_closing():
            return
        if self._idle:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._idle and self._head_bytes > MAX_HEAD_BYTES:
            self._reject(431, message=f"The headers may have at most {MAX_HEAD_BYTES:,} bytes.")

    def on_headers_complete(self) -> None:
        """The request head is complete: the connection is no longer idle."""
        self._end_idle()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """The request is answered: the connection is idle until the next one."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._begin_idle()

    def close_idle(self) -> None:
        """Close an idle connection, with an answer if part of a request arrived."""
        if self._head_bytes:
            self._reject(408, message="The headers did not come in time.")
        else:
            self._end_idle()
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP in JSON."""
        self._reject(400, message=msg)

    def _begin_idle(self) -> None:
        self._idle = True
        self.idle_connections.add(self)

    def _end_idle(self) -> None:
        if self._idle:
            self._idle = False
            self._head_bytes = 0
            self.idle_connections.remove(self)

    def _reject(self, status: int, *, message: str, retry_after: int | None = None) -> None:
        self._end_idle()
        extensions: dict[str, object] = {"code": UNAVAILABLE if status == 503 else BAD_INPUT}
        if retry_after is not None:
            extensions["retryAfter"] = retry_after
        body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
        retry_after_line = f"retry-after: {retry_after}\r\n" if retry_after is not None else ""
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\n{retry_after_line}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def bounded(*, max_connections: int = MAX_CONNECTIONS, idle_timeout: float = IDLE_TIMEOUT) -> type[BoundedProtocol]:
    """The protocol of one server."""

    class Bounded(BoundedProtocol):
        """With the limits of this server."""

    Bounded.idle_connections = IdleConnections(idle_timeout=idle_timeout)
    Bounded.max_connections = max_connections
    return Bounded


def raise_open_file_limit() -> None:
    """Let this process open as many files as its connections need, if the system allows it."""
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
