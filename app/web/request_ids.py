"""The id of a request, `X-Request-Id`: sent by the client or new; it is in the response and in the log."""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_VALID = re.compile(rb"[\x21-\x7e]{1,100}")

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """The id of the request that is being answered; None outside of requests."""
    return _request_id.get()


def add_request_id(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add the id of the request to a line of the log; a processor of structlog."""
    id = _request_id.get()
    if id is not None:
        event["request_id"] = id
    return event


class RequestIdMiddleware:
    """ASGI middleware that gives each request its id.

    An id from the client that is not 1 to 100 printable ASCII characters without spaces is replaced.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id: bytes = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        id = sent_id if _VALID.fullmatch(sent_id) else secrets.token_hex(16).encode()
        _request_id.set(id.decode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", id)]
            await send(message)

        await self._app(scope, receive, send_with_id)
