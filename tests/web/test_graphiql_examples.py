"""The examples of GraphiQL are run, one after the other, against a real server on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse, validate

from app.api.schema import schema
from app.domain.access import Role
from app.graphql_server.limits.document_limits import MeasuredDocument, measure
from app.graphql_server.schema.core_schema import core_schema
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in
from tests.web.graphiql_examples import TEXT, Example, examples, with_ids

TASKS = {
    "enrolCustomer", "customer", "basketCheck", "rewards", "recordPurchase", "redeemReward", "recordRefund", "refundPreview",
    "cancelRedemption", "holdRedemption", "captureRedemption", "fulfilRedemption", "explain", "previewTermsImpact",
    "impactPreview", "createAccessKey", "terms", "viewer",
}  # fmt: skip
"""What a till, an app and an owner try first."""


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with open_shop(database_url) as opened:
        yield opened


def run(shop: Shop, example: Example, answers: dict[str, Any]) -> Any:
    """Does what the example says, with the key that it asks for; the answer's data."""
    key = answers["CustomerKey"]["createAccessKey"]["token"] if example.role is Role.CUSTOMER else None
    given = with_ids(example.variables, answers)
    more = {} if example.role is None else {"role": example.role}
    return shop.execute(example.document, key=key, **more, **given)


def outcome(payload: Any) -> tuple[Any, ...]:
    """What an answer says: the outcome and state where there are any, and what is available."""
    decision, redemption = payload.get("decision") or {}, payload.get("redemption") or {}
    balances = payload.get("balances") or [{}]
    return decision.get("outcome"), redemption.get("state"), balances[0].get("available")


def test_examples_run_in_the_order_of_the_tabs(shop: Shop) -> None:
    answers: dict[str, Any] = {}
    for example in examples():
        answers[example.name] = run(shop, example, answers)
        for payload in answers[example.name].values():
            assert payload.get("userErrors", []) == [], example.name
    told = {name: outcome(next(iter(answer.values()))) for name, answer in answers.items()}
    assert {name: value for name, value in told.items() if value != (None, None, None)} == {
        "Check": ("GRANTED", None, None),
        "Buy": ("GRANTED", None, 325),
        "Redeem": ("GRANTED", "FULFILLED", 225),
        "Undo": (None, "CANCELLED", 325),
        "Hold": ("GRANTED", "HELD", 225),
        "Capture": (None, "FULFILLED", 225),
        "CheckRefund": (None, None, 160),
        "Refund": (None, None, 160),
        "LateReceipt": (None, None, 178),
        "InApp": ("GRANTED", "ISSUED", 78),
        "Fulfil": (None, "FULFILLED", 78),
    }
    late = answers["LateReceipt"]["recordPurchase"]["entry"]
    assert late["occurredAt"] < late["recordedAt"]
    assert answers["Explain"]["explain"]["agrees"] is True
    assert answers["Explain"]["explain"]["recomputedPoints"] == 325
    assert [offer["available"] for offer in answers["Check"]["rewards"]["nodes"]] == [False, False]
    assert "點" in answers["Terms"]["terms"]["clauses"][0]["statement"]
    assert answers["Preview"]["previewTermsImpact"]["preview"]["state"] in {"QUEUED", "RUNNING", "DONE"}
    assert discrepancies_in(shop.url) == []


def test_example_sent_again_does_nothing_twice(shop: Shop) -> None:
    answers: dict[str, Any] = {}
    twice = [
        example for example in examples() if example.name in {"Enrol", "Buy", "Redeem", "Undo", "Refund", "LateReceipt"}
    ]
    for example in twice:
        answers[example.name] = run(shop, example, answers)
        assert run(shop, example, answers) == answers[example.name]
    assert shop.available("5901234123457") == 278


def test_reward_that_is_out_of_reach_says_what_is_missing(shop: Shop) -> None:
    for example in examples():
        if example.name in {"Enrol", "Buy"}:
            run(shop, example, {})
        if example.name == "Redeem":
            asked = {"input": {**example.variables["input"], "reward": {"key": "mug"}}}
            payload = shop.execute(example.document, **asked)["redeemReward"]
    assert payload["decision"]["outcome"] == "REFUSED"
    assert payload["decision"]["reasons"][0]["remedies"] == [{"statement": "Collect 175 more points.", "points": 175}]


def test_examples_cover_every_task_of_a_till_and_are_accepted_by_the_schema() -> None:
    core = core_schema(schema)
    document = parse(TEXT)
    assert validate(core, document) == []
    asked = set()
    for operation in document.definitions:
        assert isinstance(operation, OperationDefinitionNode)
        asked |= {field.name.value for field in operation.selection_set.selections if isinstance(field, FieldNode)}
    assert asked == TASKS
    for example in examples():
        assert isinstance(measure(parse(example.document), schema=core), MeasuredDocument)
