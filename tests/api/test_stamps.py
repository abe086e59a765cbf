"""Stamps beside points over HTTP, on both databases: earned, spent, held, clawed back, and verified."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_holds import CAPTURE, HOLD, RELEASE, end, run_due_jobs
from tests.api.test_terms import PUBLISH, REWARD
from tests.shop import DECISION, Clock, Shop, open_shop
from tests.verification import discrepancies_in

BALANCES = "balances { unit { code name } available pending held owed lifetime buysToday { key } }"
BUY = f"""mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {DECISION} {BALANCES}
  entry {{ points unit {{ code }} }} userErrors {{ code path }} }} }}"""
REDEEM = f"""mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {DECISION} {BALANCES}
  redemption {{ id points unit {{ code name }} }} entry {{ points unit {{ code }} }} }} }}"""
REFUND = (
    f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ {DECISION} {BALANCES} shortfall }} }}"""
)
CANCEL = f"""mutation($input: CancelRedemptionInput!) {{ cancelRedemption(input: $input) {{ {DECISION} {BALANCES}
  entry {{ type points unit {{ code }} }} userErrors {{ code }} }} }}"""
ADJUST = f"""mutation($input: AdjustPointsInput!) {{ adjustPoints(input: $input) {{ {BALANCES}
  entry {{ type points reason unit {{ code }} }} userErrors {{ code path }} }} }}"""
MERGE = f"""mutation($input: MergeCustomersInput!) {{ mergeCustomers(input: $input) {{ {BALANCES} userErrors {{ code }} }} }}"""
CARD = f"""query($by: CustomerBy!) {{ customer(by: $by) {{ wallet {{ {BALANCES} }}
  ledger(unit: STAMPS) {{ nodes {{ id type points unit {{ code }} lots {{ points }} }} }} }} }}"""
OFFERS = """query($by: CustomerBy!) { rewards(for: $by) { nodes { reward { key } cost unit { code } available missingPoints
  decision { outcome reasons { code statement remedies { code quantity statement } } } } } }"""
BASKET = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
  decision { points { points unit { code } } } clauses { clause { key } applies points unit { code } } } }"""
PREVIEW = f"""query($purchase: PurchaseBy!) {{ refundPreview(purchase: $purchase) {{ {BALANCES}
  decision {{ points {{ points unit {{ code }} }} }} }} }}"""
GIVEN_BACK = """query($purchase: PurchaseBy!, $lines: [RefundLineInput!]) { refundPreview(purchase: $purchase, lines: $lines) {
  pointsRestored stampsRestored cash { amount } } }"""
TAKEN_BACK = f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ {DECISION} {BALANCES}
  pointsRestored stampsRestored cash {{ amount }} userErrors {{ code }} }} }}"""
EXPLAIN = "query($entry: ID!) { explain(entry: $entry) { recomputedPoints agrees } }"
PAST = "query($by: CustomerBy!, $at: DateTime!) { customer(by: $by) { balanceAt(at: $at, unit: STAMPS) { available unit { code } } } }"
LIABILITY = "{ liability { units { unit { code } outstanding held customerDebt } } }"


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop that gives a point a pound, a stamp a visit of 5 pounds, and a meal for three stamps."""
    with open_shop(database_url, clock=clock, template="blank") as opened:
        input = {"idempotencyKey": "r", "key": "meal", "name": "Meal", "description": "A plate of the day.", "stock": 5}
        assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        clauses = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {
                "key": "visit",
                "effect": {"stamps": {"stamps": 1}},
                "conditions": [{"minimumSpend": {"amount": "5.00"}}],
            },
            {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 3, "unit": "STAMPS"}}},
            {"key": "undo", "effect": {"undoWindow": {"hours": 24}}},
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert opened.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        yield opened
        assert discrepancies_in(opened.url) == []


def buy(shop: Shop, card: str, price: str = "6.00", *, receipt: str | None = None, **more: Any) -> Any:
    """A purchase of one article."""
    line = {"sku": "a", "quantity": "1", "unitPrice": price}
    purchase = {"externalId": receipt or uuid.uuid4().hex, "lines": [line], **more}
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
    return shop.execute(BUY, input=input)["recordPurchase"]


def redeem(shop: Shop, card: str, **more: Any) -> Any:
    """The meal."""
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "reward": {"key": "meal"}, **more}
    return shop.execute(REDEEM, input=input)["redeemReward"]


def refund(shop: Shop, receipt: str, **more: Any) -> Any:
    """All of a purchase."""
    input = {"idempotencyKey": uuid.uuid4().hex, "purchase": {"externalId": receipt}, **more}
    return shop.execute(REFUND, input=input)["recordRefund"]


def counts(answer: Any) -> dict[str, tuple[int, int, int]]:
    """Available, held and owed by unit."""
    return {
        balance["unit"]["code"]: (balance["available"], balance["held"], balance["owed"])
        for balance in answer["balances"]
    }


def stamps(shop: Shop, card: str) -> tuple[int, int, int]:
    """The balance of stamps."""
    return counts(shop.execute(CARD, by={"card": card})["customer"]["wallet"]).get("stamps", (0, 0, 0))


def stamp_ledger(shop: Shop, card: str) -> list[tuple[str, int]]:
    """The entries of stamps, newest first."""
    nodes = shop.execute(CARD, by={"card": card})["customer"]["ledger"]["nodes"]
    assert all(node["unit"]["code"] == "stamps" for node in nodes)
    return [(node["type"], node["points"]) for node in nodes]


def test_purchase_earns_points_and_a_stamp_in_one_decision(shop: Shop) -> None:
    card = shop.enrol()
    assert stamp_ledger(shop, card) == []
    bought = buy(shop, card)
    assert [(point["unit"]["code"], point["points"]) for point in bought["decision"]["points"]] == [
        ("points", 6),
        ("stamps", 1),
    ]
    assert counts(bought) == {"points": (6, 0, 0), "stamps": (1, 0, 0)}
    assert bought["entry"] == {"points": 6, "unit": {"code": "points"}}
    said = {reason["clause"]["key"]: reason for reason in bought["decision"]["reasons"]}
    assert (said["visit"]["code"], said["visit"]["statement"]) == ("STAMPS_EARNED", "1 stamp under clause 2.")
    assert stamp_ledger(shop, card) == [("EARN", 1)]
    small = buy(shop, card, "2.00")
    assert counts(small) == {"points": (8, 0, 0), "stamps": (1, 0, 0)}
    assert stamp_ledger(shop, card) == [("EARN", 0), ("EARN", 1)], "why there is none stands there too"


def test_price_and_missing_amount_are_in_stamps(shop: Shop) -> None:
    card = shop.enrol()
    for _ in range(2):
        buy(shop, card)
    (offer,) = shop.execute(OFFERS, by={"card": card})["rewards"]["nodes"]
    assert (offer["cost"], offer["unit"]["code"], offer["available"], offer["missingPoints"]) == (
        3,
        "stamps",
        False,
        1,
    )
    refused = redeem(shop, card)
    assert refused["decision"]["outcome"] == "REFUSED"
    (reason,) = refused["decision"]["reasons"]
    assert (reason["code"], reason["statement"]) == (
        "INSUFFICIENT_STAMPS",
        "“Meal” costs 3 stamps; you have 2 stamps.",
    )
    assert [remedy["code"] for remedy in reason["remedies"]] == ["COLLECT_STAMPS"]
    assert offer["decision"]["reasons"][0]["remedies"][0]["statement"] == "Collect 1 more stamp."
    third = buy(shop, card)
    assert [[value["key"] for value in unit["buysToday"]] for unit in third["balances"]] == [[], ["meal"]]
    held = shop.execute(CARD, by={"card": card})["customer"]["wallet"]["balances"]
    assert [[value["key"] for value in unit["buysToday"]] for unit in held] == [[], ["meal"]]
    paid = redeem(shop, card)
    assert paid["decision"]["outcome"] == "GRANTED"
    assert counts(paid) == {"points": (18, 0, 0), "stamps": (0, 0, 0)}
    assert (paid["redemption"]["points"], paid["redemption"]["unit"]) == (3, {"code": "stamps", "name": "stamps"})
    assert paid["entry"] == {"points": -3, "unit": {"code": "stamps"}}
    assert discrepancies_in(shop.url) == []
    buy(shop, card)
    assert stamps(shop, card) == (1, 0, 0)


def test_refund_claws_back_the_stamp_or_makes_it_owed(shop: Shop) -> None:
    card = shop.enrol()
    for place in range(3):
        buy(shop, card, receipt=f"r-{place}")
    redeem(shop, card)
    before = shop.execute(PREVIEW, purchase={"externalId": "r-1"})["refundPreview"]
    payload = refund(shop, "r-1")
    assert counts(before) == counts(payload) == {"points": (12, 0, 0), "stamps": (0, 0, 1)}
    assert before["decision"]["points"] == payload["decision"]["points"]
    assert [point["points"] for point in payload["decision"]["points"]] == [6, 1]
    codes = [reason["code"] for reason in payload["decision"]["reasons"]]
    assert "STAMPS_CLAWED_BACK" in codes
    assert stamp_ledger(shop, card)[0] == ("CLAWBACK", -1)
    refused = redeem(shop, card)
    (reason,) = refused["decision"]["reasons"]
    assert reason["code"] == "NEGATIVE_STAMPS"
    assert [remedy["code"] for remedy in reason["remedies"]] == ["COLLECT_STAMPS"]
    assert counts(buy(shop, card))["stamps"] == (0, 0, 0), "the next stamp fills what is owed"
    assert counts(buy(shop, card))["stamps"] == (1, 0, 0)


def test_a_refund_of_the_last_stamps_leaves_an_empty_card(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, receipt="r-1")
    assert counts(refund(shop, "r-1")) == {"points": (0, 0, 0), "stamps": (0, 0, 0)}
    assert stamp_ledger(shop, card) == [("CLAWBACK", -1), ("EARN", 1)]


def test_stamps_can_be_held_captured_and_released(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    for _ in range(4):
        buy(shop, card)
    given = {"customer": {"card": card}, "reward": {"key": "meal"}, "minutes": 30}
    for checkout in ("c-1", "c-2"):
        order = {"idempotencyKey": uuid.uuid4().hex, "checkout": checkout, **given}
        held = shop.execute(HOLD, input=order)["holdRedemption"]
        assert held["decision"]["outcome"] == ("GRANTED" if checkout == "c-1" else "REFUSED")
    assert stamps(shop, card) == (1, 3, 0)
    (_, in_stamps) = shop.execute(LIABILITY, role=Role.OWNER)["liability"]["units"]
    assert in_stamps == {"unit": {"code": "stamps"}, "outstanding": "4", "held": "3", "customerDebt": "0"}
    end(shop, CAPTURE, "c-1")
    assert stamps(shop, card) == (1, 0, 0)
    for _ in range(2):
        buy(shop, card)
    shop.execute(HOLD, input={"idempotencyKey": uuid.uuid4().hex, "checkout": "c-3", **given})
    end(shop, RELEASE, "c-3")
    assert stamps(shop, card) == (3, 0, 0)
    shop.execute(HOLD, input={"idempotencyKey": uuid.uuid4().hex, "checkout": "c-4", **given})
    clock.now += timedelta(hours=1)
    assert stamps(shop, card) == (3, 0, 0), "a card that is read later shows the present state"
    run_due_jobs(shop, clock)
    assert stamps(shop, card) == (3, 0, 0)


def test_cancelled_redemption_restores_its_stamps(shop: Shop) -> None:
    card = shop.enrol()
    for _ in range(3):
        buy(shop, card)
    paid = redeem(shop, card)
    input = {"idempotencyKey": "c", "redemption": paid["redemption"]["id"]}
    undone = shop.execute(CANCEL, input=input)["cancelRedemption"]
    assert undone["userErrors"] == []
    assert counts(undone)["stamps"] == (3, 0, 0)
    assert undone["entry"] == {"type": "REVERSAL", "points": 3, "unit": {"code": "stamps"}}
    assert [reason["code"] for reason in undone["decision"]["reasons"]] == ["STAMPS_RETURNED"]


def test_late_purchase_earns_stamps_at_its_own_time(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    earlier = (clock.now + timedelta(minutes=10)).isoformat()
    clock.now += timedelta(hours=5)
    buy(shop, card)
    late = buy(shop, card, occurredAt=earlier)
    assert counts(late) == {"points": (12, 0, 0), "stamps": (2, 0, 0)}
    at = (clock.now - timedelta(hours=1)).isoformat()
    then = shop.execute(PAST, by={"card": card}, at=at)["customer"]["balanceAt"]
    assert then == {"available": 1, "unit": {"code": "stamps"}}
    for node in shop.execute(CARD, by={"card": card})["customer"]["ledger"]["nodes"]:
        explained = shop.execute(EXPLAIN, entry=node["id"])["explain"]
        assert explained == {"recomputedPoints": node["points"], "agrees": True}


def test_staff_adjust_stamps(shop: Shop) -> None:
    card = shop.enrol()
    input = {
        "idempotencyKey": "a",
        "customer": {"card": card},
        "points": 2,
        "unit": "STAMPS",
        "reason": "The stamp was broken",
    }
    adjusted = shop.execute(ADJUST, role=Role.STAFF, input=input)["adjustPoints"]
    assert counts(adjusted) == {"points": (0, 0, 0), "stamps": (2, 0, 0)}
    assert adjusted["entry"] == {
        "type": "ADJUST",
        "points": 2,
        "reason": "The stamp was broken",
        "unit": {"code": "stamps"},
    }
    taken = shop.execute(ADJUST, role=Role.STAFF, input={**input, "idempotencyKey": "b", "points": -1})["adjustPoints"]
    assert counts(taken)["stamps"] == (1, 0, 0)
    more = shop.execute(ADJUST, role=Role.STAFF, input={**input, "idempotencyKey": "c", "points": -2})["adjustPoints"]
    assert [(error["code"], error["path"]) for error in more["userErrors"]] == [
        ("NOT_ENOUGH_POINTS", ["input", "points"])
    ]


def test_merge_brings_the_stamps_along(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    for _ in range(2):
        buy(shop, merged)
    buy(shop, survivor)
    input = {"idempotencyKey": "m", "merged": {"card": merged}, "survivor": {"card": survivor}, "reason": "One person"}
    payload = shop.execute(MERGE, role=Role.OWNER, input=input)["mergeCustomers"]
    assert payload["userErrors"] == []
    assert counts(payload) == {"points": (18, 0, 0), "stamps": (3, 0, 0)}
    assert discrepancies_in(shop.url) == []
    assert redeem(shop, merged)["decision"]["outcome"] == "GRANTED"
    assert counts(buy(shop, merged))["stamps"] == (1, 0, 0)


def test_basket_check_shows_the_stamps_to_earn(shop: Shop) -> None:
    card = shop.enrol()
    basket = {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "6.00"}]}
    basket_check = shop.execute(BASKET, by={"card": card}, basket=basket)["basketCheck"]
    assert (
        basket_check["decision"]["points"]
        == buy(shop, card)["decision"]["points"]
        == [
            {"points": 6, "unit": {"code": "points"}},
            {"points": 1, "unit": {"code": "stamps"}},
        ]
    )
    said = {
        clause["clause"]["key"]: (clause["applies"], clause["points"], clause["unit"]["code"])
        for clause in basket_check["clauses"]
    }
    assert said["visit"] == (True, 1, "stamps")
    assert said["meal"] == (False, 3, "stamps")


def test_stamps_are_named_in_the_requested_language(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card)
    names = {
        locale: [
            balance["unit"]["name"]
            for balance in shop.execute(CARD, by={"card": card}, language=locale)["customer"]["wallet"]["balances"]
        ][1]
        for locale in ("en", "de", "zh-Hans", "zh-Hant")
    }
    assert names == {"en": "stamps", "de": "Stempel", "zh-Hans": "印花", "zh-Hant": "集點章"}


def test_stamps_that_paid_for_goods_are_restored_with_them(shop: Shop) -> None:
    card = shop.enrol()
    for _ in range(3):
        buy(shop, card)
    paid = redeem(shop, card)["redemption"]["id"]
    lines = [{"sku": "meal", "quantity": "3", "unitPrice": "3.00"}]
    payments = [{"kind": "POINTS", "amount": "9.00", "redemptionId": paid}]
    buy(shop, card, receipt="meals", lines=lines, payments=payments)
    two = [{"line": 1, "quantity": "2"}]
    tried = shop.execute(GIVEN_BACK, purchase={"externalId": "meals"}, lines=two)["refundPreview"]
    back = {"idempotencyKey": "back", "purchase": {"externalId": "meals"}, "lines": two}
    payload = shop.execute(TAKEN_BACK, input=back)["recordRefund"]
    assert tried == {"pointsRestored": 0, "stampsRestored": 2, "cash": {"amount": "0.00"}}
    assert (payload["pointsRestored"], payload["stampsRestored"], payload["cash"]) == (0, 2, {"amount": "0.00"})
    assert payload["balances"][1]["available"] == 2


def test_refund_of_stamps_alone_does_not_mention_points(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "5.40", receipt="r")
    input = {"idempotencyKey": "back", "purchase": {"externalId": "r"}, "amount": "0.45"}
    payload = shop.execute(TAKEN_BACK, input=input)["recordRefund"]
    sentences = [reason["statement"] for reason in payload["decision"]["reasons"]]
    assert payload["balances"][1]["available"] == 0
    assert not any(value.endswith("points for what you returned.") for value in sentences), sentences
