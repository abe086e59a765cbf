"""Clients of JavaScript, as they come, spend a till's day with a real server: Apollo Client, urql, Relay, and TypeScript.

They run in the Node that Playwright brings, from bundles that `make clients` makes of the locked packages. What Relay's
compiler and graphql-codegen made of the documents is committed; `test_compilers.py` makes it anew.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from app.graphql_server.execution.persisted_documents import PersistedDocuments, read_trusted_documents
from app.graphql_server.limits.rate_limits import RateLimit
from tests.clients.days import DAY, HERE, LEDGER, arguments, assert_day_as_expected
from tests.node import run_node
from tests.shop import open_shop

NODE_FOLDER = HERE / "node"
OPERATIONS = {step["operation"] for step in DAY}
MUTATIONS = OPERATIONS - {"LookUp", "Check"}
NOT_FOUND, NOT_SUPPORTED = "PERSISTED_QUERY_NOT_FOUND", "PERSISTED_QUERY_NOT_SUPPORTED"


def kinds(requests: list[dict[str, Any]]) -> Counter[tuple[str, str, str | None]]:
    """How often requests were sent by a method, with text or hash or both, and with which error they were answered."""
    return Counter(
        (request["method"], "+".join(part for part in ("text", "hash") if request[part]), request["error"])
        for request in requests
    )


def test_apollo_client_spends_a_day(sqlite_url: str) -> None:
    with open_shop(sqlite_url) as shop:
        printed = run_node(NODE_FOLDER / "apollo.mjs", *arguments(shop), "plain")
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=False)
    assert kinds(spent.requests) == {("POST", "text", None): len(DAY)}


@pytest.mark.parametrize("mode", ["post", "get"])
def test_apollo_client_spends_a_day_with_automatic_persisted_queries(sqlite_url: str, mode: str) -> None:
    with open_shop(sqlite_url) as shop:
        printed = run_node(NODE_FOLDER / "apollo.mjs", *arguments(shop), mode)
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=False)
    found = kinds(spent.requests)
    by_get = len(OPERATIONS - MUTATIONS) if mode == "get" else 0
    assert found["GET", "hash", NOT_FOUND] == by_get
    assert found["POST", "hash", NOT_FOUND] == len(OPERATIONS) - by_get
    assert found["POST", "text+hash", None] == len(OPERATIONS), "each document is sent once"
    assert found["POST", "hash", None] == len(DAY) - len(OPERATIONS), "and then known by its hash"
    assert found.total() == len(DAY) + len(OPERATIONS)


@pytest.mark.parametrize("mode", ["post", "get"])
def test_urql_spends_a_day_with_its_persisted_exchange(sqlite_url: str, mode: str) -> None:
    with open_shop(sqlite_url) as shop:
        printed = run_node(NODE_FOLDER / "urql.mjs", *arguments(shop), mode)
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=True)
    found = kinds(spent.requests)
    method, documents = ("POST", OPERATIONS) if mode == "post" else ("GET", OPERATIONS - MUTATIONS)
    assert found[method, "hash", NOT_FOUND] == found[method, "text+hash", None] == len(documents)
    assert found[method, "hash", None] >= len(DAY) - len(OPERATIONS)
    assert {error for _, _, error in found} == {None, NOT_FOUND}


@pytest.mark.parametrize(("client", "mode"), [("apollo", "post"), ("apollo", "get"), ("urql", "post"), ("urql", "get")])
def test_clients_stop_asking_where_documents_are_not_persisted(sqlite_url: str, client: str, mode: str) -> None:
    with open_shop(sqlite_url, persisted=PersistedDocuments(automatic=False)) as shop:
        printed = run_node(NODE_FOLDER / f"{client}.mjs", *arguments(shop), mode)
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=client == "urql")
    errors = [request["error"] for request in spent.requests if request["error"] is not None]
    assert errors == [NOT_SUPPORTED]


def test_relay_spends_a_day_with_the_documents_that_its_compiler_made(sqlite_url: str) -> None:
    trusted = read_trusted_documents(NODE_FOLDER / "relay" / "trusted.json")
    with open_shop(sqlite_url, persisted=PersistedDocuments(trusted=trusted)) as shop:
        printed = run_node(NODE_FOLDER / "relay.mjs", *arguments(shop))
    with open_shop(sqlite_url, program=shop.program) as shop:
        spent = assert_day_as_expected(printed, shop, asks_for_the_card=False)
    assert kinds(spent.requests) == {("POST", "hash", None): len(DAY)}
    assert [entry for entry in reversed(spent.ledger) if entry[1]] == LEDGER, "page by page"


def test_typescript_spends_a_day_with_the_types_that_graphql_codegen_made(sqlite_url: str) -> None:
    with open_shop(sqlite_url) as shop:
        printed = run_node(NODE_FOLDER / "typed" / "day.ts", *arguments(shop))
        assert_day_as_expected(printed, shop, asks_for_the_card=True)


def test_bundles_are_those_of_the_locked_packages() -> None:
    folder = NODE_FOLDER / "vendored"
    bundled = json.loads((folder / "vendored.json").read_text(encoding="utf-8"))
    for name, digest in bundled["made of"].items():
        assert hashlib.sha256((NODE_FOLDER / name).read_bytes()).hexdigest() == digest, f"{name} changed: make clients"
    for bundle in bundled["bundles"]:
        content = (folder / bundle["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == bundle["sha256"], bundle["file"]
        assert len(content) < 300_000
    named = {name for bundle in bundled["bundles"] for name in bundle["packages"]}
    licences = (folder / "LICENSES.txt").read_text(encoding="utf-8")
    assert [name for name in named if f"\n{name} " not in f"\n{licences}"] == []


def test_lock_of_npm_has_hashes_and_no_address() -> None:
    text = (NODE_FOLDER / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(text)["packages"]
    assert "://" not in text
    assert len(packages) > 100
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


def test_documents_of_relay_are_those_of_the_other_clients() -> None:
    """But for the names, which Relay wants to begin with that of the file, and the ledger, which it alone pages through."""
    relay = (NODE_FOLDER / "relay" / "Till.js").read_text(encoding="utf-8").partition("// The ledger")[0]
    lines = [line.strip() for line in relay.splitlines() if not line.startswith(("//", "`;", "graphql`"))]
    text = "\n".join(line for line in lines if line).replace(" @relay(mask: false)", "").replace("Till_card", "Card")
    for name in OPERATIONS:
        text = text.replace(f"Till{name}Mutation", name).replace(f"Till{name}Query", name)
    till = (HERE / "till.graphql").read_text(encoding="utf-8").splitlines()
    assert text == "\n".join(line.strip() for line in till if line and not line.startswith("#"))


SCARCE = RateLimit(capacity=10, restored=0.001)  # type: ignore[arg-type]
"""The cost of one small operation, once."""


@pytest.mark.parametrize("reason", ["wrong key", "rate limit"])
def test_apps_see_the_code_of_a_rejected_request_whatever_its_status(sqlite_url: str, reason: str) -> None:
    with open_shop(sqlite_url, rate_limit=SCARCE) as shop:
        address, key = arguments(shop)
        while reason == "rate limit" and shop.send("{ program { name } }").status_code != 429:
            pass
        printed = run_node(NODE_FOLDER / "rejected.mjs", address, "wrong" if reason == "wrong key" else key)
    seen = {line["client"]: line["errors"] for line in map(json.loads, printed.splitlines())}
    assert seen.keys() == {"apollo", "urql"}
    for (error,) in seen.values():
        assert error["code"] == ("UNAUTHENTICATED" if reason == "wrong key" else "RATE_LIMITED")
        assert (error.get("retryAfter", 0) > 1) is (reason == "rate limit")
