"""Purchases partly paid with points: each redemption pays once, and refunds restore points and money."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.graphql_server.limits.rate_limits import RateLimit
from app.store.database.connect import open_database
from tests.api.test_access import customer_key
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_exchanges import exchange
from tests.api.test_late_events import REWARD, at
from tests.api.test_refunds_by_amount_and_payment import refund
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in

THIRDS = [{"sku": sku, "quantity": "1", "unitPrice": price} for sku, price in (("a", "33.34"), ("b", "33.33"), ("c", "33.33"))]  # fmt: skip
TERMS = (
    {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {"key": "twenty", "effect": {"rewardCost": {"reward": "twenty", "points": 2000}}},
    {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 500}}},
)


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A point a pound; 2,000 points are twenty pounds, 500 are five."""
    with open_shop(database_url, template="blank", rate_limit=RateLimit(10_000_000, 10_000_000)) as opened:
        for key in ("twenty", "five"):
            input = {"idempotencyKey": key, "key": key, "name": key, "description": "Pounds off"}
            assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        publish(opened, *TERMS, effectiveFrom="2020-01-01T00:00:00Z")
        yield opened


def spend(shop: Shop, card: str, reward: str, *, hours: float = 1) -> str:
    """The id of a new redemption."""
    payload = shop.redeem(card, reward, basket={"occurredAt": at(hours=hours), "lines": []})
    id: str = payload["redemption"]["id"]
    return id


def points(id: str, amount: str) -> dict[str, str]:
    """A payment with the points of a redemption."""
    return {"kind": "POINTS", "amount": amount, "redemptionId": id}


def rich(shop: Shop, many: str = "3000.00") -> str:
    """A customer with points."""
    card = shop.enrol()
    shop.buy(card, many, occurredAt=at())
    return card


def back(done: Any) -> tuple[str, int]:
    """The money and points of a refund."""
    return done["cash"]["amount"], done["pointsRestored"]


def test_full_refund_restores_the_points_and_pays_the_rest_in_money(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    payload = refund(shop, "R", occurredAt=at(hours=3))
    assert back(payload) == ("80.00", 2000)
    assert payload["decision"]["points"][0]["points"] == 80
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
@pytest.mark.parametrize("by", ["quantity", "amount"])
def test_line_refunds_pay_out_the_same_in_any_order(shop: Shop, order: tuple[int, ...], by: str) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "", lines=THIRDS, receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    came = {}
    for count, line in enumerate(order, start=3):
        what = {"quantity": "1"} if by == "quantity" else {"amount": THIRDS[line - 1]["unitPrice"]}
        came[line] = back(refund(shop, "R", lines=[{"line": line, **what}], occurredAt=at(hours=count)))
    assert came == {1: ("26.67", 667), 2: ("26.66", 667), 3: ("26.67", 666)}
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_refund_of_all_lines_equals_refunds_one_by_one(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "", lines=THIRDS, receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    payload = refund(shop, "R", lines=[{"line": 1}, {"line": 2}], occurredAt=at(hours=3))
    assert back(payload) == ("53.33", 667 + 667)
    assert back(refund(shop, "R", lines=[{"line": 3}], occurredAt=at(hours=4))) == ("26.67", 666)
    other = spend(shop, card, "twenty", hours=5)
    shop.buy(card, "", lines=THIRDS, receipt="S", payments=[points(other, "20.00")], occurredAt=at(hours=6))
    payload = refund(shop, "S", lines=[{"line": line} for line in (3, 1, 2)], occurredAt=at(hours=7))
    assert back(payload) == ("80.00", 2000)
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_partial_amount_restores_its_part_of_the_points(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert back(refund(shop, "R", amount="40.00", occurredAt=at(hours=3))) == ("32.00", 800)
    assert back(refund(shop, "R", amount="0.01", occurredAt=at(hours=4))) == ("0.01", 0)
    assert back(refund(shop, "R", occurredAt=at(hours=5))) == ("47.99", 1200)
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_each_redemption_that_paid_in_a_foreign_currency_is_restored(shop: Shop) -> None:
    card = rich(shop)
    ids = [spend(shop, card, reward) for reward in ("twenty", "five")]
    paid = [points(ids[0], "22.00"), points(ids[1], "5.50"), {"kind": "CASH", "amount": "82.50"}]
    euros = {"currencyCode": "EUR", "exchangeRate": "0.90"}
    lines = [{"sku": "a", "quantity": "2", "unitPrice": "27.50"}, {"sku": "b", "quantity": "1", "unitPrice": "55.00"}]
    shop.buy(card, "", lines=lines, receipt="R", payments=paid, occurredAt=at(hours=2), **euros)
    first = refund(shop, "R", lines=[{"line": 1, "quantity": "1"}], occurredAt=at(hours=3))
    assert (back(first), first["cash"]["currencyCode"]) == (("20.62", 625), "EUR")
    assert back(refund(shop, "R", lines=[{"line": 2}], occurredAt=at(hours=4))) == ("41.25", 1250)
    assert back(refund(shop, "R", occurredAt=at(hours=5))) == ("20.63", 625)
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_pending_refund_restores_the_same_payments(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    early = {"externalId": "B", "occurredAt": at(hours=3)}
    assert shop.refund("R", **early)["cash"] is None
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert shop.available(card) == 3000
    assert shop.refund("R", **early)["cash"]["amount"] == "80.00"
    assert discrepancies_in(shop.url) == []


def test_late_refunds_pay_out_the_same_total(shop: Shop) -> None:
    card = rich(shop)
    ids = [spend(shop, card, "twenty"), spend(shop, card, "five")]
    lines = [{"sku": "a", "quantity": "3", "unitPrice": "3.34", "discount": "0.02"}]
    shop.buy(card, "", lines=lines, receipt="R", occurredAt=at(hours=2))
    shop.buy(card, "", lines=lines, receipt="S", payments=[points(ids[1], "5.00")], occurredAt=at(hours=2))
    first = [{"line": 1, "quantity": "1"}]
    for receipt, parts in (("R", ["3.33", "3.34", "3.33"]), ("S", ["1.66", "1.67", "1.67"])):
        came = [refund(shop, receipt, lines=first, occurredAt=at(hours=hours))["cash"]["amount"] for hours in (5, 4, 6)]
        assert came == parts
    assert shop.available(card) == 3000 - 2000
    assert discrepancies_in(shop.url) == []


def test_late_exchange_pays_out_the_same_total(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    lines = [{"sku": "a", "quantity": "3", "unitPrice": "33.33"}]
    shop.buy(card, "", lines=lines, receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    first = {"lines": [{"line": 1, "quantity": "1"}]}
    payload = exchange(shop, "33.33", {"purchase": {"externalId": "R"}, **first}, receipt="E", occurredAt=at(hours=3))
    assert payload["refund"]["cash"]["amount"] == "0.00"
    came = [refund(shop, "R", **first, occurredAt=at(hours=hours))["cash"]["amount"] for hours in (6, 5)]
    assert [*came, refund(shop, "E", occurredAt=at(hours=7))["cash"]["amount"]] == ["26.66", "26.67", "26.66"]
    assert shop.available(card) == 3000
    shop.buy(card, "50.00", receipt="S", occurredAt=at(hours=8))
    exchange(shop, "50.00", {"purchase": {"externalId": "S"}, "amount": "40.00"}, receipt="F", occurredAt=at(hours=9))
    assert refund(shop, "S", occurredAt=at(hours=10))["cash"]["amount"] == "10.00"
    assert codes(amend(shop, "F", price="45.00")) == []
    assert refund(shop, "F", occurredAt=at(hours=11))["cash"]["amount"] == "45.00"
    assert discrepancies_in(shop.url) == []


def test_refund_after_an_amendment_uses_the_amended_receipt(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    shop.buy(card, "100.00", receipt="R", occurredAt=at(hours=2))
    assert back(refund(shop, "R", amount="30.00", occurredAt=at(hours=3))) == ("30.00", 0)
    assert codes(amend(shop, "R", points(id, "20.00"))) == []
    assert shop.available(card) == 1000 + 80 - 24 + 600
    assert back(refund(shop, "R", occurredAt=at(hours=4))) == ("50.00", 1400)
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"][1:]) for error in answer["userErrors"]]


SPENT = [("REDEMPTION_SPENT", ["purchase", "payments"])]
UNDO = """mutation($input: CancelRedemptionInput!) { cancelRedemption(input: $input) { decision { outcome }
  userErrors { code message path } } }"""
AMEND = """mutation($input: AmendPurchaseInput!) { amendPurchase(input: $input) { decision { points { points } }
  userErrors { code message path } } }"""

MERGE = "mutation($input: MergeCustomersInput!) { mergeCustomers(input: $input) { userErrors { code } } }"


def undo(shop: Shop, id: str, *, role: Role = Role.STAFF, key: str | None = None) -> Any:
    """Cancels a redemption, staff with a reason."""
    reason = {"reason": "a mistake"} if role in (Role.STAFF, Role.OWNER) else {}
    input = {"idempotencyKey": uuid.uuid4().hex, "redemption": id, **reason}
    return shop.execute(UNDO, role=role, key=key, input=input)["cancelRedemption"]


def amend(shop: Shop, receipt: str, *payments: dict[str, str], price: str = "100.00") -> Any:
    """Amends a receipt to one line with this payment."""
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": price}]
    purchase = {"externalId": receipt, "lines": lines, "payments": list(payments) or None}
    input = {"idempotencyKey": uuid.uuid4().hex, "purchase": purchase, "reason": "typed wrong"}
    return shop.execute(AMEND, role=Role.OWNER, input=input)["amendPurchase"]


def test_redemption_pays_for_one_purchase(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    bought = shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert (codes(bought), bought["decision"]["points"][0]["points"]) == ([], 80)
    again = shop.buy(card, "100.00", receipt="S", payments=[points(id, "20.00")], occurredAt=at(hours=3))
    assert (codes(again), again["decision"]) == (SPENT, None)
    same = shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")], occurredAt=at(hours=2))
    assert codes(same) == [], "the same receipt, sent again"
    twice = spend(shop, card, "five")
    split = [points(twice, "2.00"), points(twice, "3.00")]
    assert codes(shop.buy(card, "50.00", payments=split, occurredAt=at(hours=4))) == SPENT
    assert codes(shop.buy(card, "50.00", payments=split[:1], occurredAt=at(hours=4))) == []
    assert discrepancies_in(shop.url) == []


def test_concurrent_purchases_paid_by_one_redemption_record_one(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "twenty")
    answers = shop.in_parallel([partial(shop.buy, card, "100.00", payments=[points(id, "20.00")])] * 8)
    assert sorted(map(str, map(codes, answers))) == sorted([str(SPENT)] * 7 + ["[]"])
    assert shop.available(card) == 1080
    assert discrepancies_in(shop.url) == []


def test_redemption_that_paid_a_purchase_is_restored_only_with_it(shop: Shop) -> None:
    card = rich(shop)
    own = customer_key(shop.url, shop, card)
    id = shop.redeem(card, "twenty")["redemption"]["id"]
    shop.buy(card, "", lines=THIRDS, receipt="R", payments=[points(id, "20.00")])
    everybody = ((Role.OWNER, None), (Role.STAFF, None), (Role.TILL, None), (Role.CUSTOMER, own))
    refund(shop, "R", lines=[{"line": 1}])
    for role, key in everybody:
        refused = undo(shop, id, role=role, key=key)
        assert (codes(refused), refused["decision"]) == ([("REDEMPTION_SPENT", ["redemption"])], None)
    assert back(refund(shop, "R")) == ("53.33", 1333)
    for role, key in everybody:
        assert codes(undo(shop, id, role=role, key=key)) == [("ALREADY_REVERSED", ["redemption"])]
    assert codes(shop.buy(card, "100.00", payments=[points(id, "20.00")])) == SPENT
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_payment_with_points_stays_with_the_exchanged_goods(shop: Shop) -> None:
    card = rich(shop)
    id = shop.redeem(card, "twenty")["redemption"]["id"]
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "20.00")])
    again = exchange(shop, "110.00", "R", receipt="S", payments=[points(id, "5.00")])
    assert codes(again) == SPENT
    even = exchange(shop, "100.00", "R", receipt="S")
    assert (codes(even), back(even["refund"])) == ([], ("0.00", 0))
    assert codes(undo(shop, id)) == [("REDEMPTION_SPENT", ["redemption"])]
    assert back(refund(shop, "S")) == ("80.00", 2000)
    assert codes(undo(shop, id)) == [("ALREADY_REVERSED", ["redemption"])]
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def test_purchase_and_cancellation_of_its_payment_exclude_each_other(shop: Shop) -> None:
    card = rich(shop)
    for _ in range(3):
        id = shop.redeem(card, "five")["redemption"]["id"]
        buying = partial(shop.buy, card, "50.00", payments=[points(id, "5.00")])
        bought, undone = shop.in_parallel([buying, partial(undo, shop, id)])
        assert (codes(bought), codes(undone)) in (
            ([], [("REDEMPTION_SPENT", ["redemption"])]),
            ([("REDEMPTION_NOT_FOUND", ["purchase", "payments"])], []),
        )
    assert discrepancies_in(shop.url) == []


def test_amended_receipt_frees_its_old_payment_and_takes_the_new_one(shop: Shop) -> None:
    card = rich(shop)
    first, second = (spend(shop, card, "five", hours=hours) for hours in (1, 1.5))
    shop.buy(card, "100.00", receipt="R", payments=[points(first, "5.00")], occurredAt=at(hours=2))
    shop.buy(card, "100.00", receipt="S", payments=[points(second, "5.00")], occurredAt=at(hours=3))
    assert codes(amend(shop, "R", points(second, "5.00"))) == SPENT
    assert codes(amend(shop, "R", points(first, "5.00"), price="90.00")) == [], "it keeps what paid it"
    assert codes(amend(shop, "R", price="90.00")) == []
    assert codes(amend(shop, "S", points(first, "5.00"), points(second, "5.00"))) == []
    assert codes(shop.buy(card, "50.00", payments=[points(first, "5.00")], occurredAt=at(hours=4))) == SPENT
    assert back(refund(shop, "R", occurredAt=at(hours=5))) == ("90.00", 0)
    assert back(refund(shop, "S", occurredAt=at(hours=5))) == ("90.00", 1000)
    assert shop.available(card) == 3000
    assert discrepancies_in(shop.url) == []


def remaining_points(shop: Shop) -> dict[str, int]:
    """The remaining points of each receipt."""

    async def run() -> dict[str, int]:
        database = open_database(shop.url)
        await database.start()
        try:
            rows = await database.read_across_programs(lambda session: session.rows(_LEFT))
        finally:
            await database.stop()
        return {row["external_id"]: row["remaining"] for row in rows}

    return asyncio.run(run())


_LEFT = "SELECT p.external_id, l.remaining FROM lots l JOIN purchases p ON p.program_id = l.program_id AND p.id = l.id"


@pytest.mark.parametrize("first", ["the purchase", "the redemption"])
def test_purchase_is_ordered_after_its_payment_at_the_same_instant(shop: Shop, first: str) -> None:
    card = shop.enrol()
    if first == "the purchase":
        shop.buy(card, "505.00", receipt="P", occurredAt=at(hours=1))
    shop.buy(card, "500.00", receipt="Q", occurredAt=at(hours=1))
    id = spend(shop, card, "five")
    if first == "the purchase":
        assert codes(amend(shop, "P", points(id, "5.00"), price="505.00")) == []
    else:
        shop.buy(card, "505.00", receipt="P", payments=[points(id, "5.00")], occurredAt=at(hours=1))
    assert remaining_points(shop) == {"P": 500, "Q": 0}
    assert shop.available(card) == 500
    assert discrepancies_in(shop.url) == []


def test_redemptions_of_merged_customers_pay_once(shop: Shop) -> None:
    gone, stays = rich(shop), rich(shop)
    first = spend(shop, gone, "five")
    input = {"idempotencyKey": "m", "merged": {"card": gone}, "survivor": {"card": stays}, "reason": "one person"}
    assert shop.execute(MERGE, role=Role.OWNER, input=input)["mergeCustomers"]["userErrors"] == []
    second = shop.redeem(gone, "five")["redemption"]["id"]
    paid = [points(first, "5.00"), points(second, "5.00")]
    early = shop.buy(stays, "100.00", payments=paid[:1], occurredAt=at(hours=3))
    assert codes(early) == [("REDEMPTION_NOT_FOUND", ["purchase", "payments"])], "they were two customers then"
    assert codes(shop.buy(stays, "100.00", receipt="R", payments=paid)) == []
    for card in (gone, stays):
        assert codes(shop.buy(card, "100.00", payments=paid[:1])) == SPENT
    assert back(refund(shop, "R")) == ("90.00", 1000)
    assert discrepancies_in(shop.url) == []


def test_restored_payments_are_explained_in_every_language(shop: Shop) -> None:
    card = rich(shop)
    id = spend(shop, card, "five")
    shop.buy(card, "100.00", receipt="R", payments=[points(id, "5.00")], occurredAt=at(hours=2))
    said = {
        phrasebook(f"error.{code}")
        for phrasebook in map(phrasebook_in, Locale)
        for code in ("REDEMPTION_SPENT", "ALREADY_USED")
    }
    assert len(said) == 2 * len(Locale)
    assert undo(shop, id)["userErrors"][0]["message"] in said
