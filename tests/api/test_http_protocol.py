"""What the GraphQL endpoint accepts, refuses and returns at the HTTP level."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import structlog

from app.graphql_server.http.request import MAX_BODY, MAX_VARIABLE_DEPTH
from tests.api.minimal_schema import Edge, code

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def test_query_is_answered(edge: Edge) -> None:
    response = await edge.execute("query($n: String!) { hello(name: $n) }", variables={"n": "Ada"})
    assert (response.status_code, response.json()) == (200, {"data": {"hello": "Hello Ada"}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("application/json; charset=utf-8", JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, application/json", JSON),
        ("application/json;q=0, */*", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, application/json, text/event-stream, multipart/mixed", GRAPHQL_JSON),
    ],
)
async def test_response_has_the_media_type_that_the_client_prefers(edge: Edge, accept: str, media: str) -> None:
    response = await edge.execute("{ hello }", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", "text/event-stream", "image/*", "application/json;q=0", "x;q=nonsense"]
)
async def test_client_that_accepts_no_json_gets_406(edge: Edge, accept: str) -> None:
    response = await edge.execute("{ hello }", headers={"accept": accept})
    assert (response.status_code, code(response)) == (406, "BAD_USER_INPUT")
    assert ("Subscriptions" in response.text) is (accept == "text/event-stream")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"1",
        b"null",
        b'"text"',
        b"{",
        b'{"query": "{ hello }"',
        b"\xff\xfe",
        b'{"query": "\xff"}',
        b"[" * 5000,
        b'{"query": "{ hello }", "variables": ' + b'{"a":' * 30 + b"1" + b"}" * 31,
        b'{"query": "{ hello }", "variables": {"a": ' + b"9" * 20_000 + b"}}",
        b'{"query": "{ hello }", "variables": {"a": NaN}}',
        b'{"query": "{ hello }", "variables": {"a": "\\u0000"}}',
        b'{"query": "{ hello }", "variables": {"\\u0000": 1}}',
        b'{"query": "{ hello \\u0000 }"}',
        b'{"query": "{ hello }", "variables": {"a": "\\ud800"}}',
        b'{"query": "{ hello }", "variables": [1]}',
        b'{"query": "{ hello }", "variables": "x"}',
        b'{"query": "{ hello }", "operationName": 1}',
        b'{"query": "{ hello }", "extensions": 1}',
        b'{"query": 1}',
        b'{"query": ""}',
        b'{"query": null}',
        b"{}",
        b'[{"query": "{ hello }"}]',
    ],
)
async def test_a_malformed_body_is_rejected(edge: Edge, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_JSON):
        response = await edge.post(body, accept=accept)
        assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
        assert "data" not in response.json()


async def test_variables_have_a_nesting_limit(edge: Edge) -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {} if depth == 1 else {"in": nested(depth - 1)}

    document = "query($n: String!) { hello(name: $n) }"
    deepest = await edge.execute(document, variables={"n": "Ada", "more": nested(MAX_VARIABLE_DEPTH - 1)})
    assert deepest.json() == {"data": {"hello": "Hello Ada"}}
    deeper = await edge.execute(document, variables={"n": "Ada", "more": nested(MAX_VARIABLE_DEPTH)})
    assert (deeper.status_code, code(deeper)) == (400, "BAD_USER_INPUT")


async def test_escaped_backslash_u0000_is_no_nul(edge: Edge) -> None:
    body = orjson.dumps({"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": r"\u0000"}})
    assert (await edge.post(body)).json() == {"data": {"hello": r"Hello \u0000"}}


@pytest.mark.parametrize("escape", [r"\u0000", r"\u{0}"])
async def test_nul_in_a_document_is_rejected(edge: Edge, escape: str) -> None:
    response = await edge.execute(f'{{ hello(name: "{escape}") }}')
    assert code(response) == "BAD_USER_INPUT"


async def test_lone_surrogate_in_a_document_is_rejected(edge: Edge) -> None:
    assert code(await edge.execute(r'{ hello(name: "\ud800") }')) == "GRAPHQL_PARSE_FAILED"


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonx",
        "application/json; charset=latin1",
    ],
)
async def test_only_json_is_accepted(edge: Edge, content_type: str) -> None:
    response = await edge.client.post(
        "/graphql", content=b'{"query":"{hello}"}', headers={"content-type": content_type}
    )
    assert (response.status_code, code(response)) == (415, "BAD_USER_INPUT")


async def test_a_compressed_body_is_rejected(edge: Edge) -> None:
    assert (await edge.post(b"x", content_encoding="gzip")).status_code == 415


async def test_large_body_is_rejected_whatever_its_content_length(edge: Edge) -> None:
    large = b'{"query": "{ hello }", "variables": {"a": "' + b"x" * MAX_BODY + b'"}}'

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    headers = {"content-type": JSON}
    for sent in (
        await edge.client.post("/graphql", content=large, headers=headers),
        await edge.client.post("/graphql", content=chunks(), headers=headers),
        await edge.client.post("/graphql", content=large, headers={**headers, "content-length": "20"}),
        await edge.client.post("/graphql", content=b"{}", headers={**headers, "content-length": "100001"}),
    ):
        assert (sent.status_code, code(sent)) == (413, "BAD_USER_INPUT")
    wrong = await edge.client.post("/graphql", content=b"{}", headers={**headers, "content-length": "-1"})
    assert (wrong.status_code, code(wrong)) == (400, "BAD_USER_INPUT")


async def test_a_body_of_exactly_the_limit_is_read(edge: Edge) -> None:
    start, end = b'{"query": "{ hello }", "variables": {"a": "', b'"}}'
    body = start + b"x" * (MAX_BODY - len(start) - len(end)) + end
    assert (await edge.post(body)).json() == {"data": {"hello": "Hello world"}}


async def test_request_without_its_body_times_out(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.graphql_server.http.request.BODY_TIMEOUT", 0.05)

    async def chunks() -> AsyncIterator[bytes]:
        yield b'{"query":'
        await asyncio.sleep(30)

    response = await edge.client.post("/graphql", content=chunks(), headers={"content-type": JSON})
    assert (response.status_code, code(response), response.headers["connection"]) == (408, "BAD_USER_INPUT", "close")


async def test_get_runs_queries_unless_sent_by_another_site(edge: Edge) -> None:
    parameters = {
        "query": "query A($n: String!) { hello(name: $n) } query B { number }",
        "operationName": "A",
        "variables": '{"n":"Ada"}',
    }
    for name in ("Authorization", "GraphQL-Preflight", "X-Requested-With"):
        response = await edge.client.get("/graphql", params=parameters, headers={name: "1"})
        assert (response.status_code, response.json()) == (200, {"data": {"hello": "Hello Ada"}})
    response = await edge.client.get("/graphql", params=parameters)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "variables=1&query={hello}",
        "variables={&query={hello}",
        "query=%ff",
        "query={hello(name:%22%00%22)}",
        "operationName=A",
    ],
)
async def test_a_malformed_get_is_rejected(edge: Edge, query: str) -> None:
    response = await edge.client.get(f"/graphql?{query}", headers={"graphql-preflight": "1"})
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_get_runs_no_mutation(edge: Edge) -> None:
    response = await edge.client.get(
        "/graphql", params={"query": 'mutation { shout(word: "a") }'}, headers={"graphql-preflight": "1"}
    )
    assert (response.status_code, code(response), response.headers["allow"]) == (405, "BAD_USER_INPUT", "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_rejected(edge: Edge, method: str) -> None:
    response = await edge.client.request(method, "/graphql")
    assert (response.status_code, code(response), response.headers["allow"]) == (405, "BAD_USER_INPUT", "GET, POST")


async def test_websocket_upgrade_is_rejected_with_a_message(edge: Edge) -> None:
    response = await edge.client.get(
        "/graphql?query={hello}", headers={"upgrade": "websocket", "graphql-preflight": "1"}
    )
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert "WebSocket" in response.text


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
async def test_a_websocket_is_rejected_before_it_opens(edge: Edge, extensions: dict[str, Any]) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [],
        "query_string": b"",
        "extensions": extensions,
        "subprotocols": [],
    }
    await edge.app(scope, receive, send)
    types = ["websocket.http.response.start", "websocket.http.response.body"] if extensions else ["websocket.close"]
    assert [value["type"] for value in sent] == types


async def test_disconnected_client_gets_no_response(edge: Edge) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    with structlog.testing.capture_logs() as logs:
        await edge.app(scope, receive, send)
    assert logs == []
