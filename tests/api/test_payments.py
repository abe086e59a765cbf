"""Clauses on payment methods: in basket checks, in refusals with their remedy, and in purchases. On both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in

REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"
PUBLISH = (
    "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code } } }"
)
CHECK = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
    decision { points { points } } clauses { clause { key } applies reasons { code } } } }"""
OFFERS = """query($by: CustomerBy!, $basket: BasketInput) { rewards(for: $by, basket: $basket) { nodes {
    available decision { reasons { code remedies { code choices } } } } } }"""
EXPLAIN = "query($e: ID!) { explain(entry: $e) { agrees } }"
ONLY_CASH = [{"paymentMethods": {"methods": ["CASH"]}}]
LINES = [{"sku": "thing", "quantity": "1", "unitPrice": "150.00"}]


def paid(kind: str, amount: str = "150.00") -> list[dict[str, str]]:
    """One payment method for all of it."""
    return [{"kind": kind, "amount": amount}]


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A point a pound, two if it is paid in cash; coffee at 100, for those who pay what is due besides in cash."""
    with open_shop(database_url, template="blank") as opened:
        coffee = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        opened.execute(REWARD, role=Role.OWNER, input=coffee)
        cost = {"reward": "coffee", "points": 100, "cash": "0.50"}
        clauses: list[Any] = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {"key": "cash", "conditions": ONLY_CASH, "effect": {"pointsPerAmount": {"points": 2, "per": "1.00"}}},
            {"key": "coffee", "conditions": ONLY_CASH, "effect": {"rewardCost": cost}},
        ]
        input = {"idempotencyKey": uuid.uuid4().hex, "clauses": clauses}
        payload = opened.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
        assert payload == {"terms": {"version": 1}, "userErrors": []}
        yield opened


def test_basket_check_and_purchase_agree_on_payments(shop: Shop) -> None:
    for payments, points, applies in ((None, 150, False), (paid("CARD"), 150, False), (paid("CASH"), 300, True)):
        card = shop.enrol()
        check = shop.execute(CHECK, by={"card": card}, basket={"lines": LINES, "payments": payments})["basketCheck"]
        assert check["decision"]["points"] == [{"points": points}]
        (cash,) = [clause for clause in check["clauses"] if clause["clause"]["key"] == "cash"]
        assert cash["applies"] is applies
        assert ("OTHER_PAYMENT" in {reason["code"] for reason in cash["reasons"]}) is not applies
        bought = shop.buy(card, "", lines=LINES, payments=payments)
        assert bought["decision"]["points"][0]["points"] == points


@pytest.mark.parametrize("before", [{}, {"basket": {"lines": [], "payments": paid("CARD", "0.50")}}])
def test_reward_for_one_payment_method_is_granted_once_its_remedy_is_followed(
    shop: Shop, before: dict[str, Any]
) -> None:
    card = shop.enrol()
    shop.buy(card, "", lines=LINES)
    refused = shop.redeem(card, **before)
    assert (refused["decision"]["outcome"], refused["redemption"], refused["userErrors"]) == ("REFUSED", None, [])
    (reason,) = [reason for reason in refused["decision"]["reasons"] if reason["code"] == "OTHER_PAYMENT"]
    assert reason["clause"]["key"] == "coffee"
    (remedy,) = reason["remedies"]
    assert (remedy["code"], remedy["choices"]) == ("PAY_WITH", ["CASH"])
    (offer,) = shop.execute(OFFERS, by={"card": card}, **before)["rewards"]["nodes"]
    assert offer["available"] is False

    basket = {"lines": [], "payments": paid(remedy["choices"][0], "0.50")}
    (offer,) = shop.execute(OFFERS, by={"card": card}, basket=basket)["rewards"]["nodes"]
    assert offer["available"] is True
    granted = shop.redeem(card, basket=basket)
    assert (granted["decision"]["outcome"], granted["balances"]) == ("GRANTED", [{"available": 50}])
    assert shop.execute(EXPLAIN, e=granted["entry"]["id"])["explain"]["agrees"] is True
    assert discrepancies_in(shop.url) == []


def test_basket_payments_have_the_limits_of_receipts(shop: Shop) -> None:
    card = shop.enrol()
    for payments, path in (
        (paid("CASH", "0"), ["payments", "0", "amount"]),
        (paid("CASH") * 21, ["payments"]),
        (paid("POINTS", "150.01"), ["payments"]),
    ):
        (error,) = shop.redeem(card, basket={"lines": LINES, "payments": payments})["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "basket", *path])
