"""Events that arrive late, early or in any order are applied at their own time; corrections are appended, never edited."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.problems import ProblemCode
from app.graphql_server.limits.rate_limits import RateLimit
from tests.api.test_budgets_and_nth_items import publish
from tests.shop import REFUND, Shop, open_shop
from tests.verification import discrepancies_in

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
WELCOME = {"key": "welcome", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 100}}}
DAILY = {"key": "daily", "effect": {"pointsCap": {"points": 60, "scope": "DAY"}}}
BELOW = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
COFFEE = {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": 40}}}
ENTRIES = """query($by: CustomerBy!) { customer(by: $by) {
  ledger(first: 100) { nodes { id type points decision { points { points } } } }
  wallet { balances { available pending owed lifetime qualifying } } } }"""
EXPLAIN = "query($id: ID!) { explain(entry: $id) { recomputedPoints agrees } }"
REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms, with a reward."""
    with open_shop(database_url, template="blank", rate_limit=RateLimit(10_000_000, 10_000_000)) as opened:
        input = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup", "stock": 50}
        assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        yield opened


def at(**later: float) -> str:
    """A moment after Monday noon."""
    return (MONDAY + timedelta(**later)).isoformat()


def entries_and_balance(shop: Shop, card: str) -> Any:
    """The customer's entries, oldest first, and balance."""
    customer = shop.execute(ENTRIES, by={"card": card})["customer"]
    entries = customer["ledger"]["nodes"][::-1]
    for entry in entries:
        explained = shop.execute(EXPLAIN, role=Role.OWNER, id=entry["id"])["explain"]
        assert explained == {"recomputedPoints": entry["points"], "agrees": True}
    return [(entry["type"], entry["points"]) for entry in entries], customer["wallet"]["balances"][0]


def terms_since_2020(shop: Shop, *clauses: Any) -> None:
    publish(shop, *clauses, effectiveFrom="2020-01-01T00:00:00Z")


def test_late_purchase_can_be_the_first_one(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, WELCOME)
    card = blank.enrol()
    first = blank.buy(card, "10.00", occurredAt=at(days=1))
    assert first["decision"]["points"] == [{"points": 110, "unit": {"code": "points"}}]
    late = blank.buy(card, "5.00", occurredAt=at())
    assert late["decision"]["points"][0]["points"] == 105
    entries, balance = entries_and_balance(blank, card)
    assert sorted(entries) == [("EARN", -100), ("EARN", 105), ("EARN", 110)]
    assert balance == {"available": 115, "pending": 0, "owed": 0, "lifetime": "115", "qualifying": 15}
    assert discrepancies_in(blank.url) == []


def test_cap_counts_in_business_order(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, DAILY)
    card = blank.enrol()
    blank.buy(card, "50.00", occurredAt=at(hours=2))
    blank.buy(card, "40.00", occurredAt=at())
    entries, balance = entries_and_balance(blank, card)
    assert sorted(entries) == [("EARN", -30), ("EARN", 40), ("EARN", 50)]
    assert balance["available"] == 60
    blank.buy(card, "40.00", occurredAt=at(hours=3))
    assert entries_and_balance(blank, card)[1]["available"] == 60
    blank.buy(card, "40.00", occurredAt=at(days=1))
    assert entries_and_balance(blank, card)[1]["available"] == 100
    assert discrepancies_in(blank.url) == []


def _actions(shop: Shop, card: str, name: str) -> list[Any]:
    """Five dependent actions; in any order they must lead to the same ledger."""
    return [
        lambda: shop.buy(card, "50.00", receipt=f"{name}-1", occurredAt=at()),
        lambda: shop.buy(card, "30.00", receipt=f"{name}-2", occurredAt=at(hours=1)),
        lambda: shop.refund(f"{name}-1", externalId=f"{name}-F1", occurredAt=at(hours=2), lines=[{"line": 1}]),
        lambda: shop.refund(f"{name}-2", externalId=f"{name}-F2", occurredAt=at(days=2), amount="10.00"),
        lambda: shop.buy(card, "20.00", receipt=f"{name}-3", occurredAt=at(days=1)),
    ]


@pytest.mark.parametrize("mode", ["CLAMP_TO_ZERO", "ALLOW_NEGATIVE"])
def test_ledger_does_not_depend_on_the_order_of_arrival(blank: Shop, mode: str) -> None:
    policy = {"key": "refunds", "effect": {"refundPolicy": {"mode": mode}}}
    terms_since_2020(blank, SPEND, WELCOME, DAILY, policy)
    ends = set()
    for number, order in enumerate(itertools.islice(itertools.permutations(range(5)), 0, 120, 5)):
        card = blank.enrol()
        actions = _actions(blank, card, f"R{number}")
        for place in order:
            assert actions[place]()["userErrors"] == []
        entries, balance = entries_and_balance(blank, card)
        by_type: dict[str, int] = {}
        for kind, points in entries:
            by_type[kind] = by_type.get(kind, 0) + points
        ends.add((tuple(sorted(by_type.items())), tuple(sorted(balance.items()))))
    assert len(ends) == 1
    assert discrepancies_in(blank.url) == []


def test_refund_before_its_purchase_is_pending_until_the_purchase_arrives(blank: Shop) -> None:
    terms_since_2020(blank, SPEND)
    card = blank.enrol()
    ask = REFUND.replace("cash {", "pending { receipt state overdue statement } pointsRestored cash {")
    input = {
        "idempotencyKey": "early",
        "purchase": {"externalId": "R-9"},
        "externalId": "F-9",
        "occurredAt": at(days=1),
        "lines": [{"line": 1, "quantity": "1"}],
    }
    early = blank.execute(ask, input=input)["recordRefund"]
    assert early["userErrors"] == []
    assert early["decision"] is None
    pending = early["pending"]
    assert (pending["receipt"], pending["state"], pending["overdue"]) == ("R-9", "PENDING", False)
    assert pending["statement"] == phrasebook_in(Locale.EN)(f"error.{ProblemCode.PENDING_DEPENDENCY}")
    again = blank.execute(ask, input=input | {"idempotencyKey": "again"})["recordRefund"]
    assert again["pending"]["receipt"] == "R-9"
    other = blank.execute(ask, input=input | {"idempotencyKey": "other", "purchase": {"externalId": "R-8"}})[
        "recordRefund"
    ]
    assert [error["code"] for error in other["userErrors"]] == ["RECEIPT_DIFFERS"]

    bought = blank.buy(
        card, "", receipt="R-9", occurredAt=at(), lines=[{"sku": "a", "quantity": "2", "unitPrice": "10.00"}]
    )
    assert bought["decision"]["points"][0]["points"] == 20
    assert bought["balances"][0]["available"] == 10
    assert entries_and_balance(blank, card)[0] == [("EARN", 20), ("CLAWBACK", -10)]
    assert blank.execute(ask, input=input)["recordRefund"]["pending"]["state"] == "APPLIED"
    payload = blank.execute(ask, input=input | {"idempotencyKey": "third"})["recordRefund"]
    assert (payload["pending"], payload["decision"]["points"][0]["points"]) == (None, 10)
    assert discrepancies_in(blank.url) == []


def test_pending_refund_that_does_not_fit_its_purchase_is_left_to_staff(blank: Shop) -> None:
    terms_since_2020(blank, SPEND)
    card = blank.enrol()
    blank.refund("R-7", lines=[{"line": 4}])
    blank.buy(card, "10.00", receipt="R-7")
    assert entries_and_balance(blank, card)[0] == [("EARN", 10)]
    query = "{ pendingRefunds { receipt state overdue statement } }"
    (first,) = blank.execute(query, role=Role.STAFF)["pendingRefunds"]
    assert (first["receipt"], first["state"], first["overdue"]) == ("R-7", "REJECTED", True)
    assert blank.send(query, role=Role.TILL).json()["errors"]
    assert discrepancies_in(blank.url) == []


def test_later_points_repay_debts_and_rewards_are_refused_meanwhile(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, BELOW, COFFEE)
    card = blank.enrol()
    blank.buy(card, "50.00", receipt="R-1", occurredAt=at())
    redeemed = blank.redeem(card, basket={"occurredAt": at(hours=1), "lines": []})
    assert redeemed["decision"]["outcome"] == "GRANTED"
    refunded = blank.refund("R-1", occurredAt=at(hours=2))
    assert (refunded["shortfall"], refunded["decision"]["points"][0]["points"]) == (0, 50)
    assert entries_and_balance(blank, card)[1] == {
        "available": 0,
        "pending": 0,
        "owed": 40,
        "lifetime": "50",
        "qualifying": 0,
    }
    refused = blank.redeem(card, basket={"occurredAt": at(hours=3), "lines": []})["decision"]
    assert refused["outcome"] == "REFUSED"
    (reason,) = [reason for reason in refused["reasons"] if reason["verdict"] == "NOT_MET"]
    assert (reason["code"], reason["remedies"][0]["points"]) == ("NEGATIVE_BALANCE", 80)
    blank.buy(card, "30.00", occurredAt=at(hours=4))
    assert entries_and_balance(blank, card)[1]["owed"] == 10
    blank.buy(card, "30.00", occurredAt=at(hours=5))
    assert entries_and_balance(blank, card)[1] == {
        "available": 20,
        "pending": 0,
        "owed": 0,
        "lifetime": "110",
        "qualifying": 60,
    }
    assert discrepancies_in(blank.url) == []


def test_granted_redemption_stands_despite_late_events(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, BELOW, COFFEE)
    card = blank.enrol()
    blank.buy(card, "40.00", receipt="R-1", occurredAt=at())
    assert blank.redeem(card, basket={"occurredAt": at(days=2), "lines": []})["decision"]["outcome"] == "GRANTED"
    blank.refund("R-1", occurredAt=at(days=1))
    entries, balance = entries_and_balance(blank, card)
    assert (balance["available"], balance["owed"]) == (0, 40)
    assert [kind for kind, _ in entries].count("REDEEM") >= 1
    assert sum(points for kind, points in entries if kind == "REDEEM") == -40
    assert discrepancies_in(blank.url) == []


def test_late_refund_records_a_debt_beyond_the_available_points(
    blank: Shop,
) -> None:
    terms_since_2020(blank, SPEND, COFFEE)
    card = blank.enrol()
    blank.buy(card, "40.00", receipt="R-1", occurredAt=at())
    assert blank.redeem(card, basket={"occurredAt": at(days=2), "lines": []})["decision"]["outcome"] == "GRANTED"
    assert blank.refund("R-1", occurredAt=at(days=1))["shortfall"] == 0
    assert (entries_and_balance(blank, card)[1]["available"], entries_and_balance(blank, card)[1]["owed"]) == (0, 40)
    refused = blank.redeem(card, basket={"occurredAt": at(days=3), "lines": []})["decision"]
    (reason,) = [reason for reason in refused["reasons"] if reason["verdict"] == "NOT_MET"]
    assert (reason["code"], reason["clause"]["key"]) == ("NEGATIVE_BALANCE", "refunds")
    assert "your next points make up for them, and you get no new reward until then" in reason["clause"]["statement"]
    blank.buy(card, "50.00", occurredAt=at(days=3, hours=1))
    assert (entries_and_balance(blank, card)[1]["available"], entries_and_balance(blank, card)[1]["owed"]) == (10, 0)
    assert discrepancies_in(blank.url) == []


def test_redemption_in_the_past_spends_no_point_twice(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, COFFEE)
    card = blank.enrol()
    blank.buy(card, "50.00", occurredAt=at())
    assert blank.redeem(card, basket={"occurredAt": at(days=2), "lines": []})["decision"]["outcome"] == "GRANTED"
    refused = blank.redeem(card, basket={"occurredAt": at(days=1), "lines": []})
    assert refused["decision"]["outcome"] == "REFUSED"
    assert discrepancies_in(blank.url) == []


def test_repeated_late_receipt_is_recorded_once(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, WELCOME)
    card = blank.enrol()
    blank.buy(card, "10.00", occurredAt=at(days=1))
    sent = {"receipt": "late", "occurredAt": at()}
    first = blank.buy(card, "5.00", key="k1", **sent)
    assert blank.buy(card, "5.00", key="k1", **sent)["entry"] == first["entry"]
    assert blank.buy(card, "5.00", key="k2", **sent)["entry"] == first["entry"]
    assert len(entries_and_balance(blank, card)[0]) == 3
    assert discrepancies_in(blank.url) == []


def test_ledger_verifies_after_concurrent_late_events(blank: Shop) -> None:
    terms_since_2020(blank, SPEND, WELCOME, DAILY, COFFEE)
    card = blank.enrol()
    calls = [
        lambda number=number: blank.buy(card, "7.00", occurredAt=at(hours=-number), receipt=f"P{number}")
        for number in range(12)
    ]
    calls += [
        lambda: blank.redeem(card, key=uuid.uuid4().hex, basket={"occurredAt": at(hours=1), "lines": []})
        for _ in range(4)
    ]
    for answer in blank.in_parallel(calls):
        assert answer["userErrors"] == []
    assert discrepancies_in(blank.url) == []
    entries, balance = entries_and_balance(blank, card)
    assert sum(points for _, points in entries) == balance["available"] - balance["owed"]


def test_refund_after_a_late_one_takes_exactly_the_rest(blank: Shop) -> None:
    """No clause counts anything, so the last refund is decided on the spot, though the one before it arrived late."""
    step = {"key": "spend", "effect": {"pointsPerFullAmount": {"points": 1, "per": "10.00"}}}
    terms_since_2020(blank, step)
    card = blank.enrol()
    lines = [{"sku": sku, "quantity": "1", "unitPrice": price} for sku, price in (("a", "5"), ("b", "5"), ("c", "50"))]
    blank.buy(card, "", receipt="R", lines=lines, occurredAt=at())
    blank.refund("R", lines=[{"line": 1}], occurredAt=at(days=5))
    blank.refund("R", lines=[{"line": 2}], occurredAt=at(days=3))
    assert blank.refund("R", occurredAt=at(days=9))["entry"]["points"] == -5
    assert blank.available(card) == 0
    assert discrepancies_in(blank.url) == []
