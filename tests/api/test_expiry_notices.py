"""Expiry notices: permissions, idempotency, four languages and what the inbox shows. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest

from app.domain.access import Role
from tests.api.scheduled_shop import (
    DAY,
    DELIVER,
    INBOX,
    START,
    advance,
    balance,
    deliver,
    inbox,
    scheduled_shop,
    validity,
    visit,
)
from tests.api.test_access import code_of, customer_key
from tests.shop import Shop
from tests.verification import discrepancies_in

TERMS = (visit(), validity(days=100, noticeFrom=30, noticeUntil=10))


@dataclass
class Noticed:
    """A shop with a customer who was given a notice on 15 May 2090."""

    shop: Shop
    card: str
    key: str
    """The customer's own."""


@pytest.fixture
def noticed(database_url: str) -> Iterator[Noticed]:
    """A shop with an open notice."""
    with scheduled_shop(database_url, *TERMS) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 75 * DAY)
        assert len(inbox(shop, card)) == 1
        yield Noticed(shop, card, customer_key(database_url, shop, card))
        assert discrepancies_in(database_url) == []


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.OWNER, {"INBOX", "RECEIPT", "MESSAGE"}),
        (Role.STAFF, {"INBOX", "RECEIPT", "MESSAGE"}),
        (Role.TILL, {"RECEIPT"}),
        (Role.CUSTOMER, {"INBOX"}),
    ],
)
def test_only_permitted_roles_deliver_notices(noticed: Noticed, role: Role, allowed: set[str]) -> None:
    shop, by = noticed.shop, {"card": noticed.card}
    own = {"key": noticed.key} if role is Role.CUSTOMER else {"role": role}
    for channel in ("INBOX", "RECEIPT", "MESSAGE"):
        input = {"idempotencyKey": f"k-{channel}", "customer": by, "channel": channel}
        if channel in allowed:
            assert shop.execute(DELIVER, input=input, **own)["deliverExpiryNotices"]["userErrors"] == []
        else:
            assert code_of(shop, DELIVER, input=input, **own) == "FORBIDDEN"
    (notice,) = inbox(shop, noticed.card)
    # The first that was reported counts by these terms, and then nothing is open.
    assert len(notice["deliveries"]) == 1
    assert notice["deliveries"][0]["channel"] in allowed
    assert code_of(shop, DELIVER, role=None, input=input) == "UNAUTHENTICATED"


def test_customer_opens_only_their_own_inbox(noticed: Noticed, database_url: str) -> None:
    shop = noticed.shop
    stranger = customer_key(database_url, shop, shop.enrol())
    input = {"idempotencyKey": "k", "customer": {"card": noticed.card}, "channel": "INBOX"}
    payload = shop.execute(DELIVER, key=stranger, input=input)["deliverExpiryNotices"]
    assert payload == {
        "delivered": 0,
        "notices": [],
        "userErrors": [{"code": "CUSTOMER_NOT_FOUND", "path": ["input", "customer"]}],
    }
    assert shop.execute(INBOX, key=stranger, by={"card": noticed.card}) == {"customer": None}
    assert inbox(shop, noticed.card)[0]["deliveries"] == []
    own = shop.execute(DELIVER, key=noticed.key, input=input | {"idempotencyKey": "own"})["deliverExpiryNotices"]
    assert (own["delivered"], own["userErrors"]) == (1, [])


def test_same_key_delivers_once_and_gets_the_same_response(noticed: Noticed) -> None:
    first = deliver(noticed.shop, noticed.card, key="k")
    assert first["delivered"] == 1
    assert deliver(noticed.shop, noticed.card, key="k") == first
    (other,) = deliver(noticed.shop, noticed.card, "RECEIPT", key="k")["userErrors"]
    assert other["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert deliver(noticed.shop, noticed.card, key="another")["delivered"] == 0
    assert len(inbox(noticed.shop, noticed.card)[0]["deliveries"]) == 1


def test_concurrent_deliveries_count_once(noticed: Noticed) -> None:
    payloads = noticed.shop.in_parallel([lambda: deliver(noticed.shop, noticed.card)] * 10)
    assert sorted(value["delivered"] for value in payloads) == [0] * 9 + [1]
    assert len(inbox(noticed.shop, noticed.card)[0]["deliveries"]) == 1


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "100 points will expire after 14 June 2090 at the earliest."),
        ("de", "100 Punkte: Verfall frühestens nach dem 14. Juni 2090."),
        ("zh-Hans", "您有 100 积分最早将于 2090 年 6 月 14 日结束时失效，请在此之前使用。"),
        ("zh-Hant", "您有 100 點最快將於 2090 年 6 月 14 日結束時失效，請於此之前使用。"),
    ],
)
def test_notice_is_in_the_language_of_its_reader(noticed: Noticed, language: str, expected: str) -> None:
    assert inbox(noticed.shop, noticed.card, language)[0]["lots"][0]["statement"] == expected


def test_reading_the_inbox_is_no_delivery(noticed: Noticed) -> None:
    shop = noticed.shop
    shop.execute(INBOX, key=noticed.key, by={"card": noticed.card})
    assert inbox(shop, noticed.card)[0]["deliveries"] == []
    assert balance(shop, noticed.card)["nextExpiry"] == {"lastDay": "2090-06-14", "at": None, "points": 100}


def test_customer_without_expiring_points_has_an_empty_inbox(noticed: Noticed) -> None:
    card = noticed.shop.enrol()
    assert inbox(noticed.shop, card) == []
    assert deliver(noticed.shop, card)["delivered"] == 0
    assert balance(noticed.shop, card)["nextExpiry"] is None


def test_notice_of_points_spent_meanwhile_is_closed(noticed: Noticed) -> None:
    for _ in range(2):
        assert noticed.shop.redeem(noticed.card)["decision"]["outcome"] == "GRANTED"
    assert deliver(noticed.shop, noticed.card)["delivered"] == 0


def test_late_purchase_postpones_an_expiry_that_was_already_booked(database_url: str) -> None:
    terms = (visit(10), validity(days=100, since="ACTIVITY", noticeFrom=30, noticeUntil=10))
    with scheduled_shop(database_url, *terms) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 110 * DAY, deliverNotices=True)
        assert (shop.available(card), shop.ledger(card)) == (0, [("EARN", 10), ("EXPIRE", -10)])
        shop.buy(card, "10.00", occurredAt=(START + 50 * DAY).isoformat())
        assert shop.available(card) == 20
        assert sum(points for _, points in shop.ledger(card)) == 20
        summaries = (
            "query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { type points decision { summary } } } } }"
        )
        nodes = shop.execute(summaries, by={"card": card})["customer"]["ledger"]["nodes"]
        (undone,) = (node["decision"] for node in nodes if (node["type"], node["points"]) == ("EXPIRE", 10))
        assert undone["summary"] == ["Corrected: a purchase of 25 April 2090 was recorded late."]
        advance(shop, START + 151 * DAY, deliverNotices=True)
        assert shop.available(card) == 0
        assert discrepancies_in(database_url) == []


def test_past_balance_is_reported_unchanged(database_url: str) -> None:
    at = """query($by: CustomerBy!, $at: DateTime!) { customer(by: $by) { balanceAt(at: $at) {
      available pending lifetime asOf nextExpiry { points } nextActivation { points } buysToday { key } } } }"""
    with scheduled_shop(database_url, visit(), {"key": "p", "effect": {"pendingPeriod": {"days": 14}}}) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, START + 30 * DAY)
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"

        def held(moment: datetime) -> tuple[int, int, int]:
            balance_at = shop.execute(at, by={"card": card}, at=moment.isoformat())["customer"]["balanceAt"]
            assert datetime.fromisoformat(balance_at["asOf"]) == moment
            assert (balance_at["nextExpiry"], balance_at["nextActivation"], balance_at["buysToday"]) == (None, None, [])
            return balance_at["available"], balance_at["pending"], int(balance_at["lifetime"])

        assert held(START - DAY) == (0, 0, 0)
        assert held(START + DAY) == (0, 100, 100)
        assert held(START + 20 * DAY) == (100, 0, 100)
        assert held(START + 30 * DAY) == (50, 0, 100)
        # What arrives late belongs to the past as well.
        shop.buy(card, "10.00", occurredAt=(START + DAY).isoformat())
        assert held(START + 2 * DAY) == (0, 200, 200)
        body = shop.send(at, by={"card": card}, at=(START + 31 * DAY).isoformat()).json()
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        stranger = customer_key(database_url, shop, shop.enrol())
        assert shop.execute(at, key=stranger, by={"card": card}, at=START.isoformat()) == {"customer": None}
        assert discrepancies_in(database_url) == []
