"""Whether the process lives, and whether it can serve: two addresses for whoever runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNCACHED = {"cache-control": "no-store"}


def health_routes(*, ready: Callable[[], Awaitable[bool]]) -> list[Route]:
    """/healthz answers as long as the process does; /readyz answers 503 while `ready` says no."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_UNCACHED)

    async def readyz(_: Request) -> Response:
        if await ready():
            return JSONResponse({"status": "ready"}, headers=_UNCACHED)
        return JSONResponse({"status": "not ready"}, status_code=503, headers={**_UNCACHED, "retry-after": "1"})

    return [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
