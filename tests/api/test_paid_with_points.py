"""Purchases that points paid a part of: what comes back of them, in points and in money. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from app.api.serving.costs import Allowance
from app.domain.access import Role
from tests.api.test_budgets import publish
from tests.api.test_late_facts import REWARD, at
from tests.api.test_refund_kinds import refund
from tests.proving import faults_in
from tests.shop import Shop, open_shop

THIRDS = [{"sku": sku, "quantity": "1", "unitPrice": price} for sku, price in (("a", "33.34"), ("b", "33.33"), ("c", "33.33"))]  # fmt: skip
TERMS = (
    {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {"key": "twenty", "effect": {"rewardCost": {"reward": "twenty", "points": 2000}}},
    {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 500}}},
)


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A point a pound; 2,000 points are twenty pounds, 500 are five."""
    with open_shop(database_url, template="blank", allowance=Allowance(10_000_000, 10_000_000)) as opened:
        for key in ("twenty", "five"):
            given = {"idempotencyKey": key, "key": key, "name": key, "description": "Pounds off"}
            assert opened.ask(REWARD, role=Role.OWNER, input=given)["createReward"]["userErrors"] == []
        publish(opened, *TERMS, effectiveFrom="2020-01-01T00:00:00Z")
        yield opened


def spend(shop: Shop, card: str, reward: str, *, hours: float = 1) -> str:
    """The id of a new redemption."""
    done = shop.redeem(card, reward, basket={"occurredAt": at(hours=hours), "lines": []})
    id: str = done["redemption"]["id"]
    return id


def points(id: str, amount: str) -> dict[str, str]:
    """A payment with the points of a redemption."""
    return {"kind": "POINTS", "amount": amount, "redemptionId": id}


def rich(shop: Shop, many: str = "3000.00") -> str:
    """A card with points."""
    card = shop.enrol()
    shop.buy(card, many, occurredAt=at())
    return card


def back(done: Any) -> tuple[str, int]:
    """Money and points that came back."""
    return done["cash"]["amount"], done["pointsBack"]


def test_a_full_refund_gives_back_the_points_and_only_the_rest_in_money(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    done = refund(shop, "R", occurredAt=at(hours=3))
    assert back(done) == ("80.00", 2000)
    assert done["decision"]["points"][0]["points"] == 80
    assert shop.available(card) == 3000
    assert faults_in(shop.url) == []


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
@pytest.mark.parametrize("by", ["quantity", "amount"])
def test_line_by_line_it_is_the_same_in_any_order(shop: Shop, order: tuple[int, ...], by: str) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "", lines=THIRDS, receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    came = {}
    for count, line in enumerate(order, start=3):
        what = {"quantity": "1"} if by == "quantity" else {"amount": THIRDS[line - 1]["unitPrice"]}
        came[line] = back(refund(shop, "R", lines=[{"line": line, **what}], occurredAt=at(hours=count)))
    assert came == {1: ("26.67", 667), 2: ("26.66", 667), 3: ("26.67", 666)}
    assert shop.available(card) == 3000
    assert faults_in(shop.url) == []


def test_a_part_of_the_price_brings_its_part_of_the_points(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert back(refund(shop, "R", amount="40.00", occurredAt=at(hours=3))) == ("32.00", 800)
    assert back(refund(shop, "R", amount="0.01", occurredAt=at(hours=4))) == ("0.01", 0)
    assert back(refund(shop, "R", occurredAt=at(hours=5))) == ("47.99", 1200)
    assert shop.available(card) == 3000
    assert faults_in(shop.url) == []


def test_several_redemptions_that_paid_in_a_foreign_currency_come_back_each(shop: Shop) -> None:
    card = rich(shop)
    ids = [spend(shop, card, reward) for reward in ("twenty", "five")]
    paid = [points(ids[0], "22.00"), points(ids[1], "5.50"), {"kind": "CASH", "amount": "82.50"}]
    euros = {"currencyCode": "EUR", "exchangeRate": "0.90"}
    lines = [{"sku": "a", "quantity": "2", "unitPrice": "27.50"}, {"sku": "b", "quantity": "1", "unitPrice": "55.00"}]
    shop.buy(card, "", lines=lines, receipt="R", payments=paid, occurredAt=at(hours=2), **euros)
    one = refund(shop, "R", lines=[{"line": 1, "quantity": "1"}], occurredAt=at(hours=3))
    assert (back(one), one["cash"]["currencyCode"]) == (("20.62", 625), "EUR")
    assert back(refund(shop, "R", lines=[{"line": 2}], occurredAt=at(hours=4))) == ("41.25", 1250)
    assert back(refund(shop, "R", occurredAt=at(hours=5))) == ("20.63", 625)
    assert shop.available(card) == 3000
    assert faults_in(shop.url) == []


def test_a_refund_that_waited_for_its_purchase_gives_back_the_same(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    early = {"externalId": "B", "occurredAt": at(hours=3)}
    assert shop.refund("R", **early)["cash"] is None
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert shop.available(card) == 3000
    assert shop.refund("R", **early)["cash"]["amount"] == "80.00"
    assert faults_in(shop.url) == []
