"""Corrections in the ledger over HTTP: the late event that caused them, and what they changed; on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_adjustments import adjust
from tests.api.test_holds import CAPTURE, end, hold, publish_print
from tests.shop import START, Clock, Shop, open_shop
from tests.verification import discrepancies_in

LEDGER = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 50) { nodes { type points occurredAt correction
  cause { kind occurredAt statement } openedLots { id points earnedAt availableFrom validUntil } lots { lot points } } } } }"""


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop with three prints for 100 points each, whose points last ten days."""
    ten_days = {"key": "ten-days", "effect": {"pointsValidity": {"days": 10, "expires": True}}}
    with open_shop(database_url, clock=clock, template="blank") as opened:
        publish_print(opened, stock=3, more=[ten_days])
        yield opened


def ledger(shop: Shop, card: str, *, language: str = "en") -> list[Any]:
    """The entries, oldest first."""
    found = shop.execute(LEDGER, language=language, by={"card": card})["customer"]["ledger"]["nodes"]
    return list(reversed(found))


def test_corrections_name_the_late_purchase_that_caused_them(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "100.00")
    clock.now += timedelta(days=2)
    shop.redeem(card, "print")
    shop.buy(card, "60.00", occurredAt=(START - timedelta(days=1)).isoformat())
    entries = ledger(shop, card)
    assert [(entry["type"], entry["points"], entry["correction"]) for entry in entries] == [
        ("EARN", 100, False),
        ("REDEEM", -100, False),
        ("EARN", 60, False),
        ("REDEEM", 0, True),
    ]
    assert sorted(lot["points"] for lot in entries[3]["lots"]) == [-60, 60], "the older points paid, by business time"
    assert entries[3]["cause"] == {
        "kind": "PURCHASE",
        "occurredAt": "2090-03-05T12:00:00Z",
        "statement": "Corrected: a purchase of 5 March 2090 was recorded late.",
    }
    assert [entry["cause"] for entry in entries[:3]] == [None] * 3
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "Berichtigt: Ein Einkauf vom 5. März 2090 wurde erst später erfasst."),
        ("zh-Hans", "更正：2090 年 3 月 5 日的一笔消费补录入账。"),
        ("zh-Hant", "更正：2090 年 3 月 5 日的一筆消費補登入帳。"),
    ],
)
def test_correction_is_explained_in_the_requested_language(
    shop: Shop, clock: Clock, language: str, expected: str
) -> None:
    card = shop.enrol()
    shop.buy(card, "100.00")
    shop.redeem(card, "print")
    shop.buy(card, "60.00", occurredAt=(START - timedelta(days=1)).isoformat())
    assert ledger(shop, card, language=language)[-1]["cause"]["statement"] == expected


def test_expiry_is_corrected_after_a_late_redemption_of_its_points(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    clock.now = START + timedelta(days=12)
    shop.buy(card, "20.00")
    assert [(value["type"], value["correction"]) for value in ledger(shop, card)] == [
        ("EARN", False),
        ("EXPIRE", False),
        ("EARN", False),
    ], "time is no correction"
    shop.redeem(card, "print", basket={"occurredAt": (START + timedelta(days=1)).isoformat(), "lines": []})
    refused = ledger(shop, card)
    assert len(refused) == 3, "there are not so many points any more"
    adjust(shop, card, 100, role=Role.OWNER)
    granted = shop.redeem(card, "print", basket={"occurredAt": (START + timedelta(days=1)).isoformat(), "lines": []})
    assert granted["decision"]["outcome"] == "GRANTED"
    entries = ledger(shop, card)
    assert [(entry["type"], entry["points"], entry["correction"]) for entry in entries[3:]] == [
        ("ADJUST", 100, False),
        ("REDEEM", -100, False),
        ("EXPIRE", 100, True),
    ] or [(entry["type"], entry["points"], entry["correction"]) for entry in entries[3:]] == [
        ("ADJUST", 100, False),
        ("EXPIRE", 100, True),
        ("REDEEM", -100, False),
    ]
    (correction,) = [entry for entry in entries if entry["correction"]]
    assert (correction["cause"]["kind"], correction["cause"]["statement"]) == (
        "REDEMPTION",
        "Corrected: a redemption of 7 March 2090 was recorded late.",
    )
    assert discrepancies_in(shop.url) == []


def test_captured_hold_corrects_redemptions_of_the_same_points(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "100.00")
    shop.buy(card, "100.00")
    hold(shop, card, "c-1")
    shop.redeem(card, "print")
    end(shop, CAPTURE, "c-1")
    entries = ledger(shop, card)
    assert [(entry["type"], entry["correction"]) for entry in entries] == [
        ("EARN", False),
        ("EARN", False),
        ("REDEEM", False),
        ("REDEEM", False),
    ], "it had reserved the very points that it takes"
    assert discrepancies_in(shop.url) == []


def test_earning_entry_shows_its_lot(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "40.00")
    (entry,) = ledger(shop, card)
    (lot,) = entry["openedLots"]
    assert (lot["points"], lot["validUntil"], lot["earnedAt"]) == (40, "2090-03-16", entry["occurredAt"])
    assert lot["availableFrom"] == entry["occurredAt"]
    assert entry["lots"] == [{"lot": lot["id"], "points": 40}]
