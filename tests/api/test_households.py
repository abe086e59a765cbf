"""Households: several customers share a wallet, on both databases."""

from __future__ import annotations

from app.domain.access import Role
from tests.api.test_access import code_of, customer_key
from tests.api.test_merges import SPEND, blank, publish  # noqa: F401 - a fixture
from tests.api.test_transfers import ago
from tests.shop import Shop
from tests.transfers import JOIN, error_codes, find_customer, join, merge, transfer
from tests.verification import discrepancies_in


def test_household_shares_one_balance_and_keeps_its_customers(shop: Shop) -> None:
    host, member = shop.enrol(), shop.enrol()
    shop.buy(host, "60.00")
    mine = shop.buy(member, "50.00")
    done = join(shop, member, host)
    assert done["userErrors"] == []
    assert done["balances"] == [{"available": 110, "lifetime": "110"}]
    ids = [find_customer(shop, host)["id"], find_customer(shop, member)["id"]]
    assert ids[0] != ids[1] == done["customer"]["id"]
    for card in (host, member):
        assert [holder["id"] for holder in find_customer(shop, card)["wallet"]["holders"]] == ids
        assert [identity["value"] for identity in find_customer(shop, card)["identities"]] == [card]
    assert done["entry"]["counterparties"] == [{"id": ids[1]}]
    assert shop.buy(member, "5.00")["balances"] == [{"available": 115, "lifetime": "115"}]
    assert shop.redeem(host)["balances"] == [{"available": 15}]
    assert shop.redeem(member)["decision"]["outcome"] == "REFUSED"
    query = "query($e: ID!) { explain(entry: $e) { agrees } node(id: $e) { id } }"
    assert shop.execute(query, e=mine["entry"]["id"])["explain"] == {"agrees": True}
    assert shop.execute(query, e=done["entry"]["id"])["explain"] == {"agrees": True}
    assert discrepancies_in(shop.url) == []


def test_joining_a_household_needs_an_own_wallet(shop: Shop) -> None:
    host, member, third = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(host, "60.00")
    join(shop, member, host)
    assert error_codes(join(shop, member, third)) == [("WALLET_SHARED", ["customer"])]
    assert error_codes(join(shop, host, third)) == [("WALLET_SHARED", ["customer"])]
    assert error_codes(join(shop, host, host)) == [("SAME_CUSTOMER", ["household"])]
    assert error_codes(join(shop, third, "NOBODY99")) == [("CUSTOMER_NOT_FOUND", ["household"])]
    assert error_codes(join(shop, "NOBODY99", third)) == [("CUSTOMER_NOT_FOUND", ["customer"])]
    assert error_codes(join(shop, third, host, reason=" ")) == [("REASON_MISSING", ["reason"])]
    assert error_codes(merge(shop, member, third)) == [("WALLET_SHARED", ["merged"])]
    assert error_codes(merge(shop, member, host)) == [("WALLET_SHARED", ["merged"])]
    assert error_codes(transfer(shop, member, host, 1)) == [("SAME_CUSTOMER", ["to"])]
    assert join(shop, third, member)["userErrors"] == []
    assert len(find_customer(shop, third)["wallet"]["holders"]) == 3
    assert discrepancies_in(shop.url) == []


def test_tier_counters_and_first_purchase_belong_to_each_customer(blank: Shop) -> None:  # noqa: F811 - the fixture
    shop = blank
    publish(
        shop,
        SPEND,
        {"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silver", "points": 100}}},
        {"key": "first", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 500}}},
    )
    host, member = shop.enrol(), shop.enrol()
    shop.buy(host, "80.00", occurredAt=ago(days=2))
    join(shop, member, host)
    assert shop.buy(member, "60.00")["purchase"]["points"] == 560, "the member's own first purchase"
    query = "query($by: CustomerBy!) { customer(by: $by) { tier { key qualifyingPoints } } }"
    assert shop.execute(query, by={"card": host})["customer"]["tier"] == {"key": None, "qualifyingPoints": 80}
    assert shop.execute(query, by={"card": member})["customer"]["tier"] == {"key": None, "qualifyingPoints": 60}
    shop.buy(member, "40.00")
    assert shop.execute(query, by={"card": member})["customer"]["tier"] == {"key": "silver", "qualifyingPoints": 100}
    assert shop.execute(query, by={"card": host})["customer"]["tier"]["key"] is None
    assert discrepancies_in(shop.url) == []


def test_late_event_goes_to_the_wallet_of_its_time(shop: Shop) -> None:
    host, member = shop.enrol(), shop.enrol()
    shop.buy(member, "50.00", receipt="R-1", occurredAt=ago(days=2))
    join(shop, member, host)
    shop.buy(member, "30.00", occurredAt=ago(days=1))
    shop.buy(host, "7.00", occurredAt=ago(days=1))
    assert shop.refund("R-1", lines=[{"line": 1}])["balances"] == [{"available": 37}]
    assert discrepancies_in(shop.url) == []


def test_household_customer_sees_the_shared_ledger_and_only_their_own_details(shop: Shop) -> None:
    host, member, stranger = shop.enrol(), shop.enrol(), shop.enrol()
    join(shop, member, host)
    shop.buy(host, "150.00")
    shop.redeem(host)
    shop.buy(member, "5.00")
    own = customer_key(shop.url, shop, member)
    query = """query($by: CustomerBy!) { customer(by: $by) { wallet { holders { id } } ledger { nodes {
      type points purchase { points } redemption { points } decision { outcome } counterparties { id } } } } }"""
    customer = shop.execute(query, key=own, by={"card": member})["customer"]
    assert customer["wallet"]["holders"] == [{"id": find_customer(shop, member)["id"]}]
    nothing = {"purchase": None, "redemption": None, "decision": None, "counterparties": []}
    granted = {"outcome": "GRANTED"}
    assert customer["ledger"]["nodes"][:3] == [
        {"type": "EARN", "points": 5, **nothing, "purchase": {"points": 5}, "decision": granted},
        {"type": "REDEEM", "points": -100, **nothing},
        {"type": "EARN", "points": 150, **nothing},
    ]
    entries = "query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { id } } } }"
    ids = [node["id"] for node in shop.execute(entries, key=own, by={"card": member})["customer"]["ledger"]["nodes"]]
    why = "query($e: ID!) { explain(entry: $e) { agrees } }"
    agreed = {"agrees": True}
    assert [shop.execute(why, key=own, e=id_)["explain"] for id_ in ids[:3]] == [agreed, None, None]
    assert [shop.execute(why, role=Role.STAFF, e=id_)["explain"] for id_ in ids[:3]] == [agreed] * 3
    assert shop.execute(query, key=own, by={"card": host}) == {"customer": None}
    assert shop.execute(query, key=customer_key(shop.url, shop, stranger), by={"card": member}) == {"customer": None}
    assert shop.execute(query, role=Role.STAFF, by={"card": member})["customer"]["ledger"]["nodes"][1][
        "redemption"
    ] == {"points": 100}


def test_only_owner_and_staff_join_customers(shop: Shop) -> None:
    host, member = shop.enrol(), shop.enrol()
    input = {"customer": {"card": member}, "household": {"card": host}, "reason": "r", "idempotencyKey": "k"}
    assert code_of(shop, JOIN, role=Role.TILL, input=input) == "FORBIDDEN"
    assert code_of(shop, JOIN, key=customer_key(shop.url, shop, host), input=input) == "FORBIDDEN"
    first, again = (join(shop, member, host, role=Role.OWNER, key="once") for _ in range(2))
    assert again == first
    assert first["userErrors"] == []


def test_household_customer_survives_a_merge_within_it(shop: Shop) -> None:
    host, member, double = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(double, "40.00", receipt="R-1", occurredAt=ago(days=1))
    shop.buy(member, "20.00")
    join(shop, member, host)
    assert merge(shop, double, member)["userErrors"] == []
    assert find_customer(shop, double)["id"] == find_customer(shop, member)["id"] != find_customer(shop, host)["id"]
    shop.buy(double, "10.00")
    assert shop.available(host) == 70
    shop.refund("R-1")
    assert shop.available(host) == 30
    assert discrepancies_in(shop.url) == []


def test_customers_who_join_each_other_concurrently_share_one_wallet(shop: Shop) -> None:
    first, other = shop.enrol(), shop.enrol()
    shop.buy(first, "10.00")
    shop.buy(other, "10.00")
    calls = [lambda: join(shop, first, other), lambda: join(shop, other, first)] * 3
    calls += [lambda: shop.buy(first, "1.00"), lambda: shop.buy(other, "1.00")] * 3
    answers = shop.in_parallel(calls)
    assert sum(not answer["userErrors"] for answer in answers) == 7
    assert {code for answer in answers for code, _ in error_codes(answer)} == {"WALLET_SHARED"}
    assert shop.available(first) == shop.available(other) == 26
    assert discrepancies_in(shop.url) == []
