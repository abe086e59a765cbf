"""Refunds from tills, on both databases: repeated numbers, odd quantities, impossible times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.shop import BUY, Shop
from tests.verification import discrepancies_in

TWO_LINES = [
    {"sku": "cup", "quantity": "3", "unitPrice": "10.00"},
    {"sku": "pot", "quantity": "1", "unitPrice": "20.00"},
]


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"][1:]) for error in answer["userErrors"]]


DIFFERS = [("RECEIPT_DIFFERS", ["externalId"])]


def test_known_refund_number_for_another_customers_purchase_is_rejected(shop: Shop) -> None:
    ours, theirs = shop.enrol(), shop.enrol()
    shop.buy(ours, "30.00", receipt="R-1")
    shop.buy(theirs, "50.00", receipt="R-2")
    shop.refund("R-1", externalId="F-1")
    assert codes(shop.refund("R-2", externalId="F-1")) == DIFFERS
    assert shop.ledger(theirs) == [("EARN", 50)]
    assert shop.ledger(ours) == [("EARN", 30), ("CLAWBACK", -30)]
    assert shop.refund("R-2", externalId="F-2")["balances"] == [{"available": 0}]
    assert discrepancies_in(shop.url) == []


def test_a_known_refund_number_for_another_purchase_of_the_same_customer_is_rejected(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="R-1")
    shop.buy(card, "30.00", receipt="R-2")
    shop.refund("R-1", externalId="F-1")
    assert codes(shop.refund("R-2", externalId="F-1")) == DIFFERS
    assert shop.available(card) == 30


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"lines": [{"line": 1}]},
        {"lines": [{"line": 1, "quantity": "1.50"}, {"line": 2}]},
        {"occurredAt": "2999-01-01T00:00:00Z", "reason": "broken"},
    ],
)
def test_same_refund_under_another_key_is_recorded_once_by_any_reference(shop: Shop, sent: dict[str, Any]) -> None:
    card = shop.enrol()
    bought = shop.buy(card, "", receipt="R-1", lines=TWO_LINES)
    if "occurredAt" in sent:
        sent = {**sent, "occurredAt": datetime.now(UTC).isoformat()}
    first = shop.refund("R-1", externalId="F-1", **sent)
    assert first["userErrors"] == []
    again = shop.refund("R-1", externalId="F-1", **sent)
    respelled = (
        {**sent, "lines": [{"quantity": "1.5", "line": 1}, {"line": 2}]} if len(sent.get("lines", ())) > 1 else sent
    )
    by_id = shop.refund("", externalId="F-1", purchase={"id": bought["purchase"]["id"]}, **respelled)
    for value in (again, by_id):
        assert value["userErrors"] == []
        assert value["entry"] == first["entry"]
        assert (value["cash"], value["shortfall"]) == (first["cash"], first["shortfall"])
        assert value["decision"] == first["decision"]
    assert [kind for kind, _ in shop.ledger(card)] == ["EARN", "CLAWBACK"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"lines": [{"line": 1}]}),
        ({"lines": [{"line": 1}]}, {}),
        ({"lines": [{"line": 1}]}, {"lines": [{"line": 2}]}),
        ({"lines": [{"line": 1, "quantity": "1"}]}, {"lines": [{"line": 1, "quantity": "2"}]}),
        ({"lines": [{"line": 1, "quantity": "1"}]}, {"lines": [{"line": 1}]}),
        ({"lines": [{"line": 1}, {"line": 2}]}, {"lines": [{"line": 1}]}),
        ({"reason": "broken"}, {"reason": "too small"}),
        ({"reason": "broken"}, {}),
        ({}, {"occurredAt": "now"}),
    ],
)
def test_a_known_refund_number_with_other_content_is_rejected(
    shop: Shop, first: dict[str, Any], second: dict[str, Any]
) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=TWO_LINES)
    if "occurredAt" in second:
        second = {"occurredAt": datetime.now(UTC).isoformat()}
    assert shop.refund("R-1", externalId="F-1", **first)["userErrors"] == []
    before = shop.ledger(card)
    assert codes(shop.refund("R-1", externalId="F-1", **second)) == DIFFERS
    assert shop.ledger(card) == before


def test_refund_without_a_number_is_a_new_one_each_time(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=TWO_LINES)
    for _ in range(3):
        assert shop.refund("R-1", lines=[{"line": 1, "quantity": "1"}])["userErrors"] == []
    assert shop.ledger(card) == [("EARN", 50), *[("CLAWBACK", -10)] * 3]


def test_one_refund_number_for_concurrent_purchases_is_used_once(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(8)]
    for card in cards:
        shop.buy(card, "10.00", receipt=f"R-{card}")
    answers = shop.in_parallel([lambda card=card: shop.refund(f"R-{card}", externalId="F-1") for card in cards])
    assert sorted("".join(error["code"] for error in answer["userErrors"]) for answer in answers) == [
        "",
        *["RECEIPT_DIFFERS"] * 7,
    ]
    assert sum(shop.available(card) for card in cards) == 70
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize(
    "quantity",
    ["0", "-1", "0.3333333333", "0.0001", "1.0005", "1e-22", "0.0000000000000000000000000001", "1000000.001"],
)
def test_refund_quantity_must_be_valid_for_a_line(shop: Shop, quantity: str) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=TWO_LINES)
    refused = shop.refund("R-1", lines=[{"line": 2, "quantity": "1"}, {"line": 1, "quantity": quantity}])
    assert codes(refused) == [("INVALID_INPUT", ["lines", "1", "quantity"])]
    assert shop.ledger(card) == [("EARN", 50)]


def test_refund_of_no_money_and_no_points_is_recorded(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=[{"sku": "tea", "quantity": "0.002", "unitPrice": "0.50"}])
    for left in ("0.001", None):
        payload = shop.refund("R-1", lines=[{"line": 1, "quantity": left}])
        assert payload["userErrors"] == []
        assert (payload["cash"]["amount"], payload["entry"]["points"]) == ("0.00", 0)
    assert codes(shop.refund("R-1")) == [("NOTHING_TO_REFUND", ["purchase"])]
    assert discrepancies_in(shop.url) == []


def test_line_can_be_refunded_gram_by_gram(shop: Shop) -> None:
    card = shop.enrol()
    line = {"sku": "tea", "quantity": "1000000", "unitPrice": "0.01"}
    shop.buy(card, "", receipt="R-1", lines=[line])
    shop.refund("R-1", lines=[{"line": 1, "quantity": "0.001"}])
    assert codes(shop.refund("R-1", lines=[{"line": 1, "quantity": "1000000"}])) == [("NOTHING_TO_REFUND", ["lines"])]
    assert shop.refund("R-1", lines=[{"line": 1, "quantity": "999999.999"}])["userErrors"] == []
    assert codes(shop.refund("R-1")) == [("NOTHING_TO_REFUND", ["purchase"])]
    assert shop.available(card) == 0


def test_a_refund_from_the_future_is_rejected(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R-1")
    ahead = (datetime.now(UTC) + timedelta(minutes=6)).isoformat()
    assert codes(shop.refund("R-1", occurredAt=ahead)) == [("CLOCK_SKEW", ["occurredAt"])]
    assert shop.ledger(card) == [("EARN", 10)]
    near = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    assert shop.refund("R-1", occurredAt=near)["userErrors"] == []


def test_refund_before_its_purchase_is_rejected_but_not_at_the_same_moment(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R-1", occurredAt="2026-01-05T10:00:00Z")
    early = shop.refund("R-1", occurredAt="2026-01-05T09:59:59.999999Z")
    assert codes(early) == [("CLOCK_SKEW", ["occurredAt"])]
    assert shop.ledger(card) == [("EARN", 10)]
    assert shop.refund("R-1", occurredAt="2026-01-05T10:00:00Z")["userErrors"] == []
    assert shop.ledger(card) == [("EARN", 10), ("CLAWBACK", -10)]


@pytest.mark.parametrize("line", [0, -1, 3, 2**31 - 1])
def test_refund_of_an_unknown_line_is_rejected(shop: Shop, line: int) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=TWO_LINES)
    assert codes(shop.refund("R-1", lines=[{"line": line}])) == [("NOTHING_TO_REFUND", ["lines"])]
    assert shop.ledger(card) == [("EARN", 50)]


def test_decimals_that_differ_in_the_last_of_thirty_digits_are_two_receipts(shop: Shop) -> None:
    card = shop.enrol()
    line = {"sku": "tea", "quantity": "1", "unitPrice": "10.00", "taxRate": "0.1" + "0" * 27 + "1"}
    given = {"idempotencyKey": "k", "customer": {"card": card}, "purchase": {"externalId": "R-1", "lines": [line]}}
    assert shop.execute(BUY, input=given)["recordPurchase"]["userErrors"] == []
    given["purchase"] = {"externalId": "R-1", "lines": [{**line, "taxRate": "0.1" + "0" * 27 + "2"}]}
    assert codes(shop.execute(BUY, input=given)["recordPurchase"]) == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
