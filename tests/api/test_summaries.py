"""Summaries that a till prints or reads aloud, over HTTP and on both databases: one to three sentences, in the requested
language."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_late_events import REWARD
from tests.shop import Shop, open_shop

WEDNESDAY_EVENING = "2026-03-04T18:00:00Z"
HAPPY_HOUR = {
    "weekdaysAndHours": {
        "days": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
        "start": "17:00",
        "end": "19:00",
    }
}
TERMS = (
    {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {"key": "welcome", "conditions": [{"firstPurchase": True}, {"minimumSpend": {"amount": "5.00"}}], "effect": {"bonusPoints": {"points": 100}}},
    {"key": "coffee", "conditions": [{"exceptWhen": {"conditions": [HAPPY_HOUR]}}], "effect": {"rewardCost": {"reward": "coffee", "points": 4}}},
)  # fmt: skip
BUY = """mutation($input: RecordPurchaseInput!) { recordPurchase(input: $input) {
  decision { outcome summary de: summary(locale: "de") reasons { statement zh: statement(locale: "zh-Hant") } } userErrors { code } } }"""
REDEEM = """mutation($input: RedeemRewardInput!) { redeemReward(input: $input) {
  decision { outcome summary tw: summary(locale: "zh-Hant") reasons { remedies { statement us: statement(locale: "en-US") } } } userErrors { code message de: message(locale: "de") } } }"""
OFFERED = """query($by: CustomerBy!, $basket: BasketInput!) {
  rewards(for: $by, basket: $basket) { nodes { available decision { outcome summary } } }
  basketCheck(customer: $by, basket: $basket) { decision { outcome summary } } }"""


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A shop with a coffee that is excluded in happy hour."""
    with open_shop(database_url, template="blank") as opened:
        input = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup", "stock": 5}
        assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        publish(opened, *TERMS, effectiveFrom="2020-01-01T00:00:00Z")
        yield opened


def basket(price: str = "4.00") -> Any:
    """One article on a Wednesday evening."""
    return {"occurredAt": WEDNESDAY_EVENING, "lines": [{"sku": "cup", "quantity": "1", "unitPrice": price}]}


def bought(shop: Shop, card: str, price: str, receipt: str) -> Any:
    """A purchase as the till sends it."""
    purchase = {"externalId": receipt, **basket(price)}
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
    return shop.execute(BUY, input=input)["recordPurchase"]["decision"]


def test_summary_of_a_small_purchase_is_one_sentence(blank: Shop) -> None:
    card = blank.enrol()
    tried = blank.execute(OFFERED, by={"card": card}, basket=basket())["basketCheck"]["decision"]
    four = bought(blank, card, "4.00", "R-1")
    assert (four["outcome"], four["summary"], four["de"]) == (
        "GRANTED",
        ["You earn 4 points."],
        ["Dafür gibt es 4 Punkte."],
    )
    assert (tried["outcome"], tried["summary"]) == ("GRANTED", four["summary"])
    assert len(four["reasons"]) == 3
    assert four["reasons"][0] == {"statement": "4 points under clause 1.", "zh": "依第 1 項可得 4 點。"}
    tried = blank.execute(OFFERED, by={"card": card}, basket=basket("0.10"))["basketCheck"]["decision"]
    nothing = bought(blank, card, "0.10", "R-2")
    assert nothing["outcome"] == tried["outcome"] == "NOTHING_EARNED"
    assert nothing["summary"] == tried["summary"] == ["This purchase earns no points."]


def test_offer_and_redemption_explain_happy_hour(blank: Shop) -> None:
    card = blank.enrol()
    bought(blank, card, "4.00", "R-1")
    sentences = ["Not available Monday to Friday, 17:00 to 19:00.", "You can have it from 19:00 today."]
    (offer,) = blank.execute(OFFERED, by={"card": card}, basket=basket())["rewards"]["nodes"]
    assert (offer["available"], offer["decision"]) == (False, {"outcome": "REFUSED", "summary": sentences})
    input = {"idempotencyKey": "now", "customer": {"card": card}, "reward": {"key": "coffee"}, "basket": basket()}
    decision = blank.execute(REDEEM, input=input)["redeemReward"]["decision"]
    assert (decision["outcome"], decision["summary"]) == ("REFUSED", sentences)
    assert decision["tw"] == ["週一至週五 17:00 至 19:00 恕不受理兌換。", "今天 19:00 起即可兌換。"]
    (remedy,) = [remedy for reason in decision["reasons"] for remedy in reason["remedies"]]
    assert remedy["us"].replace("\u00a0", " ") == "You can have it from 7 PM today."
    assert blank.execute(REDEEM, input=input)["redeemReward"]["decision"] == decision, "a replay says the same"


def test_rare_rejections_have_codes_and_translated_sentences(blank: Shop) -> None:
    card = blank.enrol()
    input = {"idempotencyKey": "again", "key": "coffee", "name": "Another", "description": "A cup"}
    (taken,) = blank.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"]
    assert taken["code"] == "REWARD_KEY_TAKEN"
    input = {"idempotencyKey": "tea", "key": "tea", "name": "Tea", "description": "A cup"}
    assert blank.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
    input = {"idempotencyKey": "a-tea", "customer": {"card": card}, "reward": {"key": "tea"}}
    (missing,) = blank.execute(REDEEM, input=input)["redeemReward"]["userErrors"]
    assert missing["code"] == "REWARD_NOT_OFFERED"
    assert missing["de"] == "Die geltenden Bedingungen bieten diese Prämie nicht an."
    assert missing["message"] != missing["de"]
