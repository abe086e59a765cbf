"""Every reason of every decision cites a clause of its terms, and every refusal has a reason."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.shop import DECISION, Clock, Shop, open_shop

REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"
PUBLISH = f"mutation($input: PublishTermsInput!) {{ publishTerms(input: $input) {{ terms {{ version }} {DECISION} }} }}"
TERMS = "query($v: Int) { terms(version: $v) { clauses { key number statement } } }"
BASKET = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
    decision { outcome terms { version } reasons { clause { key number statement } } } } }"""
OFFERS = """query($by: CustomerBy!) { rewards(for: $by) { nodes {
    decision { outcome terms { version } reasons { clause { key number statement } } } } } }"""
EXPLAIN = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { id
    decision { outcome terms { version } reasons { clause { key number statement } } } } } } }"""
LINES = [
    {"sku": "cup", "quantity": "3", "unitPrice": "40.00"},
    {"sku": "pot", "quantity": "1", "unitPrice": "20.40"},
]


@pytest.fixture
def clock() -> Clock:
    """The shop's time."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A live shop, so that changes need their notice."""
    with open_shop(database_url, clock=clock, kind=ProgramKind.LIVE, template="blank") as opened:
        coffee = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        opened.execute(REWARD, role=Role.OWNER, input=coffee)
        yield opened


def publish(shop: Shop, *, coffee: int, **more: Any) -> Any:
    """Publishes a point a pound, five more for a pot in the shop, at most 130, and the price of a coffee."""
    clauses = [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {
            "key": "pot",
            "conditions": [{"products": {"include": ["pot"]}}, {"channels": {"channels": ["STORE"]}}],
            "effect": {"bonusPoints": {"points": 5}},
        },
        {"key": "cap", "effect": {"pointsCap": {"points": 130, "scope": "PURCHASE"}}},
        {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": coffee}}},
        {"key": "notice", "effect": {"noticePeriod": {"days": 60, "preset": "CA_QC"}}},
    ]
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": clauses, **more}
    return shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]


def test_every_reason_cites_a_clause_of_the_deciding_terms(shop: Shop, clock: Clock) -> None:
    decided: dict[str, Any] = {}
    publish(shop, coffee=100)
    card = shop.enrol()
    by = {"card": card}
    decided["offered, not to be had"] = shop.execute(OFFERS, by=by)["rewards"]["nodes"][0]["decision"]
    decided["redeemed, refused"] = shop.redeem(card)["decision"]
    decided["tried out"] = shop.execute(BASKET, by=by, basket={"lines": LINES})["basketCheck"]["decision"]
    decided["earned, capped"] = shop.buy(card, "", receipt="R-1", lines=LINES, channel="STORE")["decision"]
    decided["earned, nothing"] = shop.buy(card, "0.10", receipt="R-2")["decision"]
    decided["refunded in part"] = shop.refund("R-1", lines=[{"line": 1, "quantity": "1"}])["decision"]
    decided["published, better"] = publish(shop, coffee=90)["decision"]
    soon, late = ((clock.now + timedelta(days=days)).isoformat() for days in (10, 200))
    decided["published, too soon"] = publish(shop, coffee=95, effectiveFrom=soon)["decision"]
    decided["published, too late"] = publish(shop, coffee=95, effectiveFrom=late)["decision"]
    decided["published, with notice"] = publish(shop, coffee=95)["decision"]
    clock.now += timedelta(days=70)
    decided["redeemed at the old price"] = shop.redeem(card)["decision"]
    decided["refunded, with a shortfall"] = shop.refund("R-1")["decision"]
    for place, value in enumerate(shop.execute(EXPLAIN, by=by)["customer"]["ledger"]["nodes"]):
        decided[f"entry {place}"] = value["decision"]

    outcomes = {case: item["outcome"] for case, item in decided.items() if not case.startswith("entry")}
    assert [case for case, outcome in outcomes.items() if outcome == "REFUSED"] == [
        "offered, not to be had",
        "redeemed, refused",
        "published, too soon",
        "published, too late",
    ]
    assert [case for case, outcome in outcomes.items() if outcome == "NOTHING_EARNED"] == ["earned, nothing"]
    assert outcomes["refunded, with a shortfall"] == "PARTLY_GRANTED"
    assert len(decided) > len(outcomes) + 3, "the entries in the ledger are among them"
    assert {item["terms"]["version"] for item in decided.values()} == {1, 2, 3}
    for case, value in decided.items():
        version = value["terms"]["version"]
        in_force = shop.execute(TERMS, role=Role.OWNER, v=version)["terms"]["clauses"]
        for reason in value["reasons"]:
            assert reason["clause"] in in_force, (case, version, reason)
        assert value["reasons"] or value["outcome"] == "GRANTED", case
