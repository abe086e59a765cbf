"""Holds and redemptions from before a merge are ended after it, on both databases."""

from __future__ import annotations

import uuid

import pytest

from app.domain.access import Role
from tests.api.test_holds import CAPTURE, RELEASE, end, hold, publish_print
from tests.api.test_reversals import cancel
from tests.shop import Clock, open_shop
from tests.transfers import error_codes, merge
from tests.verification import discrepancies_in

MERGE = "mutation($input: MergeCustomersInput!) { mergeCustomers(input: $input) { userErrors { code path } } }"


@pytest.mark.parametrize("asked_by", ["the survivor's card", "the card of who was merged"])
def test_hold_of_a_merged_customer_counts_for_the_survivor(database_url: str, asked_by: str) -> None:
    once = {"timesPerPeriod": {"times": 1, "period": "MONTH"}}
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=5, conditions=[once])
        gone, survivor = shop.enrol(), shop.enrol()
        for card in (gone, survivor):
            shop.buy(card, "250.00")
        hold(shop, gone, "c-1")
        assert error_codes(merge(shop, gone, survivor)) == []
        card = survivor if asked_by == "the survivor's card" else gone
        assert hold(shop, card, "c-2")["decision"]["outcome"] == "REFUSED"
        assert shop.redeem(card, "print")["decision"]["outcome"] == "REFUSED"
        assert end(shop, RELEASE, "c-1")["userErrors"] == []
        assert shop.redeem(card, "print")["decision"]["outcome"] == "GRANTED"
        assert discrepancies_in(database_url) == []


@pytest.mark.parametrize("mutation", [CAPTURE, RELEASE])
def test_hold_and_redemption_continue_with_the_survivor(database_url: str, mutation: str) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=5)
        gone, survivor = shop.enrol(), shop.enrol()
        shop.buy(gone, "250.00")
        shop.buy(survivor, "40.00")
        hold(shop, gone, "c-1")
        paid = shop.redeem(gone, "print")["redemption"]["id"]
        merge = {
            "idempotencyKey": uuid.uuid4().hex,
            "merged": {"card": gone},
            "survivor": {"card": survivor},
            "reason": "One person.",
        }
        merged = shop.execute(MERGE, role=Role.OWNER, input=merge)["mergeCustomers"]
        assert merged["userErrors"] == []
        assert shop.available(survivor) == 90
        assert discrepancies_in(database_url) == []
        assert end(shop, mutation, "c-1")["userErrors"] == []
        assert shop.available(survivor) == (90 if mutation is CAPTURE else 190)
        assert discrepancies_in(database_url) == []
        assert cancel(shop, paid)["decision"]["outcome"] == "GRANTED"
        assert shop.available(survivor) == (190 if mutation is CAPTURE else 290)
        assert discrepancies_in(database_url) == []
