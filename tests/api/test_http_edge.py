"""What the GraphQL endpoint takes, refuses and answers, as HTTP sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import structlog

from app.api.bodies import LARGEST_BODY
from tests.api.small import SECRET, Edge, code

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EITHER = [(JSON, 200), (GRAPHQL_JSON, 400)]


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def test_a_query_is_answered(edge: Edge) -> None:
    answer = await edge.ask("query($n: String!) { hello(name: $n) }", variables={"n": "Ada"})
    assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Hello Ada"}})
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"


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
async def test_the_media_type_is_the_one_the_client_likes_best(edge: Edge, accept: str, media: str) -> None:
    answer = await edge.ask("{ hello }", headers={"accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"{media}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", "text/event-stream", "image/*", "application/json;q=0", "x;q=nonsense"]
)
async def test_a_client_that_takes_no_json_is_told_so(edge: Edge, accept: str) -> None:
    answer = await edge.ask("{ hello }", headers={"accept": accept})
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")
    assert ("Subscriptions" in answer.text) is (accept == "text/event-stream")


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
async def test_a_malformed_body_is_refused(edge: Edge, body: bytes) -> None:
    for accept in (JSON, GRAPHQL_JSON):
        answer = await edge.post(body, accept=accept)
        assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")
        assert "data" not in answer.json()


async def test_the_text_backslash_u0000_is_no_nul(edge: Edge) -> None:
    body = orjson.dumps({"query": "query($n: String!) { hello(name: $n) }", "variables": {"n": r"\u0000"}})
    assert (await edge.post(body)).json() == {"data": {"hello": r"Hello \u0000"}}


@pytest.mark.parametrize("escape", [r"\u0000", r"\u{0}"])
async def test_a_nul_written_in_the_document_is_refused(edge: Edge, escape: str) -> None:
    answer = await edge.ask(f'{{ hello(name: "{escape}") }}')
    assert code(answer) == "BAD_USER_INPUT"


async def test_a_lone_surrogate_written_in_the_document_is_refused(edge: Edge) -> None:
    assert code(await edge.ask(r'{ hello(name: "\ud800") }')) == "GRAPHQL_PARSE_FAILED"


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
async def test_only_json_is_taken(edge: Edge, content_type: str) -> None:
    answer = await edge.client.post("/graphql", content=b'{"query":"{hello}"}', headers={"content-type": content_type})
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_compressed_body_is_refused(edge: Edge) -> None:
    assert (await edge.post(b"x", content_encoding="gzip")).status_code == 415


async def test_a_large_body_is_refused_whatever_length_it_announces(edge: Edge) -> None:
    large = b'{"query": "{ hello }", "variables": {"a": "' + b"x" * LARGEST_BODY + b'"}}'

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
        assert (sent.status_code, code(sent)) == (413, "PAYLOAD_TOO_LARGE")
    wrong = await edge.client.post("/graphql", content=b"{}", headers={**headers, "content-length": "-1"})
    assert (wrong.status_code, code(wrong)) == (400, "BAD_USER_INPUT")


async def test_a_body_of_exactly_the_limit_is_read(edge: Edge) -> None:
    start, end = b'{"query": "{ hello }", "variables": {"a": "', b'"}}'
    body = start + b"x" * (LARGEST_BODY - len(start) - len(end)) + end
    assert (await edge.post(body)).json() == {"data": {"hello": "Hello world"}}


async def test_get_runs_queries_for_who_could_not_be_another_site(edge: Edge) -> None:
    parameters = {
        "query": "query A($n: String!) { hello(name: $n) } query B { number }",
        "operationName": "A",
        "variables": '{"n":"Ada"}',
    }
    for name in ("Authorization", "GraphQL-Preflight", "X-Requested-With"):
        answer = await edge.client.get("/graphql", params=parameters, headers={name: "1"})
        assert (answer.status_code, answer.json()) == (200, {"data": {"hello": "Hello Ada"}})
    answer = await edge.client.get("/graphql", params=parameters)
    assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")


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
async def test_a_malformed_get_is_refused(edge: Edge, query: str) -> None:
    answer = await edge.client.get(f"/graphql?{query}", headers={"graphql-preflight": "1"})
    assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")


async def test_get_runs_no_mutation(edge: Edge) -> None:
    answer = await edge.client.get(
        "/graphql", params={"query": 'mutation { shout(word: "a") }'}, headers={"graphql-preflight": "1"}
    )
    assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "POST")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(edge: Edge, method: str) -> None:
    answer = await edge.client.request(method, "/graphql")
    assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "METHOD_NOT_ALLOWED", "GET, POST")


@pytest.mark.parametrize(("accept", "status"), EITHER)
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "{ nope }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "fragment F on Query { hello }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "type T { a: Int }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "query A { hello } query B { hello }"}, "BAD_USER_INPUT"),
        ({"query": "query A { hello }", "operationName": "B"}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { number(of: $n) }"}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { number(of: $n) }", "variables": {"n": "x"}}, "BAD_USER_INPUT"),
        ({"query": "query($n: Int!) { number(of: $n) }", "variables": {"n": 2**31}}, "BAD_USER_INPUT"),
        (
            {"query": "query($b: ShopBy) { shop(by: $b) { id } }", "variables": {"b": {"id": "1", "name": "x"}}},
            "BAD_USER_INPUT",
        ),
        ({"query": '{ shop(by: {id: "1", name: "x"}) { id } }'}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "{ " + " ".join(f"a{n}: hello" for n in range(31)) + " }"}, "OPERATION_TOO_COMPLEX"),
        ({"documentId": "sha256:" + "0" * 64}, "PERSISTED_QUERY_NOT_FOUND"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}, "PERSISTED_QUERY_NOT_FOUND"),
    ],
)
async def test_a_request_error_has_a_code_and_no_data(
    edge: Edge, asked: dict[str, Any], expected: str, accept: str, status: int
) -> None:
    answer = await edge.client.post("/graphql", json=asked, headers={"accept": accept})
    assert answer.status_code == status
    assert "data" not in answer.json()
    assert {one["extensions"]["code"] for one in answer.json()["errors"]} == {expected}


async def test_a_stored_document_sent_with_its_text_runs(edge: Edge) -> None:
    hashed = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    assert (await edge.ask("{ hello }", extensions=hashed)).json() == {"data": {"hello": "Hello world"}}


async def test_no_error_suggests_names_or_repeats_long_values(edge: Edge) -> None:
    long = "x" * 5000
    for asked in (
        {"query": "{ helo }"},
        {"query": "{ hello(nam: 1) }"},
        {
            "query": "query($o: Order!) { ordered(order: $o) }",
            "variables": {"o": {"word": ["x"], "words": ["x"], long: long}},
        },
        {"query": "query($o: Order!) { ordered(order: $o) }", "variables": {"o": long}},
        {"query": "query($n: Int!) { number(of: $n) }", "variables": {"n": long}},
        {"query": "query($d: Decimal!) { decimal(of: $d) }", "variables": {"d": long}},
        {"query": f"{{ {long} }}"},
        {"query": f'{{ number(of: "{long}") }}'},
        {"query": f"query {long} {{ hello }} query B {{ hello }}", "operationName": "C"},
    ):
        answer = await edge.client.post("/graphql", json=asked)
        for error in answer.json()["errors"]:
            assert "Did you mean" not in error["message"]
            assert "x" * 50 not in error["message"]
            assert len(error["message"]) <= 300


async def test_an_argument_that_a_null_variable_leaves_empty_is_the_clients_mistake(edge: Edge) -> None:
    answer = await edge.ask("query($n: Int) { number(of: $n) }", variables={"n": None})
    assert (answer.status_code, answer.json()["data"], code(answer)) == (200, {"number": None}, "BAD_USER_INPUT")


@pytest.mark.parametrize("field", ["broken", "careless"])
async def test_what_breaks_is_masked_and_logged_under_the_id_that_the_client_gets(edge: Edge, field: str) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await edge.ask(f"{{ hello {field} }}", variables={"unused": "personal"})
    (error,) = answer.json()["errors"]
    assert answer.status_code == 200
    assert answer.json()["data"] == {"hello": "Hello world", field: None}
    assert (error["extensions"]["code"], error["path"]) == ("INTERNAL_SERVER_ERROR", [field])
    assert SECRET not in answer.text
    (line,) = logs
    assert (line["error_id"], line["log_level"], line["path"]) == (error["extensions"]["errorId"], "error", [field])
    assert "small.py" in line["frames"][-1]
    assert SECRET not in str(logs)
    assert "personal" not in str(logs)


async def test_a_refusal_raised_on_purpose_passes(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await edge.ask("{ forbidden }")
    assert answer.json()["errors"][0]["message"] == "Tills may not do this."
    assert code(answer) == "FORBIDDEN"
    assert logs == []


async def test_mistakes_of_clients_are_not_logged(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        for query in ("{", "{ nope }", "{ number(of: 1.5) }"):
            await edge.ask(query)
        await edge.post(b"{")
    assert logs == []


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_JSON, 401)])
async def test_a_wrong_key_is_refused_before_anything_runs(edge: Edge, accept: str, status: int) -> None:
    answer = await edge.ask("{ hello }", headers={"authorization": "Bearer wrong", "accept": accept})
    assert (answer.status_code, code(answer)) == (status, "UNAUTHENTICATED")
    assert "data" not in answer.json()


async def test_a_fault_while_signing_in_is_a_masked_500(edge: Edge) -> None:
    answer = await edge.ask("{ hello }", headers={"authorization": "Bearer broken"})
    assert (answer.status_code, code(answer)) == (500, "INTERNAL_SERVER_ERROR")
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    ("query", "authorization"), [("{ hello }", "Bearer full"), ("{ full }", ""), ("mutation { crowd }", "")]
)
async def test_overload_is_503_with_the_time_to_wait(edge: Edge, query: str, authorization: str) -> None:
    answer = await edge.ask(query, headers={"authorization": authorization})
    assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "TRY_AGAIN", "3")


async def test_what_was_done_is_told_though_the_rest_met_overload(edge: Edge) -> None:
    answer = await edge.ask('mutation { shout(word: "a") crowd }')
    assert (answer.status_code, answer.json()["data"], code(answer)) == (
        200,
        {"shout": "A", "crowd": None},
        "TRY_AGAIN",
    )


async def test_an_operation_that_takes_too_long_is_ended() -> None:
    answer = await Edge(longest_run=0.05).ask("{ slow }")
    assert (answer.status_code, code(answer), answer.headers["retry-after"]) == (503, "OPERATION_TIMED_OUT", "1")


async def test_introspection_is_for_whom_it_is_open(edge: Edge) -> None:
    for query in (
        "{ __schema { queryType { name } } }",
        '{ ...F } fragment F on Query { __type(name: "Shop") { name } }',
    ):
        assert code(await edge.ask(query)) == "FORBIDDEN"
        assert "errors" not in (await edge.ask(query, headers={"authorization": "Bearer owner"})).json()
    assert (await edge.ask("{ __typename }")).json() == {"data": {"__typename": "Query"}}


async def test_the_context_learns_what_the_chosen_operation_needs(edge: Edge) -> None:
    document = "query A { needed ...F } query B { hello } fragment F on Query { shop { next { name } } thing { id } }"
    answer = await edge.ask(document, operationName="A")
    assert answer.json()["data"]["needed"] == [
        "Query.needed", "Query.shop", "Query.thing", "Shop.id", "Shop.name", "Shop.next", "Thing.id",
    ]  # fmt: skip


async def test_a_websocket_upgrade_is_refused_in_words(edge: Edge) -> None:
    answer = await edge.client.get("/graphql?query={hello}", headers={"upgrade": "websocket", "graphql-preflight": "1"})
    assert (answer.status_code, code(answer)) == (400, "BAD_USER_INPUT")
    assert "WebSocket" in answer.text


@pytest.mark.parametrize("extensions", [{}, {"websocket.http.response": {}}])
async def test_a_websocket_is_refused_before_it_opens(edge: Edge, extensions: dict[str, Any]) -> None:
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
    assert [one["type"] for one in sent] == types


async def test_a_client_that_goes_away_is_left_alone(edge: Edge) -> None:
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


async def test_answers_of_one_document_do_not_mix(edge: Edge) -> None:
    query = "query($n: String!) { hello(name: $n) }"
    names = [f"n{number}" for number in range(20)]
    answers: list[httpx.Response] = [await edge.ask(query, variables={"n": name}) for name in names]
    assert [one.json()["data"]["hello"] for one in answers] == [f"Hello {name}" for name in names]
