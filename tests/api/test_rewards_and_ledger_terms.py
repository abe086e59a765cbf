"""Descriptions of rewards, and unenforced terms, over HTTP. On both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.shop import Shop, open_shop

REWARD = """mutation($input: CreateRewardInput!) { createReward(input: $input) {
    reward { key article variants cashPart { amount currencyCode } } userErrors { code path } } }"""
CHECK = """query($clauses: [ClauseInput!]!) { termsCheck(clauses: $clauses) {
    effectOnCustomer changes { effectOnCustomer statement } findings { code example clause { key } }
    draft { clauses { key kind statement conditions { kind statement } } } userErrors { code path } } }"""
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code path } } }"""
DUE = """mutation($input: RedeemRewardInput!) { redeemReward(input: $input) { decision {
    outcome points { points } reasons { code statement required clause { key } } } } }"""
MUG = {
    "key": "holder",
    "name": "Holder",
    "description": "A hanging heart for a candle.",
    "pictureUrl": "https://example.org/holder.png",
    "article": "85123A",
    "cashPart": "2.50",
}


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms, in pounds."""
    with open_shop(database_url, template="blank") as opened:
        yield opened


def reward(shop: Shop, **more: object) -> Any:
    """Put the holder into the catalogue."""
    input = {**MUG, "idempotencyKey": uuid.uuid4().hex, **more}
    return shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]


def clauses(cost: dict[str, object], *more: object) -> list[object]:
    """A point a pound, and the holder."""
    return [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "holder", "effect": {"rewardCost": {"reward": "holder", **cost}}},
        *more,
    ]


def check(shop: Shop, given: list[object]) -> Any:
    """Checks a draft as the owner."""
    return shop.execute(CHECK, role=Role.OWNER, clauses=given)["termsCheck"]


def publish(shop: Shop, given: list[object], *, start: str | None = "2026-01-01T00:00:00Z") -> Any:
    """Publishes as the owner."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": given, "effectiveFrom": start}
    return shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]


def test_reward_has_a_description_and_variants(shop: Shop) -> None:
    done = reward(shop, variants=["white", "red"])
    assert done["userErrors"] == []
    assert done["reward"] == {
        "key": "holder",
        "article": "85123A",
        "variants": ["white", "red"],
        "cashPart": {"amount": "2.50", "currencyCode": "GBP"},
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("article", ""),
        ("article", "x" * 201),
        ("variants", ["red", " red"]),
        ("variants", ["re\u202ed"]),
        ("variants", [""]),
        ("variants", ["  "]),
        ("variants", ["x" * 101]),
        ("variants", [str(number) for number in range(51)]),
        ("cashPart", "0.00"),
        ("cashPart", "-1.00"),
        ("cashPart", "1.001"),
    ],
)
def test_invalid_reward_is_rejected_with_its_field(shop: Shop, field: str, value: object) -> None:
    done = reward(shop, **{field: value})
    assert done["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", field]}]
    assert reward(shop)["reward"]["key"] == "holder", "nothing was kept"


def test_linter_uses_the_catalogue_and_the_receipts(shop: Shop) -> None:
    reward(shop)
    publish(shop, clauses({"points": 10, "cash": "2.50"}))
    card = shop.enrol()
    for sku in ("85123A", "85123B", "22423"):
        shop.buy(card, "5.00", lines=[{"sku": sku, "quantity": "1", "unitPrice": "5.00"}])
    findings = check(shop, clauses({"points": 10}))["findings"]
    assert {value["code"]: value["example"] for value in findings} == {
        "NO_VARIANT_CHOICE": "Customers bought 85123A and 85123B; the reward does not say which one it is.",
        "CASH_NOT_STATED": "The catalogue asks for £2.50 with “Holder”; the clause says nothing of it.",
    }
    stated = check(shop, clauses({"points": 10, "cash": "2.50"}))["findings"]
    assert [value["code"] for value in stated] == ["NO_VARIANT_CHOICE"]


def test_cash_price_is_in_the_sentence_and_in_the_decision(shop: Shop) -> None:
    reward(shop)
    assert publish(shop, clauses({"points": 10, "cash": "2.50"}))["userErrors"] == []
    card = shop.enrol()
    shop.buy(card, "20.00")
    input = {
        "idempotencyKey": "r",
        "customer": {"card": card},
        "reward": {"key": "holder"},
    }
    decision = shop.execute(DUE, input=input)["redeemReward"]["decision"]
    assert (decision["outcome"], decision["points"][0]["points"]) == ("GRANTED", 10)
    (due,) = [reason for reason in decision["reasons"] if reason["code"] == "CASH_DUE"]
    assert (due["clause"]["key"], due["required"]) == ("holder", "£2.50")
    assert due["statement"] == "Plus £2.50 to pay."
    worse = check(shop, clauses({"points": 10, "cash": "3.00"}))
    assert [change["effectOnCustomer"] for change in worse["changes"]] == ["WORSE"]
    assert "You can have “Holder” for 10 points and £3." in worse["changes"][0]["statement"]


def test_unenforced_terms_are_checked_and_not_published(shop: Shop) -> None:
    reward(shop)
    publish(shop, clauses({"points": 10, "cash": "2.50"}))
    given = clauses(
        {"points": 10, "cash": "2.50"},
        {"key": "gold", "effect": {"tier": {"tier": "gold", "name": "Gold", "points": 500}}},
        {
            "key": "for-gold",
            "conditions": [{"tierAtLeast": {"tier": "gold"}}],
            "effect": {"pointsMultiplier": {"factor": "2"}},
        },
        {"key": "quotes", "effect": {"quoteValidity": {"minutes": 5}}},
        {"key": "expiry", "effect": {"pointsValidity": {"months": 12, "expires": True, "noticeBy": ["INBOX"]}}},
    )
    terms_check = check(shop, given)
    assert terms_check["userErrors"] == [{"code": "NOT_ENFORCED_YET", "path": ["clauses", "4", "effect"]}]
    said = {clause["key"]: clause for clause in terms_check["draft"]["clauses"]}
    assert said["gold"]["kind"] == "TIER"
    assert said["gold"]["statement"] == "You reach tier “Gold” with 500 qualifying points."
    assert said["for-gold"]["conditions"][0]["statement"] == "at tier “Gold” or above"
    assert "opened in your inbox" in said["expiry"]["statement"]
    assert "tier-period" in said
    assert terms_check["effectOnCustomer"] == "WORSE", "points expire"
    refused = publish(shop, given, start=None)
    assert refused["userErrors"] == [{"code": "NOT_ENFORCED_YET", "path": ["input", "clauses", "4", "effect"]}]
    assert shop.execute("{ terms { version } }")["terms"]["version"] == 1


def test_condition_on_an_unknown_tier_is_rejected_with_its_path(shop: Shop) -> None:
    reward(shop)
    lost = {"key": "x", "conditions": [{"tierAtLeast": {"tier": "gold"}}], "effect": {"bonusPoints": {"points": 5}}}
    terms_check = check(shop, clauses({"points": 10}, lost))
    assert terms_check["userErrors"] == [{"code": "INVALID_INPUT", "path": ["clauses", "2", "conditions", "0"]}]
    assert terms_check["draft"] is None
