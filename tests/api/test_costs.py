"""The costs of operations, and callers who have used up their budget."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from app.api.field_costs import COSTS
from app.api.schema import schema
from app.domain.access import Role
from app.graphql_server.limits.cost_analysis import cost_of
from app.graphql_server.limits.introspection_cost import IntrospectionCosts
from app.graphql_server.limits.rate_limits import RateLimit, TokenBuckets
from app.graphql_server.schema.core_schema import core_schema
from app.main import create_app
from app.store.database.connect import open_database
from tests.live_server import serving
from tests.shop import ENROL, Shop, create_program, new_id, real_now
from tests.time_limits import HANGS

CORE = core_schema(schema)
INTROSPECTION = IntrospectionCosts(CORE)
LEDGER = "query($n: Int, $by: CustomerBy!) { customer(by: $by) { ledger(first: $n) { nodes { id points } } } }"


def cost(text: str, **variables: Any) -> int:
    """The cost of the one operation in a document."""
    definitions = parse(text).definitions
    operation = next(definition for definition in definitions if isinstance(definition, OperationDefinitionNode))
    fragments = {
        definition.name.value: definition
        for definition in definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    return cost_of(operation, fragments=fragments, schema=CORE, costs=COSTS, introspection=INTROSPECTION).total(
        variables
    )


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("{ __typename }", {}, 0),
        ("{ program { id name kind } }", {}, 1),
        ("{ __schema { types { name } } }", {}, 10 + math.ceil((1 + 3 * len(CORE.type_map)) / 10)),
        # customer 1, the page 1, 20 entries
        ("query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { id points } } } }", {}, 22),
        ("query($by: CustomerBy!) { customer(by: $by) { ledger(last: 3) { nodes { id } } } }", {}, 5),
        (LEDGER, {"n": 100}, 102),
        (LEDGER, {"n": None}, 22),
        (LEDGER, {"n": -5}, 3),
        (LEDGER, {"n": 10**9}, 102),
        ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a", "b", "c"]}, 3),
        ('{ nodes(ids: ["a", "b"]) { id ... on Customer { ledger(first: 10) { nodes { id } } } } }', {}, 24),
        ("mutation($input: EnrolCustomerInput!) { enrolCustomer(input: $input) { customer { id } } }", {}, 12),
        (
            "mutation($input: EnrolCustomerInput!) { ...M } fragment M on Mutation"
            " { enrolCustomer(input: $input) { customer { id } } }",
            {},
            12,
        ),
        (
            "query($by: CustomerBy!) { a: customer(by: $by) { ...C } b: customer(by: $by) { ...C } }"
            " fragment C on Customer { wallet { balances { available } } }",
            {},
            6,
        ),
    ],
)
def test_operation_costs_its_objects_and_mutations(text: str, variables: dict[str, Any], expected: int) -> None:
    assert cost(text, **variables) == expected


def test_token_bucket_empties_and_refills_up_to_its_size() -> None:
    at = [0.0]
    buckets = TokenBuckets(RateLimit(capacity=100, restored=10), clock=lambda: at[0])

    assert buckets.take("till", 70) == (70, 30, None)
    assert buckets.take("till", 50) == (50, 30, 2.0), "what cannot be had is not taken"
    assert buckets.take("other", 50) == (50, 50, None), "others have buckets of their own"
    at[0] = 2.0
    assert buckets.take("till", 50) == (50, 0, None)
    at[0] = 1000.0
    assert buckets.take("till", 1) == (1, 99, None)


@pytest.fixture
def poor(sqlite_url: str) -> Iterator[Shop]:
    """A shop whose callers may spend 100, with hardly any refill while the test runs."""
    program = create_program(sqlite_url)
    rate_limit = RateLimit(capacity=100, restored=1)
    app = create_app(open_database(sqlite_url), clock=real_now, new_id=new_id, rate_limit=rate_limit)
    with serving(app) as address, httpx.Client(timeout=HANGS) as client:
        yield Shop(address=address, program=program, client=client, url=sqlite_url)


def test_every_response_reports_its_cost_and_the_remaining_budget(poor: Shop) -> None:
    reported = poor.send("{ program { id } }").json()["extensions"]["cost"]
    assert reported == {
        "requestedQueryCost": 1,
        "throttleStatus": {"maximumAvailable": 100, "currentlyAvailable": 99, "restoreRate": 1},
    }


def test_exhausted_caller_gets_retry_after_and_nothing_is_executed(poor: Shop) -> None:
    for number in range(7):
        poor.enrol(f"CARD{number}")
    response = poor.send(ENROL, input={"idempotencyKey": "one more", "identities": [{"card": "CARD9"}]})
    (error,) = response.json()["errors"]

    assert (response.status_code, error["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert "data" not in response.json()
    assert 1 <= int(response.headers["retry-after"]) <= 12
    assert error["extensions"]["retryAfter"] == int(response.headers["retry-after"])
    assert response.json()["extensions"]["cost"]["requestedQueryCost"] == 13
    data = poor.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", role=Role.STAFF, by={"card": "CARD9"})
    assert data["customer"] is None, "another key of the program is served, and nobody was enrolled"


def test_operation_above_the_bucket_size_is_too_complex(poor: Shop) -> None:
    response = poor.send(LEDGER, n=100, by={"card": "X"})
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "OPERATION_TOO_COMPLEX"
    assert "at most 100, and would cost 102" in error["message"]
    assert poor.send("{ program { id } }").json()["extensions"]["cost"]["throttleStatus"]["currentlyAvailable"] == 99


def test_graphql_media_type_gets_status_429(poor: Shop) -> None:
    headers = {
        "Authorization": f"Bearer {poor.program.token(Role.TILL)}",
        "Accept": "application/graphql-response+json",
    }
    codes = [
        poor.client.post(
            f"{poor.address}/graphql",
            json={"query": LEDGER, "variables": {"n": 60, "by": {"card": "X"}}},
            headers=headers,
        ).status_code
        for _ in range(2)
    ]
    assert codes == [200, 429]
