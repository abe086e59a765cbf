"""Whether the process lives, and whether it can serve: two addresses for whoever runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNCACHED = {"cache-control": "no-store"}


Problem: TypeAlias = tuple[str, str]
"""Why the server is not ready: a code, and a sentence for whoever runs it."""


def health_routes(*, problem: Callable[[], Awaitable[Problem | None]]) -> list[Route]:
    """/healthz answers as long as the process does; /readyz answers 503 with the reason while there is a `problem`."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_UNCACHED)

    async def readyz(_: Request) -> Response:
        found = await problem()
        if found is None:
            return JSONResponse({"status": "ready"}, headers=_UNCACHED)
        reason, detail = found
        return JSONResponse(
            {"status": "not ready", "reason": reason, "detail": detail},
            status_code=503,
            headers={**_UNCACHED, "retry-after": "1"},
        )

    return [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
