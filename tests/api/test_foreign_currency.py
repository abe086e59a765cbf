"""Purchases in another currency than the program's, at the rate that the till sends. On both databases."""

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
    decision { points { points } } clauses { clause { key } applies almostMet { statement amount { amount currencyCode } }
    reasons { code observed required remedies { amount { amount currencyCode } } } } } }"""
OFFERS = """query($by: CustomerBy!, $basket: BasketInput) { rewards(for: $by, basket: $basket) { nodes {
    reward { key } available } } }"""
SALE = """query($id: ID!) { node(id: $id) { ... on Purchase {
    total { amount currencyCode } exchangeRate points lines { unitPrice { amount currencyCode } } } } }"""
EXPLAIN = "query($e: ID!) { explain(entry: $e) { recomputedPoints agrees } }"
EUROS = {"currencyCode": "EUR", "exchangeRate": "0.85"}
LARGE = [{"minimumSpend": {"amount": "50.00"}}]


def lines_of(*prices: str) -> list[dict[str, str]]:
    """One item at each price."""
    return [{"sku": "thing", "quantity": "1", "unitPrice": price} for price in prices]


def points_of(bought: Any) -> int:
    """What the decision gives."""
    (first,) = bought["decision"]["points"]
    points: int = first["points"]
    return points


@pytest.fixture
def large(database_url: str) -> Iterator[Shop]:
    """A point a pound, two from £50.00 on; coffee at 10 points with a purchase of £50.00."""
    with open_shop(database_url, template="blank") as opened:
        coffee = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        opened.execute(REWARD, role=Role.OWNER, input=coffee)
        clauses: list[Any] = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {"key": "large", "conditions": LARGE, "effect": {"pointsPerAmount": {"points": 2, "per": "1.00"}}},
            {"key": "coffee", "conditions": LARGE, "effect": {"rewardCost": {"reward": "coffee", "points": 10}}},
        ]
        input = {"idempotencyKey": uuid.uuid4().hex, "clauses": clauses}
        payload = opened.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
        assert payload == {"terms": {"version": 1}, "userErrors": []}
        yield opened


def test_purchase_in_euros_and_its_refunds_use_the_same_rate(shop: Shop) -> None:
    card = shop.enrol()
    bought = shop.buy(card, "", receipt="R-1", lines=lines_of("60.00", "39.99", "0.01"), **EUROS)
    assert points_of(bought) == 85, "€100.00 are £85.00"
    (reason,) = bought["decision"]["reasons"]
    assert reason["clause"]["statement"].startswith("You earn 1 point for every £1")
    purchase = shop.execute(SALE, id=bought["purchase"]["id"])["node"]
    assert purchase["total"] == {"amount": "100.00", "currencyCode": "EUR"}
    assert (purchase["exchangeRate"], purchase["points"]) == ("0.85", 85)
    assert purchase["lines"][0]["unitPrice"] == {"amount": "60.00", "currencyCode": "EUR"}

    first = shop.refund("R-1", lines=[{"line": 1}], key="first")
    assert first["cash"] == {"amount": "60.00", "currencyCode": "EUR"}
    assert first["balances"] == [{"available": 34}], "what is kept, €40.00, is £34.00"
    rest = shop.refund("R-1")
    assert rest["cash"] == {"amount": "40.00", "currencyCode": "EUR"}
    assert rest["balances"] == [{"available": 0}]
    again = shop.refund("R-1", lines=[{"line": 1}], key="first")
    assert again["cash"] == {"amount": "60.00", "currencyCode": "EUR"}, "an answer that is given again is the same"

    assert shop.ledger(card) == [("EARN", 85), ("CLAWBACK", -51), ("CLAWBACK", -34)]
    for entry, points in ((bought["entry"], 85), (first["entry"], -51), (rest["entry"], -34)):
        assert shop.execute(EXPLAIN, e=entry["id"])["explain"] == {"recomputedPoints": points, "agrees": True}
    assert discrepancies_in(shop.url) == []


def test_purchase_in_the_program_currency_has_no_rate(shop: Shop) -> None:
    for own in ({}, {"currencyCode": "GBP"}, {"exchangeRate": None}):
        bought = shop.buy(shop.enrol(), "10.00", **own)
        assert points_of(bought) == 10
        assert shop.execute(SALE, id=bought["purchase"]["id"])["node"]["exchangeRate"] is None


@pytest.mark.parametrize(
    ("own", "foreign", "rate", "price", "points", "half", "cash"),
    [
        # A point for ¥100, for €1.00 or for 1.000 KWD, which are 100, 100 and 1000 of the smallest unit.
        ("JPY", "EUR", "163.45", "100.00", 163, 82, "50.00"),
        ("JPY", "KWD", "487.2", "10.000", 49, 24, "5.000"),
        ("EUR", "JPY", "0.00612", "16340", 100, 50, "8170"),
        ("EUR", "KWD", "2.98", "10.500", 31, 16, "5.250"),
        ("KWD", "JPY", "0.002053", "16340", 34, 17, "8170"),
        ("KWD", "EUR", "0.3356", "100.00", 34, 17, "50.00"),
    ],
)
def test_currencies_with_0_2_and_3_decimals_work_on_either_side(
    database_url: str, own: str, foreign: str, rate: str, price: str, points: int, half: int, cash: str
) -> None:
    with open_shop(database_url, currency=own) as shop:
        card = shop.enrol()
        lines = [{"sku": "thing", "quantity": "2", "unitPrice": cash}]
        bought = shop.buy(card, "", receipt="R-1", lines=lines, currencyCode=foreign, exchangeRate=rate)
        assert points_of(bought) == points
        total = shop.execute(SALE, id=bought["purchase"]["id"])["node"]["total"]
        assert total == {"amount": price, "currencyCode": foreign}
        refunded = shop.refund("R-1", lines=[{"line": 1, "quantity": "1"}])
        assert refunded["cash"] == {"amount": cash, "currencyCode": foreign}
        assert shop.available(card) == half, "half of the amount, rounded once"
        assert shop.refund("R-1")["balances"] == [{"available": 0}]
        assert discrepancies_in(shop.url) == []


def test_thresholds_and_missing_amounts_are_in_the_program_currency(large: Shop) -> None:
    card = large.enrol()
    basket = {"lines": lines_of("58.82"), **EUROS}
    check = large.execute(CHECK, by={"card": card}, basket=basket)["basketCheck"]
    assert check["decision"]["points"] == [{"points": 50}], "£49.997 is below £50.00, and one point a pound"
    clauses = {clause["clause"]["key"]: clause for clause in check["clauses"]}
    assert clauses["large"]["applies"] is False
    (missing,) = clauses["large"]["almostMet"]
    assert missing["amount"] == {"amount": "0.01", "currencyCode": "GBP"}
    (below,) = [reason for reason in clauses["large"]["reasons"] if reason["code"] == "BELOW_MINIMUM_SPEND"]
    assert (below["observed"], below["required"]) == ("£49.99", "£50")
    assert points_of(large.buy(card, "58.82", **EUROS)) == 50

    reached = {"lines": lines_of("58.83"), **EUROS}
    check = large.execute(CHECK, by={"card": card}, basket=reached)["basketCheck"]
    assert check["decision"]["points"] == [{"points": 100}]
    assert points_of(large.buy(card, "58.83", **EUROS)) == 100


def test_refund_below_a_threshold_claws_back_its_points(large: Shop) -> None:
    card = large.enrol()
    large.buy(card, "", receipt="R-1", lines=lines_of("50.00", "50.00"), **EUROS)
    assert large.available(card) == 170
    large.refund("R-1", lines=[{"line": 2}])
    assert large.available(card) == 43, "£42.50 at a point a pound"
    assert discrepancies_in(large.url) == []


def test_rewards_with_a_basket_in_euros_use_its_rate(large: Shop) -> None:
    card = large.enrol()
    large.buy(card, "20.00")
    for price, available in (("58.82", False), ("58.83", True)):
        basket = {"lines": lines_of(price), **EUROS}
        (offer,) = large.execute(OFFERS, by={"card": card}, basket=basket)["rewards"]["nodes"]
        assert offer["available"] is available
        redeemed = large.redeem(card, basket=basket)
        assert (redeemed["redemption"] is not None) is available
    assert large.execute(EXPLAIN, e=redeemed["entry"]["id"])["explain"]["agrees"] is True
    assert discrepancies_in(large.url) == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"currencyCode": "EUR"}, "RATE_MISSING", "currencyCode"),
        ({"currencyCode": "EUR", "exchangeRate": None}, "RATE_MISSING", "currencyCode"),
        ({"exchangeRate": "0.85"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "GBP", "exchangeRate": "1"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "EUR", "exchangeRate": "0"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "EUR", "exchangeRate": "-0.85"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "EUR", "exchangeRate": "1000000.1"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "EUR", "exchangeRate": "0.0000000000001"}, "INVALID_INPUT", "exchangeRate"),
        ({"currencyCode": "EUR", "exchangeRate": "1e-29"}, "INVALID_INPUT", "exchangeRate"),
        (
            {"currencyCode": "EUR", "exchangeRate": "1000000", "lines": lines_of("1000000000")},
            "INVALID_INPUT",
            "exchangeRate",
        ),
    ],
)
def test_foreign_purchase_without_a_valid_rate_is_rejected(
    shop: Shop, given: dict[str, Any], code: str, field: str
) -> None:
    card = shop.enrol()
    (error,) = shop.buy(card, "100.00", **given)["userErrors"]
    assert (error["code"], error["path"]) == (code, ["input", "purchase", field])
    basket = {"lines": lines_of("100.00"), **given}
    (error,) = shop.redeem(card, basket=basket)["userErrors"]
    assert (error["code"], error["path"]) == (code, ["input", "basket", field])
    for query in (CHECK, OFFERS):
        body = shop.send(query, by={"card": card}, basket=basket).json()
        assert body["errors"][0]["message"].startswith(f"{code} at basket.{field}: ")
    assert shop.ledger(card) == []


def test_rate_is_a_string_and_never_a_json_number(shop: Shop) -> None:
    card = shop.enrol()
    response = shop.send(CHECK, by={"card": card}, basket={"lines": [], "currencyCode": "EUR", "exchangeRate": 0.85})
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_receipt_fingerprint_depends_on_the_exchange_rate_but_not_its_spelling(
    shop: Shop,
) -> None:
    card = shop.enrol()
    shop.buy(card, "100.00", receipt="R-1", **EUROS)
    again = shop.buy(card, "100.00", receipt="R-1", currencyCode="EUR", exchangeRate="0.8500")
    assert (again["userErrors"], points_of(again)) == ([], 85)
    for other in ({"currencyCode": "EUR", "exchangeRate": "0.86"}, {"currencyCode": "USD", "exchangeRate": "0.85"}):
        refused = shop.buy(card, "100.00", receipt="R-1", **other)
        assert [error["code"] for error in refused["userErrors"]] == ["RECEIPT_DIFFERS"]
    assert shop.ledger(card) == [("EARN", 85)]


def test_part_paid_with_points_earns_nothing_in_any_currency(shop: Shop) -> None:
    card = shop.enrol()
    payments = [{"kind": "POINTS", "amount": "40.00"}, {"kind": "GIFT_CARD", "amount": "60.00"}]
    assert points_of(shop.buy(card, "100.00", payments=payments, **EUROS)) == 51, "€60.00 are £51.00"
