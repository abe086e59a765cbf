"""Persisted documents: Apollo's automatic persisted queries, `documentId`, and servers that trust some documents only."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.graphql_server.execution import persisted_documents
from app.graphql_server.execution.persisted_documents import PersistedDocuments, read_trusted_documents
from app.graphql_server.http.errors import HttpError
from tests.api.minimal_schema import Edge, code

HELLO = "query($n: String!) { hello(name: $n) }"
ADA = {"data": {"hello": "Hello Ada"}}
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return sha256(text.encode()).hexdigest()


def automatic(text: str) -> dict[str, Any]:
    """Apollo's extension with the hash of a text."""
    return {"persistedQuery": {"version": 1, "sha256Hash": digest(text)}}


async def post(edge: Edge, **parts: Any) -> httpx.Response:
    """Posts a request about Ada."""
    return await edge.client.post("/graphql", json={"variables": {"n": "Ada"}, **parts})


async def get(edge: Edge, **parts: str) -> httpx.Response:
    """Gets a query about Ada."""
    parameters = {"variables": '{"n": "Ada"}', **parts}
    return await edge.client.get("/graphql", params=parameters, headers={"apollo-require-preflight": "1"})


def error_of(answer: httpx.Response) -> tuple[str, str]:
    """Message and code of the only error."""
    (error,) = answer.json()["errors"]
    return error["message"], error["extensions"]["code"]


@pytest.mark.parametrize(("accept", "status"), [(JSON, 200), (GRAPHQL_JSON, 400)])
async def test_unknown_hash_is_answered_as_apollo_and_urql_expect(accept: str, status: int) -> None:
    edge = Edge()
    for asked in ({"extensions": automatic(HELLO)}, {"documentId": f"sha256:{digest(HELLO)}"}):
        response = await edge.client.post("/graphql", json=asked, headers={"accept": accept})
        assert response.status_code == status
        assert error_of(response) == ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        assert "data" not in response.json()


async def test_document_is_registered_with_its_text_and_then_known_by_its_hash() -> None:
    edge = Edge()
    assert code(await post(edge, extensions=automatic(HELLO))) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(edge, extensions=automatic(HELLO), query=HELLO)).json() == ADA
    assert (await post(edge, extensions=automatic(HELLO))).json() == ADA
    assert (await post(edge, extensions=automatic(HELLO), query="")).json() == ADA
    assert (await post(edge, documentId=f"sha256:{digest(HELLO)}")).json() == ADA
    assert (await get(edge, extensions=json.dumps(automatic(HELLO)))).json() == ADA
    assert (await get(edge, documentId=f"sha256:{digest(HELLO)}")).json() == ADA


async def test_document_can_be_registered_by_get() -> None:
    edge = Edge()
    extensions = json.dumps(automatic(HELLO))
    assert code(await get(edge, extensions=extensions)) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await get(edge, extensions=extensions, query=HELLO)).json() == ADA
    assert (await get(edge, extensions=extensions)).json() == ADA


async def test_registered_mutation_does_not_run_by_get() -> None:
    edge = Edge()
    shout = 'mutation { shout(word: "a") }'
    assert (await post(edge, extensions=automatic(shout), query=shout)).json() == {"data": {"shout": "A"}}
    assert (await get(edge, extensions=json.dumps(automatic(shout)))).status_code == 405


@pytest.mark.parametrize("query", ["{ hello }", HELLO + " "])
async def test_text_with_the_hash_of_another_is_rejected_and_not_kept(query: str) -> None:
    edge = Edge()
    response = await post(edge, extensions=automatic(HELLO), query=query)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    response = await post(edge, documentId=f"sha256:{digest(HELLO)}", query=query)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
    assert code(await post(edge, extensions=automatic(HELLO))) == "PERSISTED_QUERY_NOT_FOUND"


async def test_text_without_a_hash_and_invalid_documents_are_not_kept() -> None:
    edge = Edge()
    assert (await post(edge, query=HELLO)).json() == ADA
    assert code(await post(edge, extensions=automatic(HELLO))) == "PERSISTED_QUERY_NOT_FOUND"
    invalid = "{ nope }"
    assert code(await post(edge, extensions=automatic(invalid), query=invalid)) == "GRAPHQL_VALIDATION_FAILED"
    assert code(await post(edge, extensions=automatic(invalid))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": 1},
        {"documentId": "sha256:xyz"},
        {"documentId": "my-query"},
        {"documentId": f"sha256:{'A' * 64}"},
        {"documentId": f"sha256:{digest('{ hello }')}", "extensions": automatic(HELLO)},
        {"extensions": {"persistedQuery": 1}},
        {"extensions": {"persistedQuery": {}}},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": ["0"]}}},
        {"extensions": automatic(HELLO), "query": 1},
    ],
)
async def test_malformed_name_of_a_document_is_rejected(named: dict[str, Any]) -> None:
    response = await post(Edge(), **named)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_server_without_persisted_documents_says_so_and_runs_texts() -> None:
    edge = Edge(persisted=PersistedDocuments(automatic=False))
    for asked in ({"extensions": automatic(HELLO)}, {"documentId": f"sha256:{digest(HELLO)}"}):
        assert error_of(await post(edge, **asked)) == ("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED")
    assert (await post(edge, extensions=automatic(HELLO), query=HELLO)).json() == ADA
    assert code(await post(edge, extensions=automatic(HELLO))) == "PERSISTED_QUERY_NOT_SUPPORTED"


async def test_wrong_key_learns_nothing_of_documents() -> None:
    response = await Edge().client.post(
        "/graphql", json={"extensions": automatic(HELLO)}, headers={"authorization": "Bearer wrong"}
    )
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")


def test_kept_documents_are_bounded_in_number_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(persisted_documents, "MAX_REGISTERED_DOCUMENTS", 3)
    monkeypatch.setattr(persisted_documents, "MAX_REGISTERED_BYTES", 100)
    persisted = PersistedDocuments()

    def kept(*texts: str) -> list[str]:
        found = []
        for text in texts:
            with suppress(HttpError):
                found.append(persisted.text_of("", digest=digest(text)))
        return found

    for text in "abcd":
        persisted.register(text, digest=digest(text))
    assert kept("a", "d", "c", "b") == ["d", "c", "b"]
    persisted.register("e", digest=digest("e"))
    assert kept("b", "c", "d", "e") == ["b", "c", "e"], "the one used longest ago has gone"
    large = "ä" * 49
    persisted.register(large, digest=digest(large))
    assert kept("b", "c", "e", large) == ["c", "e", large]
    persisted.register("f" * 4, digest=digest("f" * 4))
    assert kept(large) == []
    huge = "x" * 101
    persisted.register(huge, digest=digest(huge))
    assert kept(huge, "ffff") == []
    persisted.register("a", digest=digest("a"))
    assert kept("a") == ["a"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / "hello.graphql").write_text(HELLO)
    (tmp_path / "number.gql").write_text("{ number }\n")
    (tmp_path / "readme.txt").write_text("no document")
    return tmp_path


async def test_trusted_documents_run_by_hash_or_text_and_no_others_do(folder: Path) -> None:
    edge = Edge(persisted=PersistedDocuments(trusted=read_trusted_documents(folder)))
    assert (await post(edge, extensions=automatic(HELLO))).json() == ADA
    assert (await get(edge, documentId=f"sha256:{digest(HELLO)}")).json() == ADA
    assert (await post(edge, query=HELLO)).json() == ADA
    for other in ("{ hello }", "{ __schema { queryType { name } } }", "{"):
        for asked in ({"query": other}, {"query": other, "extensions": automatic(other)}):
            response = await post(edge, **asked)
            assert (response.status_code, code(response)) == (403, "FORBIDDEN")
        assert code(await post(edge, extensions=automatic(other))) == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(edge, query=HELLO, extensions=automatic("{ number }\n"))).status_code == 400


@pytest.mark.parametrize("form", ["relay", "documentIds", "apollo"])
def test_manifests_are_read(form: str, tmp_path: Path) -> None:
    entry = {"id": digest(HELLO), "body": HELLO, "name": "Hello", "type": "query"}
    manifest = {
        "relay": {digest(HELLO): HELLO},
        "documentIds": {f"sha256:{digest(HELLO)}": HELLO},
        "apollo": {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [entry]},
    }[form]
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    assert read_trusted_documents(file) == [HELLO]


@pytest.mark.parametrize("manifest", [{}, [], {"operations": []}, {"0" * 64: HELLO}, {"hello": HELLO}, {"a": 1}])
def test_manifest_that_cannot_be_trusted_is_not_used(manifest: Any, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"manifest\.json"):
        read_trusted_documents(file)


def test_server_does_not_start_with_an_invalid_trusted_document() -> None:
    with pytest.raises(ValueError, match="nope"):
        Edge(persisted=PersistedDocuments(trusted=[HELLO, "{ nope }"]))
