"""Limits on connections: their number, the time until a request's headers are complete, and the turns of requests.

uvicorn closes a connection that is idle between two requests. It does not close one on which no byte ever arrives or
whose headers never end, and at its `limit_concurrency` it refuses new connections even while connections
of that kind occupy it.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.graphql_server.http.errors import BAD_INPUT, UNAVAILABLE
from app.web.callers import Callers
from app.web.open_connections import EXTRA_PER_PLACE, OpenConnections
from app.web.turns import Turns

MAX_CONNECTIONS = 1_000
"""Places for open connections; as many again may be extra: see `open_connections.py`."""

IDLE_TIMEOUT = 10.0
"""Seconds within which the headers of a request must arrive on a connection on which no access key was used yet."""

KEEP_ALIVE = 60.0
"""Seconds that a connection on which an access key was used may be idle: a till is, between two receipts."""

MAX_HEAD_BYTES = 65_536
"""Bytes that the first line and the headers of a request may have."""

_OTHER_FILES = 1_000
"""Maximum number of open files other than connections of clients: databases, logs."""


class _RequestTurn:
    """The turn of a request on a connection."""

    __slots__ = ("_app", "_cycle", "_protocol", "caller", "has_key")

    def __init__(
        self, protocol: BoundedProtocol, cycle: RequestResponseCycle, app: ASGIApp, caller: Hashable, *, has_key: bool
    ) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._app = app
        self.caller = caller
        self.has_key = has_key

    def begin(self) -> None:
        """Begin the request."""
        self._protocol.begin(self._cycle, self._run)

    def turn_away(self) -> None:
        """Answer that the turn did not come, and when to come back."""
        self._protocol.answer_missed_turn(self._cycle)

    def disconnect(self) -> None:
        """Mark the request as disconnected. Of several requests sent at once, uvicorn marks only the latest, which may still wait."""
        self._protocol.turns.stop_waiting(self)
        if not self._cycle.response_complete:
            self._cycle.disconnected = True
            self._cycle.message_event.set()

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        finally:
            self._protocol.turns.end(self)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with limits on connections and idle time, and turns. `bounded_protocol` makes a server's subclass."""

    open_connections: OpenConnections
    turns: Turns
    callers: Callers

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.key: bytes | None = None
        self._turn: _RequestTurn | None = None
        self._head_bytes = 0
        self._awaits_head = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # asyncio declares BaseTransport
        """Accept a connection."""
        super().connection_made(transport)
        if self.open_connections.admit(self):
            self._awaits_head = True
        else:
            self.refuse_connection()

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection, and the request that waits for its turn."""
        self.open_connections.remove(self)
        if self._turn is not None:
            self._turn.disconnect()
        super().connection_lost(exc)

    @property
    def address(self) -> str:
        """The address of the client, or of the proxy that the connection comes from."""
        return self.callers.peer(self.client)

    def data_received(self, data: bytes) -> None:
        """Receive bytes; request heads are limited in size."""
        if self.transport.is_closing():
            return
        if self._awaits_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._awaits_head and self._head_bytes > MAX_HEAD_BYTES:
            self._reject(431, message=f"The headers may have at most {MAX_HEAD_BYTES:,} bytes.")

    def on_headers_complete(self) -> None:
        """The request head is complete: the connection is no longer idle."""
        self._awaits_head = False
        self._head_bytes = 0
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin a request when its turn comes. An extra connection is closed after it."""
        key = self.callers.key(cycle.scope["headers"])
        if not self.open_connections.begin_request(self, key):
            cycle.keep_alive = False
        caller = key or self.callers.address(self.client, cycle.scope["headers"])
        self._turn = _RequestTurn(self, cycle, app, caller, has_key=key is not None)
        self.turns.take(self._turn)

    def begin(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:
        """Begin a request whose turn has come."""
        super()._start_asgi_task(cycle, app)  # type: ignore[arg-type]  # Starlette's types are less exact than uvicorn's

    def on_response_complete(self) -> None:
        """The request is answered: the connection is idle until the next request."""
        newly_used_key = self.callers.key(self.cycle.scope["headers"]) if self.key is None else None
        self.open_connections.end_request(self, newly_used_key)
        super().on_response_complete()
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._awaits_head = True

    def answer_missed_turn(self, cycle: RequestResponseCycle) -> None:
        """Answer a request whose turn did not come; the connection stays open, unless more of the request's body is to come."""
        if self.transport.is_closing():
            return
        cycle.response_started = cycle.response_complete = True
        if cycle.keep_alive and not cycle.more_body:
            self.transport.write(_MISSED_TURN)
            self.on_response_complete()
        else:
            self.refuse_connection()

    def close_after_answer(self) -> None:
        """Close the connection once the request under way is answered, at once if the client does not read the answer."""
        if self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
        else:
            self.cycle.keep_alive = False

    def close_idle(self) -> None:
        """Close an idle connection, with an answer if part of a request arrived."""
        if self._head_bytes:
            self._reject(408, message="The headers did not come in time.")
        else:
            self.open_connections.remove(self)
            self.transport.close()

    def refuse_connection(self) -> None:
        """Answer when to come back, and close the connection."""
        self._reject(503, message="There are too many connections. Try again.")

    def send_400_response(self, msg: str) -> None:
        """Answer malformed HTTP in JSON."""
        self._reject(400, message=msg)

    def _reject(self, status: int, *, message: str) -> None:
        self.open_connections.remove(self)
        self.transport.write(_answer(status, message=message, closes=True))
        self.transport.close()


_PHRASES = {
    400: "Bad Request",
    408: "Request Timeout",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}


@lru_cache
def _answer(status: int, *, message: str, closes: bool) -> bytes:
    """The bytes of a whole HTTP response with an error in JSON; `closes`: the connection is closed after it."""
    extensions = {"code": UNAVAILABLE, "retryAfter": 1} if status == 503 else {"code": BAD_INPUT}
    body = orjson.dumps({"errors": [{"message": message, "extensions": extensions}]})
    lines = [
        f"HTTP/1.1 {status} {_PHRASES[status]}",
        "content-type: application/json; charset=utf-8",
        f"content-length: {len(body)}",
        "cache-control: no-store",
    ]
    if status == 503:
        lines.append("retry-after: 1")
    if closes:
        lines.append("connection: close")
    return "\r\n".join((*lines, "", "")).encode("ascii") + body


_MISSED_TURN = _answer(
    503,
    message="Too many requests wait for their turn. Repeat this one with the same idempotencyKey.",
    closes=False,
)


def bounded_protocol(
    *,
    callers: Callers | None = None,
    max_connections: int = MAX_CONNECTIONS,
    idle_timeout: float = IDLE_TIMEOUT,
    keep_alive: float = KEEP_ALIVE,
    turns: Turns | None = None,
) -> type[BoundedProtocol]:
    """The protocol class of one server, with its limits, its turns and its callers."""

    class ServerProtocol(BoundedProtocol):
        """The protocol of this server."""

    ServerProtocol.open_connections = OpenConnections(
        limit=max_connections, idle_timeout=idle_timeout, keep_alive=keep_alive
    )
    ServerProtocol.turns = turns or Turns()
    ServerProtocol.callers = callers or Callers()
    return ServerProtocol


def raise_open_file_limit(max_connections: int) -> None:
    """Let this process open as many files as its connections need, if the system allows it."""
    required = int(max_connections * (1 + EXTRA_PER_PLACE)) + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < required:
        limit = required if hard == resource.RLIM_INFINITY else min(required, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
