"""The liveness and readiness addresses."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from app.web.health import health_routes


@pytest.mark.parametrize(
    ("path", "is_ready", "status", "expected"),
    [
        ("/healthz", True, 200, "ok"),
        ("/healthz", False, 200, "ok"),
        ("/readyz", True, 200, "ready"),
        ("/readyz", False, 503, "not ready"),
    ],
)
async def test_liveness_and_readiness_are_separate(path: str, is_ready: bool, status: int, expected: str) -> None:
    async def ready() -> bool:
        return is_ready

    transport = httpx.ASGITransport(app=Starlette(routes=health_routes(ready=ready)))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
        response = await client.get(path)
        assert (response.status_code, response.json()) == (status, {"status": expected})
        assert response.headers["cache-control"] == "no-store"
        assert (await client.post(path)).status_code == 405
