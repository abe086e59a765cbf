"""Refunds by amount and of payments with points; the refund preview equals the refund."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_late_events import REWARD, at
from tests.shop import REFUND, Shop, open_shop
from tests.verification import discrepancies_in

MUTATION = REFUND.replace("cash {", "pointsRestored cash {")
PREVIEW = """query($purchase: PurchaseBy!, $lines: [RefundLineInput!], $amount: Decimal, $at: DateTime) {
  refundPreview(purchase: $purchase, lines: $lines, amount: $amount, occurredAt: $at) {
    cash { amount currencyCode } pointsRestored shortfall decision { outcome points { points } }
    balances { available owed } tierBefore tierAfter tierKeptUntil } }"""
TERMS = (
    {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {"key": "big", "conditions": [{"minimumSpend": {"amount": "40.00"}}], "effect": {"bonusPoints": {"points": 10}}},
    {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 30}}},
)
CUPS = [{"sku": "cup", "quantity": "4", "unitPrice": "10.00"}, {"sku": "pot", "quantity": "1", "unitPrice": "20.00"}]


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox where spending earns, a big basket earns more, and 30 points are five pounds."""
    with open_shop(database_url, template="blank", rate_limit=RateLimit(10_000_000, 10_000_000)) as opened:
        input = {"idempotencyKey": "five", "key": "five", "name": "Five pounds off", "description": "Five pounds"}
        assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        publish(opened, *TERMS, effectiveFrom="2020-01-01T00:00:00Z")
        yield opened


def refund(shop: Shop, receipt: str, **sent: Any) -> Any:
    """Previews a refund, makes it, and compares the two; returns the payload."""
    tried = dict(sent)
    moment = tried.pop("occurredAt", None)
    seen = shop.execute(PREVIEW, purchase={"externalId": receipt}, **tried, at=moment)["refundPreview"]
    input = {"idempotencyKey": uuid.uuid4().hex, "purchase": {"externalId": receipt}, **sent}
    payload = shop.execute(MUTATION, input=input)["recordRefund"]
    assert payload["userErrors"] == []
    assert (seen["cash"], seen["pointsRestored"], seen["shortfall"]) == (
        payload["cash"],
        payload["pointsRestored"],
        payload["shortfall"],
    )
    assert seen["decision"]["points"][0]["points"] == payload["decision"]["points"][0]["points"]
    assert seen["balances"][0]["available"] == payload["balances"][0]["available"]
    return payload


def test_money_refunded_without_goods_claws_back_its_points(blank: Shop) -> None:
    card = blank.enrol()
    assert blank.buy(card, "", receipt="R", lines=CUPS)["decision"]["points"][0]["points"] == 70
    first = refund(blank, "R", amount="15.00")
    assert (first["cash"]["amount"], first["decision"]["points"][0]["points"]) == ("15.00", 15)
    second = refund(blank, "R", lines=[{"line": 1, "amount": "6.00"}])
    assert second["cash"]["amount"] == "6.00"
    assert second["decision"]["points"][0]["points"] == 16, "below the big basket, its bonus goes as well"
    rest = refund(blank, "R")
    assert rest["cash"]["amount"] == "39.00"
    assert blank.available(card) == 0
    assert discrepancies_in(blank.url) == []


def test_goods_and_money_of_a_purchase_can_be_refunded_in_any_mixture(blank: Shop) -> None:
    card = blank.enrol()
    blank.buy(card, "", receipt="R", lines=CUPS)
    cash = [
        refund(blank, "R", lines=[{"line": 1, "quantity": "1"}, {"line": 2, "amount": "3.33"}])["cash"]["amount"],
        refund(blank, "R", amount="0.01")["cash"]["amount"],
        refund(blank, "R", lines=[{"line": 2}])["cash"]["amount"],
        refund(blank, "R")["cash"]["amount"],
    ]
    assert sum(round(float(value) * 100) for value in cash) == 6000
    assert blank.available(card) == 0
    assert discrepancies_in(blank.url) == []


@pytest.mark.parametrize(
    ("sent", "code", "path"),
    [
        ({"amount": "60.01"}, "NOTHING_TO_REFUND", ["amount"]),
        ({"amount": "0"}, "INVALID_INPUT", ["amount"]),
        ({"amount": "-1"}, "INVALID_INPUT", ["amount"]),
        ({"amount": "1.001"}, "INVALID_INPUT", ["amount"]),
        ({"amount": "1.00", "lines": [{"line": 1}]}, "INVALID_INPUT", ["amount"]),
        ({"lines": [{"line": 1, "amount": "40.01"}]}, "NOTHING_TO_REFUND", ["lines"]),
        ({"lines": [{"line": 9, "amount": "1.00"}]}, "NOTHING_TO_REFUND", ["lines"]),
        ({"lines": [{"line": 1, "amount": "1.00", "quantity": "1"}]}, "INVALID_INPUT", ["lines", "0", "amount"]),
    ],
)
def test_invalid_amounts_are_rejected_by_refund_and_preview(blank: Shop, sent: Any, code: str, path: list[str]) -> None:
    card = blank.enrol()
    blank.buy(card, "", receipt="R", lines=CUPS)
    input = {"idempotencyKey": "k", "purchase": {"externalId": "R"}, **sent}
    (error,) = blank.execute(MUTATION, input=input)["recordRefund"]["userErrors"]
    assert (error["code"], error["path"][1:]) == (code, path)
    body = blank.send(PREVIEW, purchase={"externalId": "R"}, **sent).json()
    assert code in body["errors"][0]["message"]
    assert blank.available(card) == 70


def test_points_that_paid_are_restored_to_their_lots(blank: Shop) -> None:
    card = blank.enrol()
    blank.buy(card, "35.00", occurredAt=at())
    paid = blank.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]
    payments = [{"kind": "POINTS", "amount": "5.00", "redemptionId": paid["id"]}]
    bought = blank.buy(card, "", receipt="R", lines=CUPS, payments=payments, occurredAt=at(hours=2))
    assert bought["decision"]["points"][0]["points"] == 65
    assert blank.available(card) == 70
    part = refund(blank, "R", lines=[{"line": 2}], occurredAt=at(hours=3))
    assert (part["pointsRestored"], part["cash"]["amount"]) == (10, "18.33")
    whole = refund(blank, "R", occurredAt=at(hours=4))
    assert (whole["pointsRestored"], whole["cash"]["amount"]) == (20, "36.67")
    assert blank.available(card) == 35
    kinds = [kind for kind, _ in blank.ledger(card)]
    assert kinds.count("REVERSAL") == 2
    assert discrepancies_in(blank.url) == []


def test_payment_with_points_needs_a_redemption_of_the_same_customer(blank: Shop) -> None:
    ours, theirs = blank.enrol(), blank.enrol()
    blank.buy(theirs, "35.00", occurredAt=at())
    paid = blank.redeem(theirs, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]
    for kind, id in (("POINTS", paid["id"]), ("CASH", paid["id"]), ("POINTS", "nonsense")):
        payments = [{"kind": kind, "amount": "5.00", "redemptionId": id}]
        payload = blank.buy(ours, "10.00", payments=payments)
        assert [error["code"] for error in payload["userErrors"]] in (["REDEMPTION_NOT_FOUND"], ["INVALID_INPUT"])


def test_refund_preview_needs_the_permission_to_refund(blank: Shop) -> None:
    card = blank.enrol()
    blank.buy(card, "", receipt="R", lines=CUPS)
    for role in (Role.OWNER, Role.STAFF, Role.TILL):
        assert (
            blank.execute(PREVIEW, role=role, purchase={"externalId": "R"})["refundPreview"]["cash"]["amount"]
            == "60.00"
        )
    body = blank.send(PREVIEW, purchase={"externalId": "none"}).json()
    assert "PURCHASE_NOT_FOUND" in body["errors"][0]["message"]
    assert blank.ledger(card) == [("EARN", 70)]
