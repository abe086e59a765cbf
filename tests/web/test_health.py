"""The liveness and readiness addresses."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from app.web.health import health_routes

FULL = ("STORAGE_FULL", "The disk is full.")


@pytest.mark.parametrize(
    ("path", "problem", "status", "expected"),
    [
        ("/healthz", None, 200, {"status": "ok"}),
        ("/healthz", FULL, 200, {"status": "ok"}),
        ("/readyz", None, 200, {"status": "ready"}),
        ("/readyz", FULL, 503, {"status": "not ready", "reason": FULL[0], "detail": FULL[1]}),
    ],
)
async def test_liveness_and_readiness_are_separate(
    path: str, problem: tuple[str, str] | None, status: int, expected: dict[str, str]
) -> None:
    async def found() -> tuple[str, str] | None:
        return problem

    transport = httpx.ASGITransport(app=Starlette(routes=health_routes(find_problem=found)))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        response = await client.get(path)
        assert (response.status_code, response.json()) == (status, expected)
        assert response.headers["cache-control"] == "no-store"
        assert (await client.post(path)).status_code == 405
