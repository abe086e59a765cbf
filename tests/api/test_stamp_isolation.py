"""Stamps and points of one wallet are separate, over HTTP and on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_holds import HOLD
from tests.api.test_stamps import ADJUST, CANCEL, MERGE, OFFERS, buy, counts, redeem, refund
from tests.api.test_terms import PUBLISH, REWARD
from tests.shop import Clock, Shop, open_shop
from tests.transfers import find_customer, join
from tests.verification import discrepancies_in

MEAL = {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 3, "unit": "STAMPS"}}}
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
VISIT = {"key": "visit", "effect": {"stamps": {"stamps": 1}}}


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop without terms that has a meal in its catalogue; its ledger is verified at the end."""
    with open_shop(database_url, clock=clock, template="blank") as opened:
        input = {"idempotencyKey": "r", "key": "meal", "name": "Meal", "description": "A plate of the day.", "stock": 9}
        assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        yield opened
        assert discrepancies_in(opened.url) == []


def publish(shop: Shop, *clauses: Any, start: str | None = "2026-01-01T00:00:00Z") -> Any:
    """Publishes these clauses."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), "effectiveFrom": start}
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert payload["userErrors"] == []
    assert payload["terms"] is not None, payload["decision"]
    return payload["terms"]


def give(shop: Shop, card: str, amount: int, unit: str = "STAMPS", *, language: str = "en") -> Any:
    """Adjusts stamps by hand."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "points": amount,
        "unit": unit,
        "reason": "A gift",
    }
    return shop.execute(ADJUST, role=Role.OWNER, input=input, language=language)["adjustPoints"]


def test_price_in_stamps_is_not_an_old_price_in_points(shop: Shop, clock: Clock) -> None:
    publish(shop, SPEND, VISIT, MEAL)
    card = shop.enrol()
    buy(shop, card, "50.00")
    in_points = {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 100}}}
    start = clock.now + timedelta(days=40)
    publish(shop, SPEND, VISIT, in_points, start=start.isoformat())
    clock.now = start + timedelta(days=1)
    (offer,) = shop.execute(OFFERS, by={"card": card})["rewards"]["nodes"]
    assert (offer["cost"], offer["available"], offer["missingPoints"]) == (100, False, 50)
    refused = redeem(shop, card)
    assert refused["decision"]["outcome"] == "REFUSED"
    assert [reason["code"] for reason in refused["decision"]["reasons"]] == ["INSUFFICIENT_POINTS"]


def test_hold_after_an_expired_one_keeps_its_own_stamps(shop: Shop, clock: Clock) -> None:
    publish(shop, SPEND, VISIT, MEAL, {"key": "undo", "effect": {"undoWindow": {"hours": 24}}})
    card = shop.enrol()
    give(shop, card, 3)
    give(shop, card, 3)
    paid = redeem(shop, card)
    order = {"customer": {"card": card}, "reward": {"key": "meal"}, "minutes": 30}
    shop.execute(HOLD, input={"idempotencyKey": "h-1", "checkout": "c-1", **order})
    undo = {"idempotencyKey": "u", "redemption": paid["redemption"]["id"]}
    assert shop.execute(CANCEL, input=undo)["cancelRedemption"]["userErrors"] == []
    clock.now += timedelta(hours=1)
    held = shop.execute(HOLD, input={"idempotencyKey": "h-2", "checkout": "c-2", **order})["holdRedemption"]
    assert held["decision"]["outcome"] == "GRANTED"
    assert discrepancies_in(shop.url) == []


def test_refund_names_the_clauses_that_earn_less(shop: Shop) -> None:
    publish(shop, SPEND, VISIT, {"key": "item", "effect": {"stamps": {"stamps": 2, "per": "ITEM"}}}, MEAL)
    card = shop.enrol()
    lines = [{"sku": "a", "quantity": "3", "unitPrice": "2.00"}]
    bought = buy(shop, card, receipt="r-1", lines=lines)
    assert counts(bought)["stamps"][0] == 7
    payload = refund(shop, "r-1", lines=[{"line": 1, "quantity": "1"}])
    taken = [
        (o["clause"]["key"], o["statement"])
        for o in payload["decision"]["reasons"]
        if o["code"] == "STAMPS_CLAWED_BACK"
    ]
    assert taken == [("item", "We took back 2 stamps for what you returned.")]
    payload = refund(shop, "r-1")
    taken = [
        (o["clause"]["key"], o["statement"])
        for o in payload["decision"]["reasons"]
        if o["code"] == "STAMPS_CLAWED_BACK"
    ]
    assert taken == [
        ("visit", "We took back 1 stamp for what you returned."),
        ("item", "We took back 4 stamps for what you returned."),
    ]


def test_merge_beyond_the_largest_number_of_stamps_is_rejected(shop: Shop) -> None:
    publish(shop, SPEND, {"key": "item", "effect": {"stamps": {"stamps": 100, "per": "ITEM"}}}, MEAL)
    cards = shop.enrol(), shop.enrol()
    for card in cards:
        done = buy(shop, card, lines=[{"sku": "a", "quantity": "1000000", "unitPrice": "0.01"}] * 12)
        assert counts(done)["stamps"] == (1_200_000_000, 0, 0)
    input = {"idempotencyKey": "m", "merged": {"card": cards[0]}, "survivor": {"card": cards[1]}, "reason": "One"}
    payload = shop.execute(MERGE, role=Role.OWNER, input=input)["mergeCustomers"]
    assert [error["code"] for error in payload["userErrors"]] == ["AMOUNT_OUT_OF_RANGE"]


SIDES = """query($by: CustomerBy!) { customer(by: $by) {
  points: ledger(first: 1) { nodes { type points counterparties { id } mergedLedger { nodes { type points unit { code } } } } }
  stamps: ledger(unit: STAMPS, first: 1) { nodes { type points counterparties { id } mergedLedger { nodes { type points unit { code } } } } } } }"""


def test_household_merge_names_the_counterparty_for_each_unit(shop: Shop) -> None:
    publish(shop, SPEND, VISIT, MEAL)
    host, member = shop.enrol(), shop.enrol()
    for card in (host, member):
        buy(shop, card)
    assert join(shop, member, host)["userErrors"] == []
    customer = shop.execute(SIDES, role=Role.STAFF, by={"card": host})["customer"]
    mine = {"id": find_customer(shop, member)["id"]}
    for unit, brought in (("points", 6), ("stamps", 1)):
        (entry,) = customer[unit]["nodes"]
        came = entry.pop("mergedLedger")["nodes"]
        assert entry == {"type": "MERGE", "points": brought, "counterparties": [mine]}
        kept = {"unit": {"code": unit}}
        assert came == [{"type": "MERGE", "points": -brought, **kept}, {"type": "EARN", "points": brought, **kept}]


WRONG = """mutation($input: AdjustPointsInput!) { adjustPoints(input: $input) {
  userErrors { code message detail } } }"""


def test_rejections_about_stamps_do_not_mention_points(shop: Shop) -> None:
    publish(shop, SPEND, VISIT, MEAL)
    card = shop.enrol()
    words = {"en": "point", "de": "Punkt", "zh-Hans": "积分", "zh-Hant": "點數"}
    codes = set()
    for language, word in words.items():
        for amount, role in ((-9, Role.OWNER), (5000, Role.STAFF), (0, Role.OWNER)):
            given = {"customer": {"card": card}, "points": amount, "unit": "STAMPS", "reason": "A gift"}
            given["idempotencyKey"] = uuid.uuid4().hex
            (error,) = shop.execute(WRONG, role=role, language=language, input=given)["adjustPoints"]["userErrors"]
            codes.add(error["code"])
            assert word not in error["message"]
            assert "point" not in (error["detail"] or "")
    assert codes == {"NOT_ENOUGH_POINTS", "ABOVE_LIMIT", "INVALID_INPUT"}
