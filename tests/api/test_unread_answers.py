"""A purchase was committed, and then its answer could not be read: the till is told so, and gets the answer by repeating."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.api.mutations.purchases import record_purchase
from app.store.database.session import Busy, Unavailable
from app.usecases.application import Application
from tests.shop import BUY, Shop, open_shop

LEDGER = "query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { points } } } }"
BUY_AND_READ = """
mutation($input: RecordPurchaseInput!) {
  recordPurchase(input: $input) { decision { outcome } customer { state } userErrors { code } }
}
"""


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    with open_shop(database_url) as opened:
        yield opened


def purchase(card: str) -> dict[str, Any]:
    """A receipt of one line."""
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": "9.00"}]
    return {"idempotencyKey": "till-1", "customer": {"card": card}, "purchase": {"externalId": "R-1", "lines": lines}}


def failing(error: Exception) -> Callable[..., Any]:
    """What raises an error when it is awaited."""

    async def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(("error", "wait"), [(Unavailable("the disk is away"), 1), (Busy(2.5), 3)])
def test_payload_that_cannot_be_read_is_503_and_complete_when_repeated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: Exception, wait: int
) -> None:
    card = shop.enrol()
    with monkeypatch.context() as broken:
        broken.setattr(record_purchase, "load_decision", failing(error))
        response = shop.send(BUY, input=purchase(card))
    (shown,) = response.json()["errors"]
    assert (response.status_code, response.headers["retry-after"]) == (503, str(wait))
    assert shown["extensions"] == {"code": "ANSWER_INCOMPLETE", "retryAfter": wait}
    assert "data" not in response.json()
    repeated = shop.execute(BUY, input=purchase(card))["recordPurchase"]
    assert (repeated["decision"]["outcome"], repeated["userErrors"]) == ("GRANTED", [])
    assert [entry["points"] for entry in shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"]] == [9]


def test_object_of_an_answer_that_cannot_be_read_is_missing_and_there_when_repeated(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = shop.enrol()
    with monkeypatch.context() as broken:
        broken.setattr(Application, "query_all", failing(Unavailable("the disk is away")))
        response = shop.send(BUY_AND_READ, input=purchase(card))
    body = response.json()
    assert body["data"]["recordPurchase"]["customer"] is None
    assert body["data"]["recordPurchase"]["decision"] == {"outcome": "GRANTED"}
    assert [error["extensions"]["code"] for error in body["errors"]] == ["ANSWER_INCOMPLETE"]
    assert (response.status_code, response.headers["retry-after"]) == (200, "1")
    repeated = shop.execute(BUY_AND_READ, input=purchase(card))["recordPurchase"]
    assert repeated == {"decision": {"outcome": "GRANTED"}, "customer": {"state": "ACTIVE"}, "userErrors": []}


def test_nothing_committed_is_unavailable(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    card = shop.enrol()
    with monkeypatch.context() as broken:
        broken.setattr(Application, "execute", failing(Unavailable("the disk is away")))
        response = shop.send(BUY, input=purchase(card))
    (shown,) = response.json()["errors"]
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert shown["extensions"] == {"code": "UNAVAILABLE", "retryAfter": 1}
    assert shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"] == []
