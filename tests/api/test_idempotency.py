"""One effect and one response per idempotency key, also for concurrent requests, on both databases."""

from __future__ import annotations

import pytest

from tests.shop import BUY, REDEEM, Shop
from tests.verification import discrepancies_in

AT_ONCE = 20


def purchase_input(card: str, *, price: str = "10.00", key: str = "k", receipt: str = "r") -> dict[str, object]:
    """The input of a purchase."""
    lines = [{"sku": "a", "quantity": "1", "unitPrice": price}]
    return {"idempotencyKey": key, "customer": {"card": card}, "purchase": {"externalId": receipt, "lines": lines}}


def test_same_key_and_payload_gets_the_same_response_and_is_executed_once(shop: Shop) -> None:
    card = shop.enrol()
    first = shop.execute(BUY, input=purchase_input(card))
    shop.buy(card, "7.00")
    assert shop.execute(BUY, input=purchase_input(card)) == first
    assert shop.ledger(card) == [("EARN", 10), ("EARN", 7)]


def test_repeated_request_may_select_other_fields_and_another_language(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "61.00")
    input = {"idempotencyKey": "x", "customer": {"card": card}, "reward": {"key": "coffee"}}
    english = shop.execute(REDEEM, input=input)["redeemReward"]["decision"]
    german = shop.execute(REDEEM, input=input, language="de")["redeemReward"]["decision"]
    assert [reason["code"] for reason in german["reasons"]] == [reason["code"] for reason in english["reasons"]]
    assert german["reasons"][0]["statement"] == "„Coffee“ kostet 100 Punkte; Sie haben 61 Punkte."
    short = "mutation($input: RedeemRewardInput!) { redeemReward(input: $input) { decision { outcome } } }"
    assert shop.execute(short, input=input) == {"redeemReward": {"decision": {"outcome": "REFUSED"}}}


def test_refused_decision_stays_the_response_of_its_key(shop: Shop) -> None:
    card = shop.enrol()
    refused = shop.redeem(card, key="x")
    assert refused["decision"]["outcome"] == "REFUSED"
    shop.buy(card, "500.00")
    assert shop.redeem(card, key="x")["decision"] == refused["decision"]
    assert shop.redeem(card, key="y")["decision"]["outcome"] == "GRANTED"


def test_spelling_does_not_change_the_payload(shop: Shop) -> None:
    card = shop.enrol()
    first = shop.execute(BUY, input=purchase_input(card, price="10.00"))
    respelled = purchase_input(card, price="10.0")
    respelled["purchase"]["channel"] = None
    assert shop.execute(BUY, input=respelled) == first


@pytest.mark.parametrize("change", [{"price": "10.01"}, {"receipt": "other"}])
def test_same_key_with_another_payload_is_rejected_and_writes_nothing(shop: Shop, change: dict[str, str]) -> None:
    card = shop.enrol()
    shop.execute(BUY, input=purchase_input(card))
    refused = shop.execute(BUY, input=purchase_input(card, **change))["recordPurchase"]
    assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [
        ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    ]
    assert refused["decision"] is None
    assert shop.ledger(card) == [("EARN", 10)]


def test_same_key_for_another_mutation_is_rejected(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "500.00", key="k")
    assert [error["code"] for error in shop.redeem(card, key="k")["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert shop.ledger(card) == [("EARN", 500)]


def test_rejection_does_not_use_up_the_key(shop: Shop) -> None:
    assert [error["code"] for error in shop.buy("LATECARD", "1.00", key="k", receipt="r")["userErrors"]] == [
        "CUSTOMER_NOT_FOUND"
    ]
    shop.enrol("LATECARD")
    assert shop.buy("LATECARD", "1.00", key="k", receipt="r")["balances"][0]["available"] == 1


def test_parallel_duplicates_of_a_purchase_have_one_effect_and_identical_responses(shop: Shop) -> None:
    card = shop.enrol()
    answers = shop.in_parallel([lambda: shop.execute(BUY, input=purchase_input(card))] * AT_ONCE)
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["recordPurchase"]["userErrors"] == []
    assert shop.ledger(card) == [("EARN", 10)]


def test_one_receipt_sent_in_parallel_under_different_keys_is_recorded_once(shop: Shop) -> None:
    card = shop.enrol()
    answers = shop.in_parallel(
        [lambda key=str(n): shop.execute(BUY, input=purchase_input(card, key=key)) for n in range(AT_ONCE)]
    )
    assert len({answer["recordPurchase"]["entry"]["id"] for answer in answers}) == 1
    assert shop.ledger(card) == [("EARN", 10)]


def test_parallel_duplicates_of_a_redemption_pay_once(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "1000.00")
    input = {"idempotencyKey": "x", "customer": {"card": card}, "reward": {"key": "mug"}}
    answers = shop.in_parallel([lambda: shop.execute(REDEEM, input=input)] * AT_ONCE)
    decided = [
        {name: value for name, value in answer["redeemReward"].items() if name != "reward"} for answer in answers
    ]
    assert all(value == decided[0] for value in decided)
    assert shop.ledger(card) == [("EARN", 1000), ("REDEEM", -500)]
    assert discrepancies_in(shop.url) == []


def test_one_key_with_two_concurrent_payloads_is_executed_for_one_of_them(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(10)]
    answers = shop.in_parallel(
        [lambda card=card: shop.execute(BUY, input=purchase_input(card, receipt=card)) for card in cards]
    )
    codes = sorted("".join(error["code"] for error in answer["recordPurchase"]["userErrors"]) for answer in answers)
    assert codes == ["", *["IDEMPOTENCY_KEY_REUSED"] * 9]
    assert sum(shop.available(card) for card in cards) == 10
