"""Merging two customer accounts of the same person, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import code_of, customer_key
from tests.api.test_impact_previews import ended_preview, request_preview
from tests.api.test_terms import PUBLISH
from tests.api.test_transfers import ago
from tests.cli.command import troth
from tests.shop import ENROL, Shop, open_shop
from tests.transfers import MERGE, error_codes, find_customer, join, merge, transfer
from tests.verification import discrepancies_in


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A shop that has no terms yet."""
    with open_shop(database_url, template="blank") as shop:
        yield shop


def publish(shop: Shop, *clauses: dict[str, Any], since: str = "2021-01-01T00:00:00Z") -> None:
    """Publishes terms that start on a day."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), "effectiveFrom": since}
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert payload["userErrors"] == [], payload


SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}


def test_merge_moves_everything_to_the_survivor(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    bought = shop.buy(merged, "80.00")
    shop.buy(survivor, "50.00")
    before = find_customer(shop, merged)["id"]
    payload = merge(shop, merged, survivor)
    assert payload["userErrors"] == []
    assert payload["balances"] == [{"available": 130, "pending": 0, "held": 0, "owed": 0, "lifetime": "130"}]
    assert (payload["entry"]["type"], payload["entry"]["points"]) == ("MERGE", 80)
    goes_on = find_customer(shop, survivor)
    assert payload["customer"]["id"] == goes_on["id"] != before
    assert find_customer(shop, merged) == goes_on
    assert shop.execute(
        "query($by: CustomerBy!, $id: ID!) { customer(by: $by) { id } node(id: $id) { id } }",
        by={"id": before},
        id=before,
    ) == {"customer": {"id": goes_on["id"]}, "node": {"id": goes_on["id"]}}
    assert sorted(identity["value"] for identity in goes_on["identities"]) == sorted([merged, survivor])
    assert goes_on["wallet"]["holders"] == [{"id": goes_on["id"]}]
    assert shop.ledger(survivor) == [("EARN", 50), ("MERGE", 80)]
    assert shop.redeem(merged)["balances"] == [{"available": 30}]
    assert shop.buy(merged, "1.00")["balances"] == [{"available": 31, "lifetime": "131"}]
    explained = "query($e: ID!) { explain(entry: $e) { agrees } node(id: $e) { id } }"
    for entry in (payload["entry"]["id"], bought["entry"]["id"]):
        assert shop.execute(explained, e=entry) == {"explain": {"agrees": True}, "node": {"id": entry}}
    assert discrepancies_in(shop.url) == []


def test_repeated_merge_is_answered_the_same_and_changes_nothing(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "80.00")
    first = merge(shop, merged, survivor, key="once")
    assert merge(shop, merged, survivor, key="once") == first
    assert merge(shop, merged, survivor) == first
    assert shop.ledger(survivor) == [("MERGE", 80)]


def test_merge_in_a_circle_or_into_a_second_survivor_is_rejected(shop: Shop) -> None:
    merged, survivor, other = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(merged, "80.00")
    merge(shop, merged, survivor)
    assert error_codes(merge(shop, survivor, merged)) == [("SAME_CUSTOMER", ["survivor"])]
    assert error_codes(merge(shop, survivor, survivor)) == [("SAME_CUSTOMER", ["survivor"])]
    assert error_codes(merge(shop, merged, merged)) == [("SAME_CUSTOMER", ["survivor"])]
    assert error_codes(merge(shop, merged, other)) == [("ALREADY_MERGED", ["merged"])]
    assert error_codes(merge(shop, "NOBODY99", other)) == [("CUSTOMER_NOT_FOUND", ["merged"])]
    assert error_codes(merge(shop, other, "NOBODY99")) == [("CUSTOMER_NOT_FOUND", ["survivor"])]
    assert error_codes(merge(shop, other, survivor, reason="")) == [("REASON_MISSING", ["reason"])]
    assert shop.ledger(survivor) == [("MERGE", 80)]
    assert discrepancies_in(shop.url) == []


def test_earlier_merged_customers_follow_their_survivor(shop: Shop) -> None:
    first, second, third = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(first, "10.00", receipt="R-1", occurredAt=ago(days=2))
    shop.buy(second, "20.00")
    shop.buy(third, "40.00")
    merge(shop, first, second)
    shop.buy(first, "100.00", receipt="R-2")
    merge(shop, second, third)
    assert {find_customer(shop, card)["id"] for card in (first, second, third)} == {find_customer(shop, third)["id"]}
    assert shop.available(first) == 170
    assert error_codes(merge(shop, third, first)) == [("SAME_CUSTOMER", ["survivor"])]
    shop.buy(first, "5.00", occurredAt=ago(days=1))
    assert shop.refund("R-1")["userErrors"] == []
    assert shop.refund("R-2")["balances"] == [{"available": 65}]
    assert shop.available(second) == 65
    assert discrepancies_in(shop.url) == []


def test_refund_of_a_merged_customers_purchase_takes_its_points_first(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(survivor, "50.00", occurredAt=ago(days=3))
    bought = shop.buy(merged, "80.00", receipt="R-1")
    shop.buy(merged, "30.00")
    merge(shop, merged, survivor)
    refund = shop.refund("R-1")
    assert refund["entry"]["points"] == -80
    entry = shop.execute(
        "query($e: ID!) { node(id: $e) { ... on LedgerEntry { lots { points } purchase { id } } } }",
        e=refund["entry"]["id"],
    )["node"]
    assert entry == {"lots": [{"points": -80}], "purchase": {"id": bought["purchase"]["id"]}}
    assert shop.available(survivor) == 80
    assert discrepancies_in(shop.url) == []


def test_late_events_of_a_merged_customer_use_that_customers_history(
    blank: Shop,
) -> None:
    shop = blank
    publish(
        shop,
        SPEND,
        {"key": "first", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 500}}},
    )
    merged, survivor, untouched = shop.enrol(), shop.enrol(), shop.enrol()
    assert shop.buy(survivor, "50.00", occurredAt=ago(days=3))["purchase"]["points"] == 550
    merge(shop, merged, survivor)
    late = shop.buy(merged, "30.00", receipt="R-1", occurredAt=ago(days=1))
    assert late["purchase"]["points"] == 530, "the merged customer's own first purchase"
    assert shop.buy(merged, "10.00")["purchase"]["points"] == 10, "the survivor's third one"
    assert shop.buy(merged, "20.00", occurredAt=ago(days=2))["purchase"]["points"] == 520
    assert shop.available(survivor) == 550 + 30 + 10 + 520
    assert shop.refund("R-1", occurredAt=ago(hours=5))["userErrors"] == []
    assert shop.available(survivor) == 550 + 10 + 520
    assert shop.available(untouched) == 0
    assert discrepancies_in(shop.url) == []


def test_one_time_award_is_given_once_to_merged_customers(blank: Shop) -> None:
    shop = blank
    publish(
        shop,
        SPEND,
        {
            "key": "once",
            "conditions": [{"timesPerPeriod": {"times": 1, "period": "EVER"}}],
            "effect": {"bonusPoints": {"points": 100}},
        },
    )
    merged, survivor = shop.enrol(), shop.enrol()
    assert shop.buy(merged, "10.00")["purchase"]["points"] == 110
    merge(shop, merged, survivor)
    assert shop.buy(survivor, "10.00")["purchase"]["points"] == 10
    assert discrepancies_in(shop.url) == []


def test_access_key_of_a_merged_customer_reads_the_survivor(shop: Shop) -> None:
    merged, survivor, other = shop.enrol(), shop.enrol(), shop.enrol()
    bought = shop.buy(merged, "80.00")
    own, theirs = customer_key(shop.url, shop, merged), customer_key(shop.url, shop, survivor)
    stranger = customer_key(shop.url, shop, other)
    merge(shop, merged, survivor)
    query = "query($p: ID!, $e: ID!) { viewer { customer { id } } purchase: node(id: $p) { id } entry: node(id: $e) { id } }"
    ids = {"p": bought["purchase"]["id"], "e": bought["entry"]["id"]}
    expected = {
        "viewer": {"customer": {"id": find_customer(shop, survivor)["id"]}},
        "purchase": {"id": ids["p"]},
        "entry": {"id": ids["e"]},
    }
    assert shop.execute(query, key=own, **ids) == expected
    assert shop.execute(query, key=theirs, **ids) == expected
    assert find_customer(shop, merged, key=own) == find_customer(shop, survivor, key=theirs) != None  # noqa: E711 - both see the same card
    nothing = shop.execute(query, key=stranger, **ids)
    assert (nothing["purchase"], nothing["entry"]) == (None, None)
    assert find_customer(shop, merged, key=stranger) is None


def test_only_owner_and_staff_merge_customers(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    input = {"merged": {"card": merged}, "survivor": {"card": survivor}, "reason": "r", "idempotencyKey": "k"}
    assert code_of(shop, MERGE, role=Role.TILL, input=input) == "FORBIDDEN"
    assert code_of(shop, MERGE, key=customer_key(shop.url, shop, merged), input=input) == "FORBIDDEN"
    assert merge(shop, merged, survivor, role=Role.OWNER)["userErrors"] == []


def test_merge_during_purchases_redemptions_and_transfers_loses_nothing(shop: Shop) -> None:
    merged, survivor, other = shop.enrol(), shop.enrol(), shop.enrol()
    for card in (merged, survivor, other):
        shop.buy(card, "200.00")
    calls: list[Any] = []
    for number in range(6):
        calls += [lambda: shop.buy(merged, "1.00"), lambda: shop.buy(survivor, "1.00")]
        calls += [lambda: transfer(shop, other, merged, 2), lambda: transfer(shop, survivor, other, 1)]
        if number < 3:
            calls += [lambda: shop.redeem(merged), lambda: shop.redeem(survivor)]
        if number == 1:
            calls += [lambda: merge(shop, merged, survivor)] * 3
    answers = shop.in_parallel(calls)
    # Whoever's points two redemptions have taken has none left to give.
    assert {code for answer in answers for code, _ in error_codes(answer)} <= {"NOT_ENOUGH_POINTS"}
    granted = sum(
        answer["decision"] is not None and answer["decision"]["outcome"] == "GRANTED"
        for answer in answers
        if "redemption" in answer
    )
    assert shop.available(survivor) + shop.available(other) == 612 - 100 * granted
    assert shop.available(merged) == shop.available(survivor)
    assert discrepancies_in(shop.url) == []


def test_conflicting_concurrent_merges_end_with_one_survivor(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(3)]
    for card in cards:
        shop.buy(card, "10.00")
    pairs = list(permutations(cards, 2))
    answers = shop.in_parallel(
        [lambda gone=gone, survivor=survivor: merge(shop, gone, survivor) for gone, survivor in pairs]
    )
    done = [answer for answer in answers if not answer["userErrors"]]
    assert {code for answer in answers for code, _ in error_codes(answer)} <= {"SAME_CUSTOMER", "ALREADY_MERGED"}
    assert len({find_customer(shop, card)["id"] for card in cards}) == 1
    assert len(done) >= 2
    assert shop.available(cards[0]) == 30
    assert discrepancies_in(shop.url) == []


def test_tier_reached_by_a_merge_starts_at_the_merge(blank: Shop) -> None:
    shop = blank
    publish(
        shop,
        SPEND,
        {"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silver", "points": 100}}},
        {"key": "extra", "conditions": [{"tierAtLeast": {"tier": "silver"}}], "effect": {"bonusPoints": {"points": 7}}},
    )
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "60.00", occurredAt=ago(days=2))
    shop.buy(survivor, "60.00", occurredAt=ago(days=2))
    query = "query($by: CustomerBy!) { customer(by: $by) { tier { key qualifyingPoints } wallet { balances { qualifying } } } }"
    assert shop.execute(query, by={"card": survivor})["customer"]["tier"]["key"] is None
    merge(shop, merged, survivor)
    customer = shop.execute(query, by={"card": merged})["customer"]
    assert customer["tier"] == {"key": "silver", "qualifyingPoints": 120}
    assert shop.ledger(survivor) == [("EARN", 60), ("MERGE", 60)]
    assert shop.buy(merged, "1.00")["purchase"]["points"] == 8
    assert shop.buy(merged, "1.00", occurredAt=ago(days=1))["purchase"]["points"] == 1, "it was not held then"
    assert shop.buy(survivor, "1.00", occurredAt=ago(days=1))["purchase"]["points"] == 1
    assert discrepancies_in(shop.url) == []


def test_late_redemption_is_paid_by_the_wallet_of_its_time(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "150.00", occurredAt=ago(days=2))
    shop.buy(survivor, "20.00", occurredAt=ago(days=2))
    merge(shop, merged, survivor)
    basket = {"occurredAt": ago(days=1), "lines": []}
    assert shop.redeem(survivor, basket=basket)["decision"]["outcome"] == "REFUSED"
    assert shop.redeem(merged, basket=basket)["balances"] == [{"available": 70}]
    assert discrepancies_in(shop.url) == []


HOLD = "mutation($input: HoldRedemptionInput!) { holdRedemption(input: $input) { redemption { id state } userErrors { code path } } }"
CAPTURE = "mutation($input: CaptureRedemptionInput!) { captureRedemption(input: $input) { balances { available held } userErrors { code path } } }"
RELEASE = "mutation($input: ReleaseRedemptionInput!) { releaseRedemption(input: $input) { balances { available held } userErrors { code path } } }"
CANCEL = """mutation($input: CancelRedemptionInput!) { cancelRedemption(input: $input) {
    balances { available } entry { points lots { points } } userErrors { code path } } }"""


def held(shop: Shop, card: str) -> str:
    """The id of a coffee held for a checkout."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "coffee"},
        "checkout": uuid.uuid4().hex,
        "minutes": 30,
    }
    payload = shop.execute(HOLD, input=input)["holdRedemption"]
    assert payload["userErrors"] == []
    found: str = payload["redemption"]["id"]
    return found


def test_hold_moves_with_the_merge_and_can_be_captured_or_released(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "250.00")
    shop.buy(survivor, "20.00")
    paid, free = held(shop, merged), held(shop, merged)
    payload = merge(shop, merged, survivor)
    assert payload["balances"] == [{"available": 70, "pending": 0, "held": 200, "owed": 0, "lifetime": "270"}]
    key = {"idempotencyKey": uuid.uuid4().hex}
    assert shop.execute(CAPTURE, input={**key, "hold": {"id": paid}})["captureRedemption"]["balances"] == [
        {"available": 70, "held": 100}
    ]
    key = {"idempotencyKey": uuid.uuid4().hex}
    assert shop.execute(RELEASE, input={**key, "hold": {"id": free}})["releaseRedemption"]["balances"] == [
        {"available": 170, "held": 0}
    ]
    assert discrepancies_in(shop.url) == []


def test_undone_redemption_of_a_merged_customer_refills_the_merged_lots(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "80.00")
    shop.buy(merged, "20.00")
    redeemed = shop.redeem(merged)["redemption"]["id"]
    shop.buy(survivor, "5.00")
    merge(shop, merged, survivor)
    assert shop.available(survivor) == 5
    input = {"idempotencyKey": uuid.uuid4().hex, "redemption": redeemed, "reason": "cold"}
    payload = shop.execute(CANCEL, role=Role.STAFF, input=input)["cancelRedemption"]
    assert (payload["userErrors"], payload["balances"]) == ([], [{"available": 105}])
    assert (payload["entry"]["points"], [lot["points"] for lot in payload["entry"]["lots"]]) == (100, [20, 80])
    assert shop.redeem(survivor)["balances"] == [{"available": 5}]
    assert discrepancies_in(shop.url) == []


def test_merge_entry_has_its_reason(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    shop.buy(merged, "80.00")
    entry = merge(shop, merged, survivor, reason="two cards")["entry"]["id"]
    query = "query($e: ID!) { node(id: $e) { ... on LedgerEntry { reason } } }"
    assert shop.execute(query, role=Role.STAFF, e=entry)["node"] == {"reason": "two cards"}
    assert shop.execute(query, key=customer_key(shop.url, shop, survivor), e=entry)["node"] == {"reason": None}


def test_preview_replays_a_merged_customer_as_the_survivor(shop: Shop) -> None:
    merged, survivor, member = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(merged, "60.00")
    shop.buy(survivor, "60.00")
    shop.buy(member, "30.00")
    merge(shop, merged, survivor)
    join(shop, member, survivor)
    shop.redeem(merged)
    result = ended_preview(shop, request_preview(shop, coffee=100)["preview"]["id"])["result"]
    assert (result["members"], result["purchases"], result["redemptions"]) == (2, 3, 1)
    assert (result["gainers"], result["losers"], result["liabilityBefore"]) == (0, 0, "50")


def test_imported_receipts_of_a_merged_customer_reach_the_survivor(shop: Shop, tmp_path: Path) -> None:
    survivor = shop.enrol()
    input = {"idempotencyKey": uuid.uuid4().hex, "identities": [{"externalId": "17850"}]}
    assert shop.execute(ENROL, input=input)["enrolCustomer"]["userErrors"] == []
    same = {"idempotencyKey": "m", "merged": {"externalId": "17850"}, "survivor": {"card": survivor}, "reason": "same"}
    assert shop.execute(MERGE, role=Role.STAFF, input=same)["mergeCustomers"]["userErrors"] == []
    file = tmp_path / "receipts.csv"
    file.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123,LANTERN,6,2024-12-01 08:26:00,2.50,17850,United Kingdom\n"
    )
    troth("import", "purchases", str(file), url=shop.url)
    assert shop.available(survivor) == 15
    assert discrepancies_in(shop.url) == []


CAME_FROM = """query($by: CustomerBy!, $after: String) { customer(by: $by) { ledger(first: 100) { nodes { type
  mergedLedger(first: 2, after: $after) { nodes { type points } pageInfo { hasNextPage endCursor } } } } } }"""


def merged_entries(shop: Shop, card: str, **by: Any) -> list[Any]:
    """The earlier entries of merged customers, newest first, read page by page."""
    found, after = [], None
    while True:
        asked = shop.execute(CAME_FROM, by={"card": card}, after=after, **by)["customer"]["ledger"]["nodes"]
        assert all(value["mergedLedger"] is None for value in asked if value["type"] != "MERGE")
        (page,) = [value["mergedLedger"] for value in asked if value["type"] == "MERGE"]
        if page is None:
            return [None]
        found += [(node["type"], node["points"]) for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def test_survivor_reads_the_entries_of_a_merged_customer_in_pages(shop: Shop) -> None:
    merged, survivor = shop.enrol(), shop.enrol()
    for price in ("80.00", "10.00", "20.00"):
        shop.buy(merged, price)
    shop.buy(survivor, "50.00")
    assert error_codes(merge(shop, merged, survivor)) == []
    old = [("MERGE", -110), ("EARN", 20), ("EARN", 10), ("EARN", 80)]
    assert merged_entries(shop, survivor, role=Role.STAFF) == old
    assert merged_entries(shop, survivor, key=customer_key(shop.url, shop, survivor)) == old
    assert merged_entries(shop, survivor, role=Role.TILL) == old


def test_earlier_entries_of_a_household_customer_are_private(shop: Shop) -> None:
    came, host = shop.enrol(), shop.enrol()
    shop.buy(came, "80.00")
    shop.buy(host, "50.00")
    assert error_codes(join(shop, came, host)) == []
    old = [("MERGE", -80), ("EARN", 80)]
    assert merged_entries(shop, host, role=Role.STAFF) == old
    assert merged_entries(shop, came, key=customer_key(shop.url, shop, came)) == old
    assert merged_entries(shop, host, key=customer_key(shop.url, shop, host)) == [None]
