"""Every address, method and request gets a response: JSON with a code, or the resource."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import structlog

from app.main import create_app
from app.store.database.connect import open_database
from tests.shop import Shop, new_id, open_shop, real_now

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: object) -> Iterator[Shop]:
    """One shop for all requests."""
    from pathlib import Path

    file = tmp_path_factory.mktemp("refusals") / "shop.db"
    file.write_bytes(Path(str(sqlite_template)).read_bytes())
    with open_shop(f"sqlite:///{file}") as opened:
        yield opened


@pytest.mark.parametrize("accept", ["application/json", HTML])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/graphql/", 404),
        ("GET", "/graphql/", 404),
        ("POST", "/", 405),
        ("POST", "/nope", 404),
        ("GET", "/nope", 404),
        ("GET", "/graphiql", 404),
        ("GET", "/graphiql/nope.js", 404),
        ("GET", "/graphiql/../../main.py", 404),
        ("POST", "/graphiql/boot.js", 405),
        ("GET", "/pictures/nope.svg", 404),
        ("GET", "/healthz/", 404),
        ("POST", "/healthz", 405),
        ("DELETE", "/readyz", 405),
        ("POST", "/pictures/coffee.svg", 405),
        ("PUT", "/graphql", 405),
    ],
)
def test_unknown_address_is_rejected_in_json_except_to_a_browser(
    shop: Shop, method: str, path: str, status: int, accept: str
) -> None:
    response = shop.client.request(method, f"{shop.address}{path}", headers={"Accept": accept}, follow_redirects=False)
    if method == "PUT" and "json" not in accept:
        accept = "*/*"
    assert response.status_code == status
    if (method, status, accept) == ("GET", 404, HTML):
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert "<h1>Page not found</h1>" in response.text
        return
    assert response.headers["content-type"].startswith("application/json")
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    assert error["message"]
    assert ("allow" in response.headers) is (status == 405)


def test_old_address_of_graphiql_redirects_browsers(shop: Shop) -> None:
    response = shop.client.get(f"{shop.address}/graphql", headers={"Accept": HTML})
    assert response.headers["content-type"].startswith("text/html")


async def test_error_outside_the_api_is_masked(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(sqlite_url)

    async def broken() -> bool:
        raise RuntimeError("ada@example.com")

    monkeypatch.setattr(database, "problem", broken)
    app = create_app(database, clock=real_now, new_id=new_id)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    with structlog.testing.capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.example") as client:
            response = await client.get("/readyz")
    (error,) = response.json()["errors"]
    assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL_SERVER_ERROR")
    assert logs[0]["error_id"] == error["extensions"]["errorId"]
    assert "ada" not in response.text
    assert "ada" not in str(logs)
