"""Every figure, day and clause that an answer names is the right one, over HTTP and on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.passing import DAY, START, advance, deliver, inbox, passing, validity, visit
from tests.proving import faults_in
from tests.shop import Shop

ENTRIES = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { type points decision {
  outcome reasons { code observed required clause { number } statement } } } } } }"""
PREVIEW = """query($purchase: PurchaseBy!) { refundPreview(purchase: $purchase) {
  decision { outcome reasons { code observed required } } } }"""


def entries(shop: Shop, card: str) -> list[Any]:
    """The customer's ledger, oldest first, with its decisions."""
    found: list[Any] = shop.ask(ENTRIES, by={"card": card})["customer"]["ledger"]["nodes"]
    return found[::-1]


@pytest.mark.parametrize("late", [0, 20])
def test_points_expire_after_the_day_up_to_which_they_were_really_valid(database_url: str, late: int) -> None:
    """Ten days are left when the notice is read: a notice that is read 20 days after the last day puts it off by 30."""
    with passing(database_url, visit(), validity(days=100, noticeFrom=30, noticeUntil=10)) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        promised = START.date() + timedelta(days=100)
        advance(shop, START + (100 + late - 20) * DAY)
        waiting = inbox(shop, card)[0]["lots"][0]["lastDay"]
        assert waiting == max(promised, promised + timedelta(days=late - 10)).isoformat()
        read = START.date() + timedelta(days=80 + late)
        last = max(promised, read + timedelta(days=10))
        done = deliver(shop, card)
        assert done["notices"][0]["lots"][0]["lastDay"] == last.isoformat()
        advance(shop, START + 200 * DAY)
        (notice,) = inbox(shop, card)
        assert notice["lots"][0]["lastDay"] == last.isoformat()
        said = f"{last.day} {last:%B %Y}"
        assert said in notice["lots"][0]["statement"]
        expired = entries(shop, card)[-1]
        (reason,) = expired["decision"]["reasons"]
        assert (expired["type"], reason["code"], reason["required"]) == ("EXPIRE", "POINTS_EXPIRED", said)
        assert said in reason["statement"]
        assert faults_in(database_url) == []


def test_a_refund_below_zero_says_what_was_there_and_what_is_owed_now(database_url: str) -> None:
    below = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
    spend = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
    with passing(database_url, spend, below) as shop:
        card = shop.enrol()
        shop.buy(card, "60.00", receipt="R-1")
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        tried = shop.ask(PREVIEW, purchase={"externalId": "R-1"})["refundPreview"]["decision"]
        done = shop.refund("R-1")["decision"]
        for decision in (tried, done):
            first = decision["reasons"][0]
            assert (first["code"], first["observed"], first["required"]) == ("BELOW_ZERO", "10 points", "50 points")
            assert decision["outcome"] == "GRANTED", "all of it is taken, and owed where it was not there"
        shop.buy(card, "70.00", receipt="R-2")
        whole = shop.refund("R-2")["decision"]["reasons"][0]
        assert (whole["code"], whole["observed"], whole["required"]) == ("BELOW_ZERO", "20 points", "50 points")
        assert faults_in(database_url) == []
