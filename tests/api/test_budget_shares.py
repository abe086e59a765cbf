"""Refunded points of a program's budget go back to the same customer first and never refill it for others. On both
databases; the ledger is verified after each test.

On both databases; the books are proved after each test.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_budgets_and_nth_items import CHECK, EXPLAIN, PREVIEW, RESULT, budget, line
from tests.api.test_exchanges import Opening, exchange
from tests.api.test_exchanges import opening as opening  # the fixture
from tests.api.test_receipt_corrections import amend, move
from tests.api.test_refunded_goods_stop_counting import FIVE, NEGATIVE, SPEND, bonus, earned, wallet
from tests.faults.test_tampering import Tampering
from tests.shop import Shop
from tests.time_limits import eventually
from tests.transfers import error_codes, join, merge

GIFT = bonus(30, budget(30, "WHOLE"))
PER_POUND = {"key": "extra", "conditions": [budget(100, "PARTIAL")], "effect": SPEND["effect"]}
DEAR = {"minimumSpend": {"amount": "20.00"}}


def on(day: int) -> dict[str, str]:
    """Noon of a day in March."""
    return {"occurredAt": f"2026-03-{day:02}T12:00:00Z"}


def assert_explanations_agree(shop: Shop, card: str) -> None:
    """Every entry is explained with the same decision."""
    query = "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 50) { nodes { id points } } } }"
    for entry in shop.execute(query, by={"card": card})["customer"]["ledger"]["nodes"]:
        explain = shop.execute(EXPLAIN, role=Role.STAFF, e=entry["id"])["explain"]
        assert explain == {"agrees": True, "recomputedPoints": entry["points"]}


def test_refunded_budget_points_go_to_the_same_customer_only(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 35
    shop.refund("R-1")
    assert earned(shop, other, "5.00") == 5, "the budget is used up for others"
    assert earned(shop, card, "5.00", receipt="R-2") == 35
    assert earned(shop, card, "5.00") == 5, "the share is given once"
    shop.refund("R-2")
    assert earned(shop, other, "5.00") == 5
    assert earned(shop, card, "5.00") == 35, "as often as it comes back"
    assert_explanations_agree(shop, card)


def test_own_share_is_used_before_the_common_budget(opening: Opening) -> None:
    shop = opening(PER_POUND)
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "60.00", receipt="R-1") == 60
    shop.refund("R-1", lines=[{"line": 1, "amount": "20.00"}])
    assert earned(shop, card, "15.00") == 15, "of the 20 that came back"
    assert earned(shop, other, "100.00") == 40, "what was left for all"
    assert earned(shop, card, "100.00") == 5


def test_own_share_and_common_budget_are_combined(opening: Opening) -> None:
    shop = opening(bonus(30, budget(50, "WHOLE")))
    card, other = shop.enrol(), shop.enrol()
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "5.00"}]
    assert earned(shop, card, "", lines=lines, receipt="R-1") == 30
    assert earned(shop, other, "5.00") == 0, "20 are left, and 30 are given whole or not at all"
    shop.refund("R-1")
    decision = shop.execute(CHECK, by={"card": card}, basket={"lines": [line("1")]})["basketCheck"]["decision"]
    assert decision["points"][0]["points"] == 30, "a basket sees it too"
    assert earned(shop, card, "5.00", receipt="R-2") == 30
    assert earned(shop, card, "5.00") == 0, "20 again"


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_partial_refunds_in_any_order_give_the_same_share_as_a_full_refund(
    opening: Opening, order: tuple[int, int]
) -> None:
    shop = opening(PER_POUND)
    card, other = shop.enrol(), shop.enrol()
    lines = [{"sku": sku, "quantity": "1", "unitPrice": price} for sku, price in (("a", "70.00"), ("b", "30.00"))]
    assert earned(shop, card, "", lines=lines, receipt="R-1") == 100
    for number in order:
        shop.refund("R-1", lines=[{"line": number}])
    assert earned(shop, other, "10.00") == 0
    assert earned(shop, card, "99.00") == 99
    assert earned(shop, card, "99.00") == 1


def test_points_restored_by_a_later_refund_leave_the_share_again(opening: Opening) -> None:
    """The first clause fits only from 40.00 up to the 60 points of its budget, and gives less than the second one."""
    first = {"key": "combination", "effect": {"combination": {"mode": "FIRST"}}}
    few = {
        "key": "few",
        "conditions": [{"minimumSpend": {"amount": "40.00"}}, budget(60, "WHOLE")],
        "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}},
    }
    many = {
        "key": "many",
        "conditions": [budget(200, "PARTIAL")],
        "effect": {"pointsPerAmount": {"points": 2, "per": "1.00"}},
    }
    shop = opening(few, many, first)
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "70.00", receipt="R-1") == 140
    kept = []
    for _ in range(2):
        shop.refund("R-1", lines=[{"line": 1, "amount": "20.00"}])
        kept.append(shop.available(card))
    assert kept == [50, 60], "the second part gives back 10 of what the first one took"
    assert earned(shop, other, "100.00") == 60, "what was left for all"
    assert earned(shop, card, "100.00") == 80, "90 came back, and 10 of them were given again"


def test_spent_points_are_a_shortfall_and_do_not_return_to_the_share(opening: Opening) -> None:
    shop = opening(SPEND, bonus(30, budget(30, "PARTIAL")), FIVE)
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 35
    for _ in range(4):
        assert error_codes(shop.redeem(card, "five")) == []
    assert shop.refund("R-1")["shortfall"] == 20
    assert earned(shop, card, "5.00") == 5 + 15, "15 of the 35 were still there, and count first for the budget"
    assert_explanations_agree(shop, card)


def test_owed_points_return_to_the_share(opening: Opening) -> None:
    shop = opening(SPEND, GIFT, FIVE, NEGATIVE)
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 35
    assert error_codes(shop.redeem(card, "five")) == []
    shop.refund("R-1")
    assert wallet(shop, card)["points"] == (0, 5)
    assert earned(shop, card, "5.00") == 35


def test_only_points_within_the_cap_return_to_the_share(opening: Opening) -> None:
    cap = {"key": "cap", "effect": {"pointsCap": {"points": 14, "scope": "PURCHASE"}}}
    shop = opening(SPEND, bonus(30, budget(30, "PARTIAL")), cap)
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 14, "12 of the bonus, and 2 for the amount"
    shop.refund("R-1")
    assert earned(shop, other, "1.00") == 14, "what the budget still has for all"
    assert earned(shop, card, "1.00", receipt="R-2") == 14


def test_points_return_to_the_share_of_their_own_budget(opening: Opening) -> None:
    shop = opening(bonus(30, budget(30, "WHOLE"), key="zebra"), bonus(7, budget(7, "PARTIAL"), key="ant"))
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 37
    shop.refund("R-1")
    assert earned(shop, other, "5.00") == 0
    assert earned(shop, card, "5.00") == 37


def test_refunded_first_purchase_can_be_repeated_with_its_budget(opening: Opening) -> None:
    shop = opening(bonus(30, {"firstPurchase": True}, budget(30, "WHOLE")))
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1", **on(1)) == 30
    shop.refund("R-1", **on(2))
    assert earned(shop, other, "5.00", **on(3)) == 0
    assert earned(shop, card, "5.00", receipt="R-2", **on(3)) == 30
    shop.refund("R-2", **on(4))
    assert earned(shop, card, "5.00", **on(5)) == 30
    assert_explanations_agree(shop, card)


def test_late_refund_refills_the_share_for_later_purchases_only(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1", **on(1)) == 35
    assert earned(shop, card, "5.00", **on(5)) == 5
    shop.refund("R-1", **on(2))
    assert shop.available(card) == 5, "what was recorded before the refund stays as it was"
    assert earned(shop, card, "5.00", **on(3)) == 35, "recorded after it, wherever it stands in time"
    assert_explanations_agree(shop, card)


def test_exchange_takes_nothing_from_the_share(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 35
    assert error_codes(exchange(shop, "5.00", "R-1", receipt="R-2")) == []
    assert shop.available(card) == 35
    assert earned(shop, card, "5.00") == 5, "nothing came back"
    assert error_codes(exchange(shop, "9.00", "R-2", receipt="R-3")) == []
    assert (shop.available(card), earned(shop, card, "5.00"), earned(shop, other, "5.00")) == (44, 5, 5)
    shop.refund("R-3")
    assert shop.available(card) == 10
    assert earned(shop, other, "5.00") == 5
    assert earned(shop, card, "5.00") == 35


def test_points_lost_by_an_amendment_return_to_the_customers_share(opening: Opening) -> None:
    shop = opening(SPEND, bonus(30, budget(30, "WHOLE"), DEAR))
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "20.00", receipt="R-1") == 50
    assert error_codes(amend(shop, "R-1", line("2"))) == []
    assert earned(shop, other, "20.00") == 20
    assert earned(shop, card, "20.00", receipt="R-2") == 50
    amended = amend(shop, "R-1", {"sku": "a", "quantity": "1", "unitPrice": "25.00"})
    assert amended["decision"]["points"][0]["points"] == 25, "the 30 have gone into another purchase of the customer"
    shop.refund("R-2")
    assert earned(shop, card, "20.00") == 50
    assert_explanations_agree(shop, card)


def test_amendment_and_its_reversal_restore_the_budget_points(opening: Opening) -> None:
    shop = opening(SPEND, bonus(30, budget(30, "WHOLE"), DEAR))
    card = shop.enrol()
    assert earned(shop, card, "20.00", receipt="R-1") == 50
    amend(shop, "R-1", line("2"))
    amended = amend(shop, "R-1", {"sku": "a", "quantity": "1", "unitPrice": "25.00"})
    assert amended["decision"]["points"][0]["points"] == 55
    assert earned(shop, card, "20.00") == 20, "the share went back into it"


def test_moved_purchase_takes_budget_points_along(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    previous_customer, new_customer = shop.enrol(), shop.enrol()
    assert earned(shop, previous_customer, "5.00", receipt="R-1") == 35
    assert error_codes(move(shop, "R-1", new_customer)) == []
    assert (shop.available(previous_customer), shop.available(new_customer)) == (0, 35)
    assert (earned(shop, previous_customer, "5.00"), earned(shop, new_customer, "5.00")) == (5, 5)
    shop.refund("R-1")
    assert (earned(shop, previous_customer, "5.00"), earned(shop, new_customer, "5.00")) == (5, 35)
    assert_explanations_agree(shop, new_customer)


@pytest.mark.parametrize("shared", [False, True])
def test_moved_purchase_brings_no_first_purchase_bonus_to_a_returning_customer(
    opening: Opening, *, shared: bool
) -> None:
    shop = opening(SPEND, bonus(30, {"firstPurchase": True}, budget(30, "WHOLE")))
    previous_customer, new_customer, other = shop.enrol(), shop.enrol(), shop.enrol()
    if shared:
        assert error_codes(join(shop, previous_customer, new_customer)) == []
    assert earned(shop, previous_customer, "5.00", receipt="R-1") == 35
    assert earned(shop, new_customer, "5.00", receipt="R-0", occurredAt="2026-01-05T12:00:00Z") == 5
    assert error_codes(move(shop, "R-1", new_customer)) == []
    assert earned(shop, other, "5.00") == 5
    assert earned(shop, previous_customer, "5.00", receipt="R-2") == 35
    assert earned(shop, previous_customer, "5.00") == 5
    shop.refund("R-1")
    shop.refund("R-0")
    assert earned(shop, new_customer, "5.00") == 5, "it was never the new customer's"
    assert_explanations_agree(shop, previous_customer)
    assert_explanations_agree(shop, new_customer)


def test_purchase_paid_from_the_own_share_moves_without_a_debt(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    previous_customer, new_customer = shop.enrol(), shop.enrol()
    assert earned(shop, previous_customer, "5.00", receipt="R-1") == 35
    shop.refund("R-1")
    assert earned(shop, previous_customer, "5.00", receipt="R-2") == 35
    assert error_codes(move(shop, "R-2", new_customer)) == []
    assert (shop.available(previous_customer), shop.available(new_customer)) == (0, 35)
    assert (earned(shop, previous_customer, "5.00"), earned(shop, new_customer, "5.00")) == (5, 5)
    assert error_codes(move(shop, "R-2", previous_customer)) == []
    assert (earned(shop, previous_customer, "5.00"), earned(shop, new_customer, "5.00")) == (5, 5)
    shop.refund("R-2")
    assert (earned(shop, new_customer, "5.00"), earned(shop, previous_customer, "5.00")) == (5, 35)


def test_merge_adds_up_the_shares(opening: Opening) -> None:
    shop = opening(bonus(30, budget(60, "PARTIAL")))
    merged, survivor, other = shop.enrol(), shop.enrol(), shop.enrol()
    for card in (merged, survivor):
        assert earned(shop, card, "5.00", receipt=f"of {card}") == 30
    for card in (merged, survivor):
        shop.refund(f"of {card}")
    assert error_codes(merge(shop, merged, survivor)) == []
    assert earned(shop, other, "5.00") == 0
    assert [earned(shop, card, "5.00") for card in (merged, survivor, merged)] == [30, 30, 0]
    assert_explanations_agree(shop, survivor)


def test_refund_of_a_merged_customer_refills_the_survivors_share(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    merged, survivor = shop.enrol(), shop.enrol()
    assert earned(shop, merged, "5.00", receipt="R-1") == 35
    assert error_codes(merge(shop, merged, survivor)) == []
    shop.refund("R-1")
    assert earned(shop, survivor, "5.00", receipt="R-2") == 35
    shop.refund("R-2")
    assert earned(shop, merged, "5.00") == 35


def test_share_in_a_household_belongs_to_the_buyer(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    ann, bob = shop.enrol(), shop.enrol()
    assert error_codes(join(shop, ann, bob)) == []
    assert earned(shop, ann, "5.00", receipt="R-1") == 35
    shop.refund("R-1")
    assert earned(shop, bob, "5.00") == 5
    assert earned(shop, ann, "5.00") == 35


def test_concurrent_purchases_never_use_a_share_twice(opening: Opening) -> None:
    shop = opening(GIFT)
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 30
    shop.refund("R-1")
    answers = shop.in_parallel([lambda: earned(shop, card, "5.00") for _ in range(8)])
    assert sorted(answers) == [0, 0, 0, 0, 0, 0, 0, 30]


def test_ledger_verifies_after_concurrent_refunds_and_purchases_with_shares(opening: Opening) -> None:
    shop = opening(bonus(10, budget(40, "PARTIAL")))
    cards = [shop.enrol() for _ in range(4)]
    for card in cards:
        assert earned(shop, card, "5.00", receipt=f"of {card}") == 10
    refund = [lambda card=card: shop.refund(f"of {card}") for card in cards]
    bought = [lambda card=card: earned(shop, card, "5.00") for card in cards for _ in range(2)]
    shop.in_parallel([*refund, *bought])
    for card in cards:
        earned(shop, card, "5.00")
    assert [shop.available(card) for card in cards] == [10, 10, 10, 10], "each their own, whatever came first"


def test_points_that_expired_unspent_return_to_the_share(opening: Opening) -> None:
    shop = opening(GIFT, {"key": "expiry", "effect": {"pointsValidity": {"days": 5}}})
    card = shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1", **on(1)) == 30
    shop.refund("R-1", **on(20))
    assert earned(shop, card, "5.00", **on(21)) == 30


def test_preview_gives_a_share_to_its_customer_only(opening: Opening) -> None:
    shop = opening(SPEND, GIFT)
    lately = [{"occurredAt": (datetime.now(UTC) - timedelta(days=days)).isoformat()} for days in (50, 3, 2)]
    card, other, third = shop.enrol(), shop.enrol(), shop.enrol()
    assert earned(shop, third, "5.00", receipt="R-0", **lately[0]) == 35
    shop.refund("R-0", **lately[0])
    assert [earned(shop, buyer, "5.00", **lately[1]) for buyer in (card, other)] == [5, 5]
    assert earned(shop, third, "5.00", receipt="R-1", **lately[1]) == 35
    assert preview_loss(shop, SPEND) == 30
    shop.refund("R-1", **lately[2])
    assert earned(shop, other, "5.00", **lately[2]) == 5
    assert preview_loss(shop, SPEND) == 0, "nobody was given it in the end"
    assert earned(shop, third, "5.00", **lately[2]) == 35
    assert preview_loss(shop, SPEND) == 30


def preview_loss(shop: Shop, *clauses: dict[str, Any]) -> int:
    """The points that members would have lost under a draft in a month."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), "days": 30}
    made = shop.execute(PREVIEW, role=Role.OWNER, input=input)["previewTermsImpact"]["preview"]["id"]

    def result() -> Any:
        preview = shop.execute(RESULT, role=Role.OWNER, id=made)["impactPreview"]
        return preview["result"] if preview["state"] == "DONE" else None

    return int(eventually(result)["pointsLost"])


def test_tampered_share_is_found(opening: Opening) -> None:
    shop = opening(SPEND, bonus(30, budget(50, "WHOLE")))
    card, other = shop.enrol(), shop.enrol()
    assert earned(shop, card, "5.00", receipt="R-1") == 35
    shop.refund("R-1")
    shop.enrol()
    tampering = Tampering(shop)
    assert tampering.discrepancies_after() == []
    for change in (
        "UPDATE budget_shares SET points = points + 1",
        "DELETE FROM budget_shares",
        "UPDATE budget_shares SET clause = 'other'",
        f"UPDATE budget_shares SET customer_id = (SELECT customer_id FROM identities WHERE value = '{other}')",
    ):
        faults = tampering.discrepancies_after(change)
        assert {fault.problem for fault in faults} == {"the usage counters are not what the events come to"}, change
