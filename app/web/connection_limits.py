"""Connections: how many there may be, and how long one may take to say what it wants.

uvicorn ends a connection that is idle between two requests, but neither one that never sends its first byte nor one whose
headers never end, and its `limit_concurrency` refuses newcomers instead of ending those.
"""

from __future__ import annotations

import asyncio
import resource
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST = 1_000
"""Connections at once. A new one ends the one that has been silent for longest."""

PATIENCE = 10.0
"""Seconds from the beginning of a connection, or from the last answer, until the headers of a request are there."""

LONGEST_HEAD = 65_536
"""Bytes of a request's first line and headers."""

_SPARE_FILES = 1_000
"""Open files beside the connections: databases, logs."""


class IdleConnections:
    """The connections that have not said what they want, those that wait longest first, and since when they wait."""

    def __init__(self, *, patience: float) -> None:
        self._patience = patience
        self._since: dict[BoundedProtocol, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: BoundedProtocol) -> None:
        """Begin to wait for a request of a connection."""
        self._since.pop(connection, None)
        self._since[connection] = connection.loop.time()
        if self._timer is None:
            self._timer = connection.loop.call_later(self._patience / 4, self._look, connection.loop)

    def remove(self, connection: BoundedProtocol) -> None:
        """The connection has said what it wants, or is gone."""
        self._since.pop(connection, None)

    def close_oldest(self) -> bool:
        """End the connection that waits longest; whether there was one."""
        first = next(iter(self._since), None)
        if first is not None:
            first.end_waiting()
        return first is not None

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End those that have waited too long. One timer for all: a timer for each request would cost every till."""
        latest = loop.time() - self._patience
        for connection in [each_connection for each_connection, since in self._since.items() if since <= latest]:
            connection.end_waiting()
        self._timer = loop.call_later(self._patience / 4, self._look, loop) if self._since else None


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to waiting. `bounded` makes the class that a server uses."""

    waiting: IdleConnections
    most: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = 0
        self._waited_for = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio says so more loosely than uvicorn is called
        """Take a connection, if need be instead of a silent one."""
        super().connection_made(transport)
        if len(self.connections) > self.most and not self.waiting.close_oldest():
            self._refuse(503, message="There are too many connections. Try again.", retry_after=1)
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._go_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take some bytes, of headers not without end."""
        if self.transport.is_closing():
            return
        if self._waited_for:
            self._head += len(data)
        super().data_received(data)
        if self._waited_for and self._head > LONGEST_HEAD:
            self._refuse(431, message=f"The headers may have at most {LONGEST_HEAD:,} bytes.")

    def on_headers_complete(self) -> None:
        """It has said what it wants."""
        self._go_on()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """It is answered; wait for what comes next."""
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._wait()

    def end_waiting(self) -> None:
        """End the connection; who has begun to say something is told why."""
        if self._head:
            self._refuse(408, message="The headers did not come in time.")
        else:
            self._go_on()
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is refused in JSON too."""
        self._refuse(400, message=msg)

    def _wait(self) -> None:
        self._waited_for = True
        self.waiting.add(self)

    def _go_on(self) -> None:
        if self._waited_for:
            self._waited_for = False
            self._head = 0
            self.waiting.remove(self)

    def _refuse(self, status: int, *, message: str, retry_after: int | None = None) -> None:
        self._go_on()
        code = "RATE_LIMITED" if status == 503 else "BAD_USER_INPUT"
        body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
        again = f"retry-after: {retry_after}\r\n" if retry_after is not None else ""
        head = (
            f"HTTP/1.1 {status} {_PHRASES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\n{again}connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


def bounded(*, most: int = MOST, patience: float = PATIENCE) -> type[BoundedProtocol]:
    """The protocol of one server."""
    return type("Bounded", (BoundedProtocol,), {"waiting": IdleConnections(patience=patience), "most": most})


def raise_open_files() -> None:
    """Let this process open as many files as its connections need, if the system allows it."""
    wanted = MOST + _SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
