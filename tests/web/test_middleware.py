"""Every response has the id of its request; large ones are compressed; pages of named origins may call the API."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.config import Settings
from app.web.errors import unexpected_error_response
from app.web.logging_setup import log_in_json
from app.web.middleware import COMPRESSED_FROM, middleware_layers
from tests.api.minimal_schema import Edge

ORIGIN = "https://app.shop.example"


async def text(request: Request) -> Response:
    """A text of as many characters as the query asks for."""
    return PlainTextResponse("a" * int(request.query_params["size"]))


async def stream(_: Request) -> Response:
    """A text in three parts."""

    async def parts() -> AsyncIterator[str]:
        for part in "abc":
            yield part * COMPRESSED_FROM

    return StreamingResponse(parts(), media_type="text/plain")


async def log(_: Request) -> Response:
    """Writes two lines to the log."""
    structlog.get_logger("app.api").error("operation failed")
    logging.getLogger("library").error("a library's error")
    return PlainTextResponse("logged")


async def broken(_: Request) -> Response:
    """Fails."""
    raise RuntimeError


def client_of(*origins: str) -> httpx.AsyncClient:
    """A client of an application with this middleware."""
    routes = [Route(f"/{view.__name__}", view) for view in (text, stream, log, broken)]
    app = Starlette(
        routes=[*routes, *Edge().app.routes],
        middleware=middleware_layers(origins=origins),
        exception_handlers={Exception: unexpected_error_response},
    )
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://shop.example")


@pytest.fixture
def restored_log() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    before = structlog.get_config()
    yield
    structlog.configure(**before)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


@pytest.mark.parametrize("given", ["a", "0f8fad5b-d9cb-469f-a165-70867728950e", "~!x" * 33 + "x"])
async def test_valid_request_id_is_returned(given: str) -> None:
    for path in ("/text?size=1", "/nowhere", "/broken", "/graphql"):
        response = await client_of().get(path, headers={"x-request-id": given})
        assert response.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "x" * 101, "two words", "tab\there", "ümlaut", "a\x7f"])
async def test_request_id_that_is_missing_or_invalid_is_replaced(given: str) -> None:
    headers = [(b"x-request-id", given.encode())] if given else []
    first, second = [(await client_of().get("/text?size=1", headers=headers)).headers["x-request-id"] for _ in range(2)]
    assert given not in (first, second)
    assert first != second
    assert len(first) == 32


async def test_log_has_the_id_of_the_request(restored_log: None, capsys: pytest.CaptureFixture[str]) -> None:
    log_in_json("ERROR")
    # A server answers each request in a task of its own.
    await asyncio.create_task(client_of().get("/log", headers={"x-request-id": "till-7"}))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("operation failed", "till-7"),
        ("a library's error", "till-7"),
    ]
    structlog.get_logger("app.api").error("outside of requests")
    assert "request_id" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("size", "encoding"), [(COMPRESSED_FROM - 1, None), (COMPRESSED_FROM, "gzip")])
async def test_large_responses_are_compressed_for_clients_that_take_it(size: int, encoding: str | None) -> None:
    response = await client_of().get(f"/text?size={size}", headers={"accept-encoding": "gzip"})
    assert (response.headers.get("content-encoding"), response.text) == (encoding, "a" * size)
    plain = await client_of().get(f"/text?size={size}", headers={"accept-encoding": "identity"})
    assert (plain.headers.get("content-encoding"), plain.text) == (None, "a" * size)
    assert int(plain.headers["content-length"]) == size


async def test_streams_are_compressed_part_by_part() -> None:
    response = await client_of().get("/stream", headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.text == "".join(part * COMPRESSED_FROM for part in "abc")


async def test_answer_of_the_api_is_compressed_once() -> None:
    long = "x" * 100
    query = "{ " + " ".join(f'a{number}: hello(name: "{long}")' for number in range(20)) + " }"
    for asked in (query, "{ __schema { types { name description fields { name } } } }"):
        headers = {"authorization": "Bearer owner", "accept-encoding": "gzip"}
        response = await client_of().post("/graphql", json={"query": asked}, headers=headers)
        assert response.headers.get_list("content-encoding") == ["gzip"]
        assert "data" in response.json()


async def test_no_other_origin_may_call_the_api_by_default() -> None:
    response = await client_of().post("/graphql", json={"query": "{ hello }"}, headers={"origin": ORIGIN})
    assert [name for name in response.headers if name.startswith("access-control")] == []
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    assert (await client_of().options("/graphql", headers=asked)).status_code == 405


async def test_pages_of_a_named_origin_may_call_the_api_with_a_key_and_without_cookies() -> None:
    client = client_of(ORIGIN, "http://localhost:3000")
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"}
    allowed = await client.options("/graphql", headers={**asked, "origin": ORIGIN})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, ORIGIN)
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    response = await client.post("/graphql", json={"query": "{ hello }"}, headers={"origin": ORIGIN})
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "Origin" in response.headers["vary"]
    assert set(response.headers["access-control-expose-headers"].split(", ")) == {"Retry-After", "X-Request-Id"}
    for answer in (allowed, response):
        assert "access-control-allow-credentials" not in answer.headers
    other = await client.options("/graphql", headers={**asked, "origin": "https://evil.example"})
    assert (other.status_code, "access-control-allow-origin" in other.headers) == (400, False)


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("https://a.example", ["https://a.example"]),
        ("https://a.example, http://localhost:3000", ["https://a.example", "http://localhost:3000"]),
    ],
)
def test_origins_are_read_from_the_settings(monkeypatch: pytest.MonkeyPatch, text: str, origins: list[str]) -> None:
    monkeypatch.setenv("TROTH_CORS_ORIGINS", text)
    assert Settings().origins == origins
    monkeypatch.delenv("TROTH_CORS_ORIGINS")
    assert Settings().origins == []


@pytest.mark.parametrize("text", ["*", "a.example", "https://a.example/", "https://*.example", "https://a.example;"])
def test_settings_reject_what_is_no_origin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TROTH_CORS_ORIGINS", text)
    with pytest.raises(ValidationError, match="CORS"):
        Settings()
