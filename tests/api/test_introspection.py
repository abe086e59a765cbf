"""Introspection: answers about the schema are worked out once and kept; working one out costs what it takes."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from typing import Any

import pytest
from graphql import get_introspection_query

from app.domain.access import Role
from app.graphql_server.execution import introspection_cache
from app.graphql_server.execution.executor import CompiledExecutor
from app.graphql_server.limits import time_budget
from app.graphql_server.limits.introspection_cost import INTROSPECTION_COST, MAX_INTROSPECTION_COST
from app.graphql_server.limits.rate_limits import RateLimit
from bench.workload import RECORD_PURCHASE
from tests.api.minimal_schema import Edge, code
from tests.api.test_costs import cost
from tests.shop import Shop, open_shop

STANDARD = get_introspection_query()
OF_A_TYPE = (
    "query($of: String!, $old: Boolean = false) { __type(name: $of) { name fields(includeDeprecated: $old) { name } } }"
)
OWNER = {"authorization": "Bearer owner"}
PLENTY = RateLimit(capacity=1_000_000, restored=1)


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One item for each operation that is executed."""
    found: list[str] = []
    plain = CompiledExecutor.of.__func__  # type: ignore[attr-defined]

    def noting(cls: type[CompiledExecutor], /, operation: Any, **parts: Any) -> CompiledExecutor:
        found.append(operation.operation.value)
        executor: CompiledExecutor = plain(cls, operation, **parts)
        return executor

    monkeypatch.setattr(CompiledExecutor, "of", classmethod(noting))
    return found


@pytest.fixture
def rich(sqlite_url: str) -> Iterator[Shop]:
    """A shop whose callers may spend much, and get nothing back while a test runs."""
    with open_shop(sqlite_url, rate_limit=PLENTY) as shop:
        yield shop


async def test_answer_is_worked_out_once_for_a_document_an_operation_and_variables(executions: list[str]) -> None:
    edge = Edge()

    async def fields(**parts: Any) -> Any:
        response = await edge.execute(headers=OWNER, **parts)
        return response.json()["data"]["__type"]

    shop = {"query": OF_A_TYPE, "variables": {"of": "Shop"}}
    for _ in range(3):
        assert (await fields(**shop))["name"] == "Shop"
    assert len(executions) == 1
    assert (await fields(query=OF_A_TYPE, variables={"of": "Mutation"}))["name"] == "Mutation"
    assert (await fields(query=OF_A_TYPE, variables={"of": "Shop", "old": True}))["name"] == "Shop"
    assert (await fields(query=OF_A_TYPE, variables={"of": "Shop", "old": False, "more": 1}))["name"] == "Shop"
    assert len(executions) == 3
    both = 'query A { __type(name: "Shop") { name } } query B { __type(name: "Thing") { name } }'
    for _ in range(2):
        assert (await fields(query=both, operationName="A"))["name"] == "Shop"
        assert (await fields(query=both, operationName="B"))["name"] == "Thing"
    assert len(executions) == 5


@pytest.mark.parametrize(
    "text",
    [
        "{ __schema { queryType { name } } hello }",
        "{ ...F } fragment F on Query { __schema { queryType { name } } hello }",
        "{ __typename }",
        'mutation { shout(word: "a") }',
    ],
)
async def test_what_is_not_only_introspection_is_executed_each_time(executions: list[str], text: str) -> None:
    edge = Edge()
    for _ in range(2):
        assert "errors" not in (await edge.execute(text, headers=OWNER)).json()
    assert len(executions) == 2


async def test_kept_answer_is_not_open_to_callers_without_permission() -> None:
    edge = Edge()
    assert (await edge.execute(STANDARD, headers=OWNER)).status_code == 200
    refused = await edge.execute(STANDARD)
    assert (refused.status_code, code(refused)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("gzip", "gzip"),
        ("br, GZIP;q=0.5", "gzip"),
        ("*", "gzip"),
        ("gzip;q=0, *", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_kept_answer_is_compressed_where_the_client_takes_it(accept: str, encoding: str | None) -> None:
    edge = Edge()
    plain = (await edge.execute(STANDARD, headers={**OWNER, "accept-encoding": "identity"})).json()
    response = await edge.execute(STANDARD, headers={**OWNER, "accept-encoding": accept})
    assert response.headers.get("content-encoding") == encoding
    assert "Accept-Encoding" in response.headers["vary"]
    assert response.json() == plain
    size = len(gzip.compress(response.content, 6)) if encoding else len(response.content)
    assert abs(int(response.headers["content-length"]) - size) < 50


async def test_introspection_cache_is_bounded_in_number_and_bytes(
    executions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(introspection_cache, "MAX_CACHED", 2)
    edge = Edge()
    for name in ("Shop", "Thing", "Shop", "Query", "Shop", "Thing"):
        await edge.execute(OF_A_TYPE, variables={"of": name}, headers=OWNER)
    assert len(executions) == 4, "Thing was asked for longest ago when Query came"
    monkeypatch.setattr(introspection_cache, "MAX_CACHED_BYTES", 600)
    for _ in range(2):
        await edge.execute(STANDARD, headers=OWNER)
    assert len(executions) == 6, "larger than all that may be kept"
    long = {"of": "x" * introspection_cache.MAX_KEY_LENGTH}
    for _ in range(2):
        await edge.execute(OF_A_TYPE, variables=long, headers=OWNER)
    assert len(executions) == 8


async def test_introspection_is_not_stopped_by_the_limit_on_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_budget, "CPU_LIMIT", 0.0)
    monkeypatch.setattr(time_budget, "TIME_SLICE", 0.0)
    edge = Edge()
    response = await edge.execute("{ brittle { bit } __schema { types { name } } }", headers=OWNER)
    assert response.json()["data"] is None, "others are"
    response = await edge.execute(STANDARD, headers=OWNER)
    assert len(response.json()["data"]["__schema"]["types"]) > 10
    assert "errors" not in response.json()


def left_of(shop: Shop) -> int:
    """What the till may still spend."""
    answer = shop.send("{ __typename }").json()
    left: int = answer["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"]
    return left


def test_first_introspection_costs_its_work_and_a_cached_one_hardly_anything(rich: Shop) -> None:
    before = left_of(rich)
    assert "errors" not in rich.send(STANDARD).json()
    first = left_of(rich)
    for number in range(1, 4):
        assert "errors" not in rich.send(STANDARD, role=Role.TILL).json()
        assert left_of(rich) in range(first - number * INTROSPECTION_COST, first - number * INTROSPECTION_COST + 3)
    assert before - first in range(cost(STANDARD) - 3, cost(STANDARD) + 1)
    assert cost(STANDARD) > 20 * cost(RECORD_PURCHASE, input={})


def test_introspection_is_priced_at_least_half_as_high_as_a_purchase_of_the_same_time(rich: Shop) -> None:
    card, number = rich.enrol(), iter(range(1_000))

    def purchase() -> None:
        lines = [{"sku": "thing", "quantity": "1", "unitPrice": "9.00"}]
        bought = {"externalId": f"R-{next(number)}", "lines": lines}
        input = {"idempotencyKey": bought["externalId"], "customer": {"card": card}, "purchase": bought}
        assert rich.execute(RECORD_PURCHASE, input=input)["recordPurchase"]["userErrors"] == []

    def per_second(text: str, asked: Any, *, times: int, **variables: Any) -> float:
        """The cost of a second of this process, which is server and client."""
        began = time.process_time()
        for _ in range(times):
            asked()
        return cost(text, **variables) * times / (time.process_time() - began)

    purchase()
    usual = per_second(RECORD_PURCHASE, purchase, times=30, input={"purchase": {"lines": [{}]}})
    for text in (
        STANDARD,
        "{ __schema { types { name fields { name args { name } } } } }",
        "{ __schema { types { name description fields { name description args { name description } } } } }",
        '{ __type(name: "Mutation") { fields { name args { name type { name kind ofType { name } } } } } }',
    ):
        rich.execute(text + "#")
        versions = iter(f"{text} # {version}" for version in range(3))
        assert per_second(text, lambda: rich.execute(next(versions)), times=3) > usual / 2, text  # noqa: B023


def test_introspection_that_takes_too_much_is_rejected(rich: Shop) -> None:
    leaf = " ".join(f"a{number}: name" for number in range(30))
    chain = f"{leaf} ofType {{ kind name ofType {{ kind name }} }}"
    parts = f"name args {{ name type {{ {chain} }} }} type {{ kind ...L ...M ...N }}"
    text = (
        "{ __schema { types { name fields { "
        + parts
        + " } } } }"
        + "".join(f" fragment {name} on __Type {{ {' '.join(['name', 'kind'] * 40)} }}" for name in "LMN")
    )
    assert cost(text) > MAX_INTROSPECTION_COST
    (error,) = rich.send(text).json()["errors"]
    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert left_of(rich) > 999_000


def test_server_with_a_low_limit_can_be_asked_for_its_schema(sqlite_url: str) -> None:
    with open_shop(sqlite_url, rate_limit=RateLimit(capacity=100, restored=1)) as shop:
        assert "errors" not in shop.send(STANDARD, role=Role.OWNER).json()
        refused = shop.send(STANDARD + "#", role=Role.OWNER)
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        assert "errors" not in shop.send(STANDARD, role=Role.TILL).json(), "kept: ten of a hundred"
