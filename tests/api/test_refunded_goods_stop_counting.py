"""Refunded goods no longer count, and an even exchange changes nothing: limits, first purchases, visits and items. On
both databases; the ledger is verified after each test.

On both databases; the books are proved after each test.
"""

from __future__ import annotations

import random
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_exchanges import SILVER, Opening, balances, exchange
from tests.api.test_exchanges import opening as opening  # the fixture
from tests.api.test_foreign_ids import all_rows
from tests.api.test_late_events import at, entries_and_balance
from tests.api.test_paid_with_points import remaining_points
from tests.api.test_receipt_corrections import amend, move
from tests.shop import Shop
from tests.transfers import error_codes, merge

SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
NEGATIVE = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
HUNDRED = {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 100}}}
FIVE = {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 5}}}
COFFEE = {"sku": "c", "quantity": "1", "unitPrice": "5.00", "categories": ["coffee"]}
BREAD = {"sku": "b", "quantity": "1", "unitPrice": "5.00"}


def bonus(points: int, *conditions: Any, key: str = "bonus") -> dict[str, Any]:
    """A clause that gives bonus points."""
    return {"key": key, "conditions": list(conditions), "effect": {"bonusPoints": {"points": points}}}


def cap(scope: str) -> dict[str, Any]:
    """At most 50 points."""
    return {"key": "cap", "effect": {"pointsCap": {"points": 50, "scope": scope}}}


def once(period: str) -> dict[str, Any]:
    """A limit of once in a period."""
    return {"timesPerPeriod": {"times": 1, "period": period}}


def stamp(*conditions: Any) -> dict[str, Any]:
    """A clause that stamps a card."""
    return {"key": "stamp", "conditions": list(conditions), "effect": {"stamps": {"stamps": 1}}}


STAMP_A_DAY = stamp(once("DAY"))
WELCOME = bonus(100, {"firstPurchase": True})
THIRD = bonus(30, {"everyNthVisit": {"nth": 3}})


def earned(shop: Shop, card: str, price: str, *, unit: str = "points", **more: Any) -> int:
    """The amount of a unit that a purchase earns."""
    payload = shop.buy(card, price, **more)
    assert error_codes(payload) == []
    amounts = {point["unit"]["code"]: point["points"] for point in payload["decision"]["points"]}
    response: int = amounts.get(unit, 0)
    return response


def wallet(shop: Shop, card: str) -> dict[str, tuple[int, int]]:
    """The available and owed amounts, by unit."""
    query = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { available owed unit { code } } } } }"
    return balances(shop.execute(query, by={"card": card}, role=Role.STAFF)["customer"]["wallet"])


@pytest.mark.parametrize(
    ("clauses", "lines", "first", "back", "again", "unit"),
    [
        ([SPEND, bonus(100, once("YEAR"))], None, "5.00", {}, 105, "points"),
        ([SPEND, bonus(100, once("YEAR"), {"categories": {"include": ["coffee"]}})], [COFFEE, BREAD], "", {"lines": [{"line": 1}]}, 105, "points"),
        ([SPEND, WELCOME], None, "5.00", {}, 105, "points"),
        ([STAMP_A_DAY], None, "5.00", {}, 1, "stamps"),
        ([SPEND, cap("DAY")], None, "50.00", {}, 50, "points"),
        ([SPEND, cap("MONTH")], None, "50.00", {}, 50, "points"),
        ([SPEND, cap("YEAR")], None, "50.00", {}, 50, "points"),
        ([SPEND, cap("DAY")], None, "50.00", {"lines": [{"line": 1, "amount": "20.00"}]}, 20, "points"),
        *(([SPEND, bonus(100, once(period))], None, "5.00", {}, 105, "points") for period in ("DAY", "WEEK", "MONTH", "EVER")),
        ([stamp({"firstPurchase": True})], None, "5.00", {}, 1, "stamps"),
        ([stamp(once("EVER"))], None, "5.00", {}, 1, "stamps"),
        ([stamp(once("YEAR"), {"categories": {"include": ["coffee"]}})], [COFFEE, BREAD], "", {"lines": [{"line": 1}]}, 1, "stamps"),
    ],
    ids=[
        "once a year", "the line that had it", "first purchase", "stamp a day", "cap a day", "a month", "a year", "a part",
        "once a day", "once a week", "once a month", "once ever",
        "first stamp", "stamp once ever", "the line that had the stamp",
    ],
)  # fmt: skip
def test_refund_frees_what_its_purchase_used(
    opening: Opening, clauses: Any, lines: Any, first: str, back: Any, again: int, unit: str
) -> None:
    shop = opening(*clauses)
    card = shop.enrol()
    shop.buy(card, first, receipt="R1", occurredAt=at(), **({"lines": lines} if lines else {}))
    assert error_codes(shop.refund("R1", occurredAt=at(hours=1), **back)) == []
    price = "20.00" if back and not lines else first
    more = {"lines": [COFFEE]} if lines else {}
    assert earned(shop, card, price, unit=unit, occurredAt=at(hours=2), **more) == again


@pytest.mark.parametrize(
    ("clauses", "price", "unit", "right"),
    [
        ([SPEND, cap("DAY")], "50.00", "points", 50),
        ([SPEND, cap("MONTH")], "50.00", "points", 50),
        ([SPEND, cap("YEAR")], "50.00", "points", 50),
        ([SPEND, bonus(20, {"firstPurchase": True})], "30.00", "points", 50),
        ([SPEND, bonus(100, once("EVER"))], "50.00", "points", 150),
        ([stamp({"firstPurchase": True})], "5.00", "stamps", 1),
        ([SPEND, bonus(7, {"everyNthItem": {"nth": 2}})], "50.00", "points", 50),
        ([STAMP_A_DAY], "5.00", "stamps", 1),
    ],
)
def test_even_exchange_changes_no_counter(opening: Opening, clauses: Any, price: str, unit: str, right: int) -> None:
    shop = opening(*clauses)
    card = shop.enrol()
    shop.buy(card, price, receipt="R1", occurredAt=at())
    for number in (1, 2):
        payload = exchange(shop, price, f"R{number}", receipt=f"R{number + 1}", occurredAt=at(hours=number))
        assert (error_codes(payload), payload["toPay"]["amount"], payload["refund"]["cash"]["amount"]) == (
            [],
            "0.00",
            "0.00",
        )
        assert wallet(shop, card)[unit] == (right, 0)
    assert error_codes(shop.refund("R3", occurredAt=at(hours=5))) == []
    assert wallet(shop, card)[unit] == (0, 0)


def test_visit_keeps_its_bonus_in_an_even_exchange(opening: Opening) -> None:
    shop = opening(SPEND, THIRD)
    card = shop.enrol()
    visits = [earned(shop, card, "10.00", receipt=f"R{day}", occurredAt=at(days=day)) for day in (1, 2, 3)]
    assert visits == [10, 10, 40]
    payload = exchange(shop, "10.00", "R3", receipt="R4", occurredAt=at(days=3, hours=1))
    assert (error_codes(payload), payload["toPay"]["amount"]) == ([], "0.00")
    assert wallet(shop, card)["points"] == (60, 0)


def test_dearer_exchanged_goods_earn_for_the_difference(opening: Opening) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    shop.buy(card, "50.00", receipt="R1", occurredAt=at())
    payload = exchange(shop, "80.00", "R1", receipt="R2", occurredAt=at(hours=1))
    assert (error_codes(payload), payload["toPay"]["amount"], wallet(shop, card)["points"]) == (
        [],
        "30.00",
        (80, 0),
    )


def test_exchange_does_not_count_as_a_visit(opening: Opening) -> None:
    shop = opening(SPEND, THIRD)
    card = shop.enrol()
    assert earned(shop, card, "1.00", receipt="R1", occurredAt=at()) == 1
    for number in (1, 2):
        exchange(shop, "1.00", f"R{number}", receipt=f"R{number + 1}", occurredAt=at(hours=number))
    assert wallet(shop, card)["points"] == (1, 0)
    assert [earned(shop, card, "1.00", occurredAt=at(hours=hour)) for hour in (5, 6)] == [1, 31]


def test_refunded_visits_do_not_count(opening: Opening) -> None:
    shop = opening(SPEND, THIRD)
    card = shop.enrol()
    visits = [earned(shop, card, "1.00", receipt=f"V{number}", occurredAt=at(days=number)) for number in (1, 2, 3)]
    assert visits == [1, 1, 31]
    for number in (1, 2):
        shop.refund(f"V{number}", occurredAt=at(days=4))
    later = [earned(shop, card, "1.00", occurredAt=at(days=number)) for number in range(5, 10)]
    assert later == [1, 1, 1, 1, 31]
    assert wallet(shop, card)["points"] == (66, 0)


def test_visit_after_two_refunded_ones_counts_as_the_first(opening: Opening) -> None:
    shop = opening(SPEND, THIRD)
    card = shop.enrol()
    for number in (1, 2):
        assert earned(shop, card, "1.00", receipt=f"V{number}", occurredAt=at(days=number)) == 1
        shop.refund(f"V{number}", occurredAt=at(days=number, hours=1))
    assert [earned(shop, card, "1.00", occurredAt=at(days=number)) for number in (3, 4, 5)] == [1, 1, 31]


def test_every_third_visit_counts_kept_visits_only(opening: Opening) -> None:
    shop = opening(SPEND, stamp({"everyNthVisit": {"nth": 3}}))
    card = shop.enrol()
    for number in (1, 2):
        assert earned(shop, card, "1.00", unit="stamps", receipt=f"V{number}", occurredAt=at(days=number)) == 0
        shop.refund(f"V{number}", occurredAt=at(days=number, hours=1))
    later = [earned(shop, card, "1.00", unit="stamps", occurredAt=at(days=number)) for number in (3, 4, 5)]
    assert later == [0, 0, 1]


def test_basket_check_shows_what_a_refund_freed(opening: Opening) -> None:
    shop = opening(SPEND, WELCOME)
    card = shop.enrol()
    query = """query($by: CustomerBy!, $basket: BasketInput!) {
      basketCheck(customer: $by, basket: $basket) { decision { points { points } } } }"""

    def tried() -> Any:
        decision = shop.execute(query, by={"card": card}, basket={"lines": [BREAD]})["basketCheck"]["decision"]
        return decision["points"][0]["points"]

    assert tried() == 105
    shop.buy(card, "5.00", receipt="A")
    assert tried() == 5
    shop.refund("A")
    assert tried() == 105


def test_merged_customers_can_use_a_refunded_limit_once(opening: Opening) -> None:
    shop = opening(SPEND, WELCOME, cap("MONTH"))
    gone, stays = shop.enrol(), shop.enrol()
    for card in (gone, stays):
        assert earned(shop, card, "5.00", receipt=card) == 50
    assert error_codes(merge(shop, gone, stays)) == []
    for card in (gone, stays):
        shop.refund(card)
    assert wallet(shop, stays)["points"] == (0, 0)
    assert [earned(shop, card, "5.00") for card in (gone, stays)] == [50, 0]


def sums_by_receipt(shop: Shop, card: str) -> dict[str, int]:
    """The sum of all entries by receipt number."""
    query = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { points purchase { externalId } } } } }"""
    found: dict[str, int] = {}
    for entry in shop.execute(query, by={"card": card}, role=Role.STAFF)["customer"]["ledger"]["nodes"]:
        number = entry["purchase"]["externalId"] if entry["purchase"] is not None else ""
        found[number] = found.get(number, 0) + entry["points"]
    return found


@pytest.mark.parametrize("order", list(permutations("ABR")), ids="".join)
def test_refund_frees_limits_from_its_own_time_in_any_order_of_arrival(opening: Opening, order: Any) -> None:
    shop = opening(SPEND, WELCOME)
    card = shop.enrol()
    what = {
        "A": lambda: shop.buy(card, "5.00", receipt="A", occurredAt=at(hours=10)),
        "B": lambda: shop.buy(card, "5.00", receipt="B", occurredAt=at(hours=12)),
        "R": lambda: shop.refund("A", occurredAt=at(hours=11)),
    }
    for step in order:
        assert error_codes(what[step]()) == []
    assert wallet(shop, card)["points"] == (105, 0)
    assert sums_by_receipt(shop, card) == {"A": 105 - 105, "B": 105}
    assert earned(shop, card, "5.00", receipt="L", occurredAt=at(hours=10.5)) == 5
    assert wallet(shop, card)["points"] == (10, 0)
    assert sums_by_receipt(shop, card) == {"A": 105 - 105, "B": 5, "L": 5}


@pytest.mark.parametrize(
    ("clauses", "taken", "shortfall", "between", "again", "balance"),
    [
        ([SPEND, WELCOME, HUNDRED], 5, 100, (0, 0), 5, (5, 0)),
        ([SPEND, WELCOME, HUNDRED, NEGATIVE], 105, 0, (0, 100), 105, (5, 0)),
        ([SPEND, WELCOME, FIVE], 100, 5, (0, 0), 105, (105, 0)),
    ],
    ids=["short", "owed", "the bonus was taken"],
)
def test_spent_welcome_bonus_stays_used(
    opening: Opening,
    clauses: Any,
    taken: int,
    shortfall: int,
    between: tuple[int, int],
    again: int,
    balance: tuple[int, int],
) -> None:
    shop = opening(*clauses)
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="A", occurredAt=at()) == 105
    assert error_codes(shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})) == []
    refund = shop.refund("A", occurredAt=at(hours=2))
    assert (refund["decision"]["points"][0]["points"], refund["shortfall"]) == (taken, shortfall)
    assert wallet(shop, card)["points"] == between
    assert earned(shop, card, "5.00", receipt="B", occurredAt=at(hours=3)) == again
    assert wallet(shop, card)["points"] == balance


@pytest.mark.parametrize(
    ("clauses", "receipts", "balance"),
    [
        ([SPEND, WELCOME, HUNDRED], {"A": 100, "B": 5, "": -100}, (5, 0)),
        ([SPEND, WELCOME, HUNDRED, NEGATIVE], {"A": 0, "B": 105, "": -100}, (5, 0)),
        ([SPEND, WELCOME, FIVE], {"A": 5, "B": 105, "": -5}, (105, 0)),
    ],
    ids=["short", "owed", "the bonus was taken"],
)
def test_spent_welcome_bonus_stays_used_when_its_refund_arrives_after_the_next_purchase(
    opening: Opening, clauses: Any, receipts: dict[str, int], balance: tuple[int, int]
) -> None:
    shop = opening(*clauses)
    card = shop.enrol()
    shop.buy(card, "5.00", receipt="A", occurredAt=at())
    assert error_codes(shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})) == []
    assert earned(shop, card, "5.00", receipt="B", occurredAt=at(hours=3)) == 5
    assert error_codes(shop.refund("A", occurredAt=at(hours=2))) == []
    assert (sums_by_receipt(shop, card), wallet(shop, card)["points"]) == (receipts, balance)


def test_reward_paid_with_refunded_points_is_owed_until_it_is_cancelled(opening: Opening) -> None:
    shop = opening(SPEND, NEGATIVE, {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 1091}}})
    card = shop.enrol()
    shop.buy(card, "1091.00", receipt="R1", occurredAt=at())
    reward = shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]["id"]
    shop.refund("R1", occurredAt=at(hours=2))
    assert wallet(shop, card)["points"] == (0, 1091)
    refused = shop.redeem(card, "five")["decision"]
    (reason,) = refused["reasons"]
    assert (refused["outcome"], reason["code"]) == ("REFUSED", "NEGATIVE_BALANCE")
    assert [remedy["points"] for remedy in reason["remedies"]] == [1091 + 1091]
    shop.buy(card, "91.00", receipt="R2", occurredAt=at(hours=3))
    assert wallet(shop, card)["points"] == (0, 1000)
    query = "mutation($i: CancelRedemptionInput!) { cancelRedemption(input: $i) { userErrors { code path } } }"
    input = {"idempotencyKey": "undo", "redemption": reward, "reason": "The goods came back."}
    assert error_codes(shop.execute(query, role=Role.STAFF, i=input)["cancelRedemption"]) == []
    assert wallet(shop, card)["points"] == (91, 0)


def test_cap_is_freed_by_the_points_really_clawed_back(opening: Opening) -> None:
    shop = opening(SPEND, cap("MONTH"))
    card = shop.enrol()

    def day(month: int, number: int) -> str:
        return f"2026-{month:02}-{number:02}T10:00:00Z"

    def back(amount: str, when: str) -> int:
        payload = shop.refund("A", occurredAt=when, lines=[{"line": 1, "amount": amount}])
        taken: int = payload["decision"]["points"][0]["points"]
        return taken

    assert earned(shop, card, "80.00", receipt="A", occurredAt=day(3, 5)) == 50
    assert back("20.00", day(3, 6)) == 0
    assert back("30.00", day(3, 7)) == 20
    assert earned(shop, card, "40.00", occurredAt=day(3, 10)) == 20
    assert back("30.00", day(4, 2)) == 30
    assert earned(shop, card, "60.00", occurredAt=day(4, 3)) == 50
    assert wallet(shop, card)["points"] == (70, 0)


def test_refund_frees_the_cap_of_the_month_of_its_purchase(opening: Opening) -> None:
    shop = opening(SPEND, cap("MONTH"))
    card = shop.enrol()

    def buy(receipt: str, price: str, day: str) -> int:
        return earned(shop, card, price, receipt=receipt, occurredAt=f"2026-{day}T10:00:00Z")

    def swap(old: str, new: str, price: str, day: str) -> tuple[int, int]:
        assert error_codes(exchange(shop, price, old, receipt=new, occurredAt=f"2026-{day}T10:00:00Z")) == []
        return wallet(shop, card)["points"]

    assert buy("R1", "50.00", "03-31") == 50
    assert swap("R1", "R2", "50.00", "04-01") == (50, 0)
    assert buy("R3", "60.00", "04-02") == 50, "an even exchange takes nothing of April"
    assert swap("R2", "R4", "70.00", "05-01") == (120, 0)
    assert buy("R5", "60.00", "05-02") == 30, "what was paid on top is of May"
    assert error_codes(shop.refund("R4", occurredAt="2026-05-03T10:00:00Z")) == []
    assert wallet(shop, card)["points"] == (80, 0)
    assert (buy("R6", "60.00", "05-04"), buy("R7", "60.00", "03-15")) == (20, 50)


THREE_VISITS: list[tuple[str, str, float]] = [
    *((f"V{number}", "1.00", number) for number in (1, 2, 3)),
    *((f"V{number}", "", 3.5) for number in (1, 2)),
    *((f"V{number}", "1.00", number) for number in range(4, 9)),
]
"""Receipts with what was bought, or nothing where all of it came back, and the day."""
A_CAP: list[tuple[str, str, float]] = [
    ("A", "80.00", 3),
    ("A", "-20.00", 4),
    ("A", "-30.00", 5),
    ("B", "40.00", 8),
    ("A", "-30.00", 31),
    ("C", "60.00", 32),
]
"""From 5 March to 3 April, by days after 2 March; what came back is negative."""


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("clause", "receipts", "right"),
    [
        (THIRD, THREE_VISITS, {"V1": 0, "V2": 0, "V3": 31, "V4": 1, "V5": 1, "V6": 1, "V7": 1, "V8": 31}),
        (cap("MONTH"), A_CAP, {"A": 0, "B": 20, "C": 50}),
    ],
    ids=["third visit", "room in a cap"],
)
def test_receipts_earn_the_same_in_any_order_of_arrival(
    opening: Opening, clause: Any, receipts: list[tuple[str, str, float]], right: dict[str, int], seed: int
) -> None:
    shop = opening(SPEND, clause)
    card = shop.enrol()
    for receipt, amount, day in random.Random(seed).sample(receipts, len(receipts)):
        moment = at(days=day)
        if amount and not amount.startswith("-"):
            payload = shop.buy(card, amount, receipt=receipt, occurredAt=moment)
        else:
            lines = {"lines": [{"line": 1, "amount": amount[1:]}]} if amount else {}
            payload = shop.refund(receipt, occurredAt=moment, **lines)
        assert error_codes(payload) == []
    assert sums_by_receipt(shop, card) == right
    assert wallet(shop, card)["points"] == (sum(right.values()), 0)


@pytest.mark.parametrize(
    ("price", "balance", "amount_due"), [("20.00", 120, "0.00"), ("50.00", 150, "30.00"), ("5.00", 45, "-15.00")]
)
def test_exchange_is_decided_with_the_kept_goods(opening: Opening, price: str, balance: int, amount_due: str) -> None:
    double = {
        "key": "double",
        "conditions": [{"minimumSpend": {"amount": "50.00"}}],
        "effect": {"pointsMultiplier": {"factor": "2"}},
    }
    shop = opening(SPEND, double)
    card = shop.enrol()
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "40.00"}, {"sku": "b", "quantity": "1", "unitPrice": "20.00"}]
    assert earned(shop, card, "", receipt="R1", lines=lines, occurredAt=at()) == 120
    back = {"purchase": {"externalId": "R1"}, "lines": [{"line": 2}]}
    payload = exchange(shop, price, back, receipt="R2", occurredAt=at(hours=1))
    assert (error_codes(payload), payload["toPay"]["amount"]) == ([], amount_due)
    assert wallet(shop, card)["points"] == (balance, 0)


def test_payment_with_points_carries_over_to_exchanged_goods(opening: Opening) -> None:
    shop = opening(SPEND, {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 2000}}})
    for price, cash, restored, kept in (("60.00", "32.00", 800, 48), ("100.00", "0.00", 0, 80)):
        card = shop.enrol()
        shop.buy(card, "2000.00", occurredAt=at())
        paid = shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]["id"]
        payments = [{"kind": "POINTS", "amount": "20.00", "redemptionId": paid}]
        bought = shop.buy(card, "100.00", payments=payments, occurredAt=at(hours=2))
        assert bought["decision"]["points"][0]["points"] == 80
        payload = exchange(shop, price, {"purchase": {"id": bought["purchase"]["id"]}}, occurredAt=at(hours=3))
        assert (payload["refund"]["cash"]["amount"], payload["refund"]["pointsRestored"]) == (cash, restored)
        assert wallet(shop, card)["points"] == (restored + kept, 0)


def test_fully_refunded_use_is_freed_beside_a_clause_that_still_gives(opening: Opening) -> None:
    per_pound = {"key": "spend", "conditions": [once("YEAR")], "effect": SPEND["effect"]}
    shop = opening(per_pound, bonus(30, once("YEAR"), {"minimumSpend": {"amount": "40.00"}}))
    card = shop.enrol()
    assert earned(shop, card, "60.00", receipt="R-1") == 90
    shop.refund("R-1", lines=[{"line": 1, "amount": "30.00"}])
    assert wallet(shop, card)["points"] == (30, 0)
    assert earned(shop, card, "60.00") == 30, "the bonus was taken back, and the points for the amount were not"


def test_clawback_depends_only_on_the_kept_goods(opening: Opening) -> None:
    """From 20.00 on only one clause counts, which gives less: a step in between earns more than both ends."""
    first = {"key": "combination", "effect": {"combination": {"mode": "FIRST"}}}
    many = {
        "key": "many",
        "conditions": [{"minimumSpend": {"amount": "80.00"}}],
        "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}},
    }
    few = {"key": "few", "effect": {"pointsPerAmount": {"points": 2, "per": "1.00"}}}
    shop = opening(many, few, first)
    left = set()
    for steps in (["20.00", "30.00"], ["30.00", "20.00"], ["50.00"]):
        card = shop.enrol()
        bought = shop.buy(card, "100.00", occurredAt=at())
        for number, amount in enumerate(steps, start=1):
            purchase = {"id": bought["purchase"]["id"]}
            input = {"idempotencyKey": f"{card}{number}", "purchase": purchase, "amount": amount}
            query = "mutation($i: RecordRefundInput!) { recordRefund(input: $i) { userErrors { code path } } }"
            assert error_codes(shop.execute(query, i=input | {"occurredAt": at(hours=number)})["recordRefund"]) == []
        left.add(wallet(shop, card)["points"])
    assert left == {(100, 0)}


def test_purchase_that_costs_nothing_is_no_visit_and_earns_no_stamp(opening: Opening) -> None:
    stamp = {"key": "stamp", "effect": {"stamps": {"stamps": 1}}}
    meal = {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 10}}}
    shop = opening(SPEND, stamp, meal, bonus(7, {"everyNthVisit": {"nth": 2}}))
    card = shop.enrol()
    shop.buy(card, "20.00", occurredAt=at())
    paid = shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]["id"]
    meals: list[dict[str, Any]] = [
        {"lines": [{"sku": "m", "quantity": "1", "unitPrice": "9.00", "kind": "REWARD"}]},
        {"payments": [{"kind": "POINTS", "amount": "9.00", "redemptionId": paid}]},
        {"lines": [{"sku": "m", "quantity": "1", "unitPrice": "9.00", "discount": "9.00"}]},
    ]
    for number, given in enumerate(meals, start=2):
        payload = shop.buy(card, "9.00", occurredAt=at(hours=number), **given)
        assert (error_codes(payload), [point["points"] for point in payload["decision"]["points"]]) == ([], [0, 0])
    payload = shop.buy(card, "9.00", occurredAt=at(hours=9))
    assert [point["points"] for point in payload["decision"]["points"]] == [16, 1], "it is the second visit"


def test_entries_of_an_exchange_are_explained(opening: Opening) -> None:
    shop = opening(SPEND, bonus(20, {"firstPurchase": True}), cap("MONTH"), STAMP_A_DAY)
    card = shop.enrol()
    shop.buy(card, "40.00", receipt="R1", occurredAt=at())
    for number, price in enumerate(("40.00", "60.00", "30.00"), start=1):
        exchange(shop, price, f"R{number}", receipt=f"R{number + 1}", occurredAt=at(hours=number))
    shop.refund("R4", occurredAt=at(hours=9))
    query = "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 50) { nodes { id type points } } } }"
    entries = shop.execute(query, by={"card": card})["customer"]["ledger"]["nodes"]
    assert len(entries) == 8
    for entry in entries:
        asked = "query($e: ID!) { explain(entry: $e) { agrees recomputedPoints } }"
        explain = shop.execute(asked, role=Role.STAFF, e=entry["id"])["explain"]
        assert (explain["agrees"], explain["recomputedPoints"]) == (True, entry["points"]), entry
    assert wallet(shop, card) == {"points": (0, 0), "stamps": (0, 0)}


def test_moved_purchase_that_is_no_visit_stays_none(opening: Opening) -> None:
    shop = opening(SPEND, bonus(7, {"everyNthVisit": {"nth": 2}}))
    wrong, right = shop.enrol(), shop.enrol()
    free = [{"sku": "m", "quantity": "1", "unitPrice": "9.00", "discount": "9.00"}]
    shop.buy(wrong, "", receipt="free", lines=free, occurredAt=at())
    query = "mutation($i: MovePurchaseInput!) { movePurchase(input: $i) { userErrors { code path } } }"
    input = {
        "idempotencyKey": "m",
        "purchase": {"externalId": "free"},
        "customer": {"card": right},
        "reason": "mistaken",
    }
    assert error_codes(shop.execute(query, role=Role.OWNER, i=input)["movePurchase"]) == []
    for card in (wrong, right):
        assert [earned(shop, card, "1.00", occurredAt=at(hours=hour)) for hour in (1, 2)] == [1, 8]


def test_six_items_at_once_earn_as_much_as_one_by_one(opening: Opening) -> None:
    stamps = {"key": "stamp", "conditions": [{"everyNthItem": {"nth": 3}}], "effect": {"stamps": {"stamps": 1}}}
    shop = opening(bonus(30, {"everyNthItem": {"nth": 3}}), stamps, SPEND)
    apart, together = shop.enrol(), shop.enrol()
    for number in range(6):
        shop.buy(apart, "1.00", occurredAt=at(days=number))
    six = [{"sku": "x", "quantity": "6", "unitPrice": "1.00"}]
    shop.buy(together, "", receipt="six", lines=six, occurredAt=at())
    assert wallet(shop, apart) == wallet(shop, together) == {"points": (66, 0), "stamps": (2, 0)}
    shop.refund("six", lines=[{"line": 1, "quantity": "4"}], occurredAt=at(hours=1))
    assert wallet(shop, together) == {"points": (2, 0), "stamps": (0, 0)}
    assert earned(shop, together, "1.00", occurredAt=at(hours=2)) == 31


def test_exchanged_goods_keep_replacing_returned_ones_after_an_amendment(opening: Opening) -> None:
    shop = opening(SPEND, WELCOME, FIVE)
    card = shop.enrol()
    assert earned(shop, card, "50.00", receipt="R1", occurredAt=at()) == 150
    exchange(shop, "50.00", "R1", receipt="R2", occurredAt=at(hours=1))
    for price, balance in (("50.00", 150), ("60.00", 160), ("40.00", 140)):
        payload = amend(shop, "R2", {"sku": "other", "quantity": "1", "unitPrice": price}, role=Role.OWNER)
        assert (error_codes(payload), balances(payload)) == ([], {"points": (balance, 0)})
    paid = shop.redeem(card, "five", basket={"occurredAt": at(hours=2), "lines": []})["redemption"]["id"]
    more = {"payments": [{"kind": "POINTS", "amount": "5.00", "redemptionId": paid}]}
    all_of_it = {"sku": "other", "quantity": "1", "unitPrice": "50.00"}
    assert error_codes(amend(shop, "R2", all_of_it, role=Role.OWNER, purchase=more)) == [
        ("INVALID_INPUT", ["purchase", "payments"])
    ], "points pay nothing of what other goods had paid for"
    assert error_codes(shop.refund("R2", occurredAt=at(hours=3))) == []
    assert wallet(shop, card)["points"] == (0, 0)


def one_line(price: str) -> dict[str, str]:
    """The one line of a receipt."""
    return {"sku": "thing", "quantity": "1", "unitPrice": price}


@pytest.mark.parametrize(
    ("new", "amended", "right"),
    [
        ("80.00", "30.00", {"R1": 30, "R2": 50}),
        ("80.00", "70.00", {"R1": 70, "R2": 10}),
        ("20.00", "10.00", {"R1": 10, "R2": 10}),
        ("50.00", "30.00", {"R1": 30, "R2": 20}),
        ("50.00", "60.00", {"R1": 50, "R2": 0}),
        ("50.00", "0.00", {"R1": 0, "R2": 50}),
    ],
)
@pytest.mark.parametrize("order", ["amended late", "amended first", "right at once"])
def test_exchange_follows_the_amended_receipt_of_the_returned_goods(
    opening: Opening, order: str, new: str, amended: str, right: dict[str, int]
) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    shop.buy(card, amended if order == "right at once" else "50.00", receipt="R1", occurredAt=at())
    if order == "amended first":
        assert error_codes(amend(shop, "R1", one_line(amended), role=Role.OWNER)) == []
    assert error_codes(exchange(shop, new, "R1", receipt="R2", occurredAt=at(hours=1))) == []
    if order == "amended late":
        assert error_codes(amend(shop, "R1", one_line(amended), role=Role.OWNER)) == []
    entries_and_balance(shop, card)
    left = remaining_points(shop)
    assert {receipt: left.get(receipt, 0) for receipt in right} == right
    assert error_codes(shop.refund("R2", occurredAt=at(hours=2))) == []
    assert set(remaining_points(shop).values()) <= {0}


@pytest.mark.parametrize("late", [False, True])
def test_earlier_refund_reduces_an_exchange_even_when_it_arrives_late(opening: Opening, late: bool) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    shop.buy(card, "", lines=[{"sku": "cup", "quantity": "3", "unitPrice": "10.00"}], receipt="R1", occurredAt=at())
    two = {"purchase": {"externalId": "R1"}, "lines": [{"line": 1, "quantity": "2"}]}
    money = partial(shop.refund, "R1", amount="9.00", occurredAt=at(hours=1))
    if not late:
        assert error_codes(money()) == []
    assert error_codes(exchange(shop, "50.00", two, receipt="R2", occurredAt=at(hours=2))) == []
    if late:
        assert error_codes(money()) == []
    # Two of three cups at 7.00 came back: 14.00 of 50.00 stand in their place.
    assert remaining_points(shop) == {"R1": 21, "R2": 36}


def test_amendment_cannot_pay_the_same_amount_with_points_and_goods(opening: Opening) -> None:
    shop = opening(SPEND, FIVE)
    card = shop.enrol()
    shop.buy(card, "50.00", receipt="R1", occurredAt=at())
    paid = shop.redeem(card, "five", basket={"occurredAt": at(hours=1), "lines": []})["redemption"]["id"]
    with_points = [{"kind": "POINTS", "amount": "5.00", "redemptionId": paid}]
    refused = exchange(shop, "54.99", "R1", receipt="R2", payments=with_points, occurredAt=at(hours=2))
    assert error_codes(refused) == [("INVALID_INPUT", ["purchase", "payments"])]
    assert error_codes(exchange(shop, "60.00", "R1", receipt="R2", payments=with_points, occurredAt=at(hours=2))) == []
    before = all_rows(shop)
    assert error_codes(amend(shop, "R1", one_line("55.01"), role=Role.OWNER)) == [
        ("INVALID_INPUT", ["purchase", "lines"])
    ]
    assert all_rows(shop) == before
    assert error_codes(amend(shop, "R1", one_line("55.00"), role=Role.OWNER)) == []
    assert remaining_points(shop) == {"R1": 50, "R2": 0}
    refund = shop.refund("R2", lines=[{"line": 1, "quantity": "0.5"}], occurredAt=at(hours=3))
    assert (error_codes(refund), refund["cash"]["amount"]) == ([], "27.50")


def test_points_by_line_follow_what_was_known_about_the_exchange(opening: Opening) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    shop.buy(card, "50.00", receipt="R1", occurredAt=at())
    exchange(shop, "50.00", "R1", receipt="R2", occurredAt=at(hours=1))
    assert error_codes(amend(shop, "R1", one_line("30.00"), role=Role.OWNER)) == []
    query = """query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { type points purchase { externalId }
      decision { lines { points { points } excluded { code } } } } } } }"""
    nodes = shop.execute(query, by={"card": card})["customer"]["ledger"]["nodes"][::-1]
    lines = [(node["points"], node["decision"]["lines"]) for node in nodes if node["purchase"]["externalId"] == "R2"]
    assert lines == [
        (0, [{"points": [{"points": 0}], "excluded": {"code": "NOTHING_PAID"}}]),
        (20, [{"points": [{"points": 20}], "excluded": None}]),
    ]


def test_exchanged_goods_cannot_be_moved_to_another_customer(opening: Opening) -> None:
    shop = opening(SPEND)
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "50.00", receipt="R1", occurredAt=at())
    exchange(shop, "70.00", "R1", receipt="R2", occurredAt=at(hours=1))
    assert error_codes(move(shop, "R2", other, role=Role.OWNER)) == [("NOT_MOVABLE", ["purchase"])]
    assert (wallet(shop, card), shop.ledger(other)) == ({"points": (70, 0)}, [])


def test_exchanged_goods_give_no_more_qualifying_points_than_what_they_replace(opening: Opening) -> None:
    shop = opening(SPEND, *SILVER)
    card = shop.enrol()
    voucher = [{"sku": "voucher", "quantity": "1", "unitPrice": "150.00", "kind": "GIFT_CARD"}]
    assert earned(shop, card, "", lines=voucher, receipt="R1", occurredAt=at()) == 0
    exchange(shop, "150.00", "R1", receipt="R2", occurredAt=at(hours=1))
    tier = shop.execute("query($by: CustomerBy!) { customer(by: $by) { tier { key } } }", by={"card": card})["customer"]
    assert (wallet(shop, card)["points"], tier["tier"]["key"]) == ((0, 0), None)
