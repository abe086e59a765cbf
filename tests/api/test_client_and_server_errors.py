"""Client errors and server errors as clients see them, and what a context contains."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import structlog

from tests.api.minimal_schema import SECRET, Edge, code

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EITHER = [(JSON, 200), (GRAPHQL_JSON, 400)]


@pytest.fixture
def edge() -> Edge:
    return Edge()


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
async def test_request_error_has_a_code_and_no_data(
    edge: Edge, asked: dict[str, Any], expected: str, accept: str, status: int
) -> None:
    response = await edge.client.post("/graphql", json=asked, headers={"accept": accept})
    assert response.status_code == status
    assert "data" not in response.json()
    assert {error["extensions"]["code"] for error in response.json()["errors"]} == {expected}


async def test_errors_suggest_no_names_and_repeat_no_long_values(edge: Edge) -> None:
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
        response = await edge.client.post("/graphql", json=asked)
        for error in response.json()["errors"]:
            assert "Did you mean" not in error["message"]
            assert "x" * 50 not in error["message"]
            assert len(error["message"]) <= 300


async def test_null_variable_for_a_required_argument_is_a_client_error(edge: Edge) -> None:
    response = await edge.execute("query($n: Int) { number(of: $n) }", variables={"n": None})
    assert (response.status_code, response.json()["data"], code(response)) == (200, {"number": None}, "BAD_USER_INPUT")


@pytest.mark.parametrize("field", ["broken", "careless"])
async def test_server_error_is_masked_and_logged_with_the_clients_error_id(edge: Edge, field: str) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await edge.execute(f"{{ hello {field} }}", variables={"unused": "personal"})
    (error,) = response.json()["errors"]
    assert response.status_code == 200
    assert response.json()["data"] == {"hello": "Hello world", field: None}
    assert (error["extensions"]["code"], error["path"]) == ("INTERNAL_SERVER_ERROR", [field])
    assert SECRET not in response.text
    (line,) = logs
    assert (line["error_id"], line["log_level"], line["path"]) == (error["extensions"]["errorId"], "error", [field])
    assert "minimal_schema.py" in line["frames"][-1]
    assert SECRET not in str(logs)
    assert "personal" not in str(logs)


async def test_repeated_server_error_in_one_operation_is_logged_once(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await edge.execute("{ brittle { bit } broken }")
    errors = response.json()["errors"]
    assert [error["path"] for error in errors] == [*(["brittle", place, "bit"] for place in range(50)), ["broken"]]
    assert [line["path"] for line in logs] == [["brittle", 0, "bit"], ["broken"]]
    assert {error["extensions"]["errorId"] for error in errors} == {line["error_id"] for line in logs}


async def test_deliberate_rejection_is_not_masked(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await edge.execute("{ forbidden }")
    assert response.json()["errors"][0]["message"] == "Tills may not do this."
    assert code(response) == "FORBIDDEN"
    assert logs == []


async def test_client_errors_are_not_logged(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        for query in ("{", "{ nope }", "{ number(of: 1.5) }"):
            await edge.execute(query)
        await edge.post(b"{")
    assert logs == []


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_wrong_key_is_rejected_before_execution(edge: Edge, accept: str) -> None:
    response = await edge.execute("{ hello }", headers={"authorization": "Bearer wrong", "accept": accept})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"] == "Bearer"
    assert "data" not in response.json()


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
@pytest.mark.parametrize(
    ("query", "status", "codes"),
    [
        ("{ forbidden }", 403, {"FORBIDDEN"}),
        ("{ a: forbidden b: forbidden }", 403, {"FORBIDDEN"}),
        ("{ forbidden hello }", 200, {"FORBIDDEN"}),
        ("{ forbidden broken }", 200, {"FORBIDDEN", "INTERNAL_SERVER_ERROR"}),
        ("{ forbidden nothing }", 200, {"FORBIDDEN"}),
        ("{ counted }", 429, {"RATE_LIMITED"}),
        ("{ counted hello }", 200, {"RATE_LIMITED"}),
        ("{ counted nothing }", 429, {"RATE_LIMITED"}),
        ("{ counted full }", 503, {"RATE_LIMITED", "TRY_AGAIN"}),
        ("{ private }", 401, {"UNAUTHENTICATED"}),
        ("{ private forbidden }", 200, {"UNAUTHENTICATED", "FORBIDDEN"}),
        ("{ full forbidden }", 503, {"TRY_AGAIN", "FORBIDDEN"}),
    ],
)
async def test_status_says_what_happened_to_the_whole_request(
    edge: Edge, query: str, status: int, codes: set[str], accept: str
) -> None:
    response = await edge.execute(query, headers={"accept": accept})
    body = response.json()
    assert response.status_code == status
    assert {error["extensions"]["code"] for error in body["errors"]} == codes
    assert ("data" in body) is (status == 200)
    waits = [error["extensions"]["retryAfter"] for error in body["errors"] if "retryAfter" in error["extensions"]]
    assert response.headers.get("retry-after") == (str(max(waits)) if waits else None)


async def test_error_during_authentication_is_a_masked_500(edge: Edge) -> None:
    response = await edge.execute("{ hello }", headers={"authorization": "Bearer broken"})
    assert (response.status_code, code(response)) == (500, "INTERNAL_SERVER_ERROR")
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("query", "authorization"), [("{ hello }", "Bearer full"), ("{ full }", ""), ("mutation { crowd }", "")]
)
async def test_overload_is_503_with_the_time_to_wait(edge: Edge, query: str, authorization: str) -> None:
    for accept in (JSON, GRAPHQL_JSON):
        response = await edge.execute(query, headers={"authorization": authorization, "accept": accept})
        assert (response.status_code, code(response), response.headers["retry-after"]) == (503, "TRY_AGAIN", "3")
        assert response.json()["errors"][0]["extensions"]["retryAfter"] == 3


async def test_completed_mutations_are_returned_when_others_meet_overload(edge: Edge) -> None:
    response = await edge.execute('mutation { shout(word: "a") crowd }')
    assert (response.status_code, response.json()["data"], code(response)) == (
        200,
        {"shout": "A", "crowd": None},
        "TRY_AGAIN",
    )
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(("field", "status"), [("recorded { balance }", 200), ("recordedUnread", 503)])
async def test_answer_of_a_committed_mutation_that_could_not_be_read_says_how_to_get_it(
    edge: Edge, field: str, status: int
) -> None:
    response = await edge.execute(f"mutation {{ {field} }}")
    (error,) = response.json()["errors"]
    assert (response.status_code, code(response), response.headers["retry-after"]) == (status, "ANSWER_INCOMPLETE", "3")
    assert error["extensions"]["retryAfter"] == 3
    assert "carried out" in error["message"]
    assert "same idempotencyKey" in error["message"]


async def test_server_error_while_reading_a_committed_mutation_is_logged_with_its_cause(edge: Edge) -> None:
    with structlog.testing.capture_logs() as logs:
        response = await edge.execute("mutation { recordedBroken }")
    assert code(response) == "INTERNAL_SERVER_ERROR"
    assert (logs[0]["error"], "minimal_schema.py" in logs[0]["frames"][-1]) == ("RuntimeError", True)


async def test_operation_that_takes_too_long_is_ended() -> None:
    payload = await Edge(max_run_time=0.05).execute("{ slow }")
    assert (payload.status_code, code(payload), payload.headers["retry-after"]) == (503, "UNAVAILABLE", "1")


async def test_introspection_needs_permission(edge: Edge) -> None:
    for query in (
        "{ __schema { queryType { name } } }",
        '{ ...F } fragment F on Query { __type(name: "Shop") { name } }',
    ):
        assert code(await edge.execute(query)) == "FORBIDDEN"
        assert "errors" not in (await edge.execute(query, headers={"authorization": "Bearer owner"})).json()
    assert (await edge.execute("{ __typename }")).json() == {"data": {"__typename": "Query"}}


async def test_context_gets_the_fields_of_the_selected_operation(edge: Edge) -> None:
    document = "query A { needed ...F } query B { hello } fragment F on Query { shop { next { name } } thing { id } }"
    response = await edge.execute(document, operationName="A")
    assert response.json()["data"]["needed"] == [
        "Query.needed", "Query.shop", "Query.thing", "Shop.id", "Shop.name", "Shop.next", "Thing.id",
    ]  # fmt: skip


async def test_concurrent_responses_to_one_document_do_not_mix(edge: Edge) -> None:
    query = "query($n: String!) { hello(name: $n) }"
    names = [f"n{number}" for number in range(20)]
    answers: list[httpx.Response] = [await edge.execute(query, variables={"n": name}) for name in names]
    assert [answer.json()["data"]["hello"] for answer in answers] == [f"Hello {name}" for name in names]
