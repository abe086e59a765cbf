"""Two addresses for whoever runs the server: does the process run, and can it serve requests?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

_UNCACHED = {"cache-control": "no-store"}


Problem: TypeAlias = tuple[str, str]
"""Why the server is not ready: a code, and a sentence for whoever runs it."""


def health_routes(*, find_problem: Callable[[], Awaitable[Problem | None]]) -> list[Route]:
    """The routes /healthz, which always answers 200, and /readyz, which answers 503 while `find_problem` returns a problem."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers=_UNCACHED)

    async def readyz(_: Request) -> Response:
        problem = await find_problem()
        if problem is None:
            return JSONResponse({"status": "ready"}, headers=_UNCACHED)
        code, sentence = problem
        return JSONResponse(
            {"status": "not ready", "reason": code, "detail": sentence},
            status_code=503,
            headers={**_UNCACHED, "retry-after": "1"},
        )

    return [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
