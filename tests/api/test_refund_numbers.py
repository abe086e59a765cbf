"""Refund numbers and checkouts are identified like receipts; a repetition under another key is reported as one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.numbered_shop import ERRORS, buy, codes, location, receipts_in_refusal, refund, set_numbering
from tests.shop import Shop, open_shop

MONDAY = "2026-03-02T10:00:00Z"
TUESDAY = "2026-03-03T10:00:00Z"
HOLD = f"""mutation($input: HoldRedemptionInput!) {{ holdRedemption(input: $input) {{ alreadyRecorded
  redemption {{ id }} {ERRORS} }} }}"""
CAPTURE = f"mutation($input: CaptureRedemptionInput!) {{ captureRedemption(input: $input) {{ redemption {{ id state }} {ERRORS} }} }}"


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox in London, one point per pound."""
    with open_shop(database_url) as opened:
        yield opened


def test_repeated_refund_under_another_key_is_reported_as_recorded(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "R1", "10.00", occurredAt=MONDAY)
    first = refund(shop, "R1", externalId="F1", occurredAt=TUESDAY)
    again = refund(shop, "R1", externalId=" F1\n", occurredAt=TUESDAY)
    assert (first["alreadyRecorded"], again["alreadyRecorded"]) == (False, True)
    assert (again["cash"], again["balances"]) == ({"amount": "10.00"}, [{"available": 0}])
    assert shop.ledger(card) == [("EARN", 10), ("CLAWBACK", -10)]


def test_refund_number_of_another_purchase_is_rejected_and_names_it(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "R1", "10.00", occurredAt=MONDAY)
    buy(shop, card, "R2", "10.00", occurredAt=MONDAY)
    refund(shop, "R1", externalId="F1", occurredAt=TUESDAY)
    refused = refund(shop, "R2", externalId="F1", occurredAt=TUESDAY)
    assert (codes(refused), receipts_in_refusal(refused)) == (["RECEIPT_DIFFERS"], [first["purchase"]["id"]])
    assert shop.available(card) == 10


def test_daily_refund_numbers_follow_the_day_of_the_refund(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    for number in ("1", "2"):
        buy(shop, card, number, "10.00", occurredAt=MONDAY)
    payload = refund(shop, "1", externalId="F1", occurredAt=MONDAY)
    assert (payload["alreadyRecorded"], payload["cash"]) == (False, {"amount": "10.00"})
    assert codes(refund(shop, "2", externalId="F1", occurredAt=MONDAY)) == ["RECEIPT_DIFFERS"]
    other_day = refund(shop, "2", externalId="F1", occurredAt=TUESDAY)
    assert (codes(other_day), other_day["balances"]) == ([], [{"available": 0}])
    assert refund(shop, "2", externalId="F1", occurredAt=TUESDAY)["alreadyRecorded"] is True


def test_refund_numbers_per_location_follow_the_location_of_the_purchase(shop: Shop) -> None:
    set_numbering(shop, "PER_LOCATION")
    north, south = location(shop, "north"), location(shop, "south")
    card = shop.enrol()
    for id in (north, south):
        buy(shop, card, "1", "10.00", occurredAt=MONDAY, locationId=id)
        by = {"receipt": {"externalId": "1", "locationId": id}}
        assert refund(shop, by, externalId="F1", occurredAt=TUESDAY)["alreadyRecorded"] is False
    assert shop.available(card) == 0


@pytest.mark.parametrize(
    "spelled",
    [
        {"lines": [{"line": 1, "quantity": "2.0"}]},
        {"lines": [{"line": 1}]},
        {},
    ],
)
def test_defaults_of_a_refund_may_be_omitted_or_written_out(shop: Shop, spelled: Any) -> None:
    card = shop.enrol()
    lines = [{"sku": "tea", "quantity": "2", "unitPrice": "5.00"}]
    buy(shop, card, "R1", "", lines=lines, occurredAt=MONDAY)
    refund(shop, "R1", externalId="F1", occurredAt=TUESDAY, lines=[{"line": 1, "quantity": "2"}])
    again = refund(shop, "R1", externalId="F1", occurredAt="2026-03-03T11:00:00+01:00", **spelled)
    assert (codes(again), again["alreadyRecorded"]) == ([], True)
    for other in ({"lines": [{"line": 1, "quantity": "1"}]}, {"amount": "10.00"}, {"reason": "broken"}):
        given = {**spelled, **other}
        if "amount" in other:
            given.pop("lines", None)
        assert codes(refund(shop, "R1", externalId="F1", occurredAt=TUESDAY, **given)) == ["RECEIPT_DIFFERS"]


def test_pending_refund_is_applied_only_to_the_receipt_that_it_names(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    tuesday = {"receipt": {"externalId": "1", "day": "2026-03-03"}}
    assert codes(refund(shop, "1", occurredAt=TUESDAY)) == ["PURCHASE_NOT_FOUND"]
    waits = refund(shop, tuesday, externalId="F1", occurredAt="2026-03-03T12:00:00Z")
    assert waits["pending"] == {"receipt": "1", "state": "PENDING"}
    again = refund(shop, tuesday, externalId="F1", occurredAt="2026-03-03T12:00:00Z")
    assert (again["alreadyRecorded"], again["pending"]["state"]) == (True, "PENDING")
    buy(shop, card, "1", "10.00", occurredAt=MONDAY)
    assert shop.available(card) == 10
    buy(shop, card, "1", "7.00", occurredAt=TUESDAY)
    assert shop.available(card) == 10
    payload = refund(shop, tuesday, externalId="F1", occurredAt="2026-03-03T12:00:00Z")
    assert (codes(payload), payload["alreadyRecorded"], payload["cash"]) == ([], True, {"amount": "7.00"})


def test_refund_with_an_unknown_location_is_rejected(shop: Shop) -> None:
    with open_shop(shop.url) as other:
        foreign = location(other, "north")
    by = {"receipt": {"externalId": "1", "locationId": foreign}}
    assert codes(refund(shop, by)) == ["LOCATION_NOT_FOUND"]


def test_repeated_refund_needs_no_longer_reference_after_a_settings_change(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    buy(shop, card, "1", "10.00", occurredAt=MONDAY)
    assert refund(shop, "1", externalId="F1", occurredAt=MONDAY)["alreadyRecorded"] is False
    buy(shop, card, "1", "10.00", occurredAt=TUESDAY)
    assert refund(shop, "1", externalId="F1", occurredAt=MONDAY)["alreadyRecorded"] is True
    for other in ({"externalId": "F1", "occurredAt": TUESDAY}, {"externalId": "F2", "occurredAt": MONDAY}, {}):
        assert codes(refund(shop, "1", **other)) == ["RECEIPT_AMBIGUOUS"]
    assert shop.available(card) == 10


def test_repeated_exchange_under_another_key_is_reported_as_recorded(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    for at in (MONDAY, TUESDAY):
        buy(shop, card, "1", "10.00", occurredAt=at)
        day = {"receipt": {"externalId": "1", "day": at[:10]}}
        for recorded_before in (False, True):
            payload = exchange(shop, day, "2", refund={"externalId": "F1"}, occurredAt=at)
            assert (codes(payload), payload["alreadyRecorded"]) == ([], recorded_before)
    third = exchange(
        shop, {"receipt": {"externalId": "1", "day": MONDAY[:10]}}, "3", refund={"externalId": "F1"}, occurredAt=MONDAY
    )
    assert codes(third) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 20


SWAP = f"mutation($input: RecordExchangeInput!) {{ recordExchange(input: $input) {{ alreadyRecorded toPay {{ amount }} {ERRORS} }} }}"


def exchange(shop: Shop, by: Any, number: str, *, refund: Any, **more: Any) -> Any:
    """Exchanges a whole purchase for goods of £10.00."""
    line = {"sku": "cup", "quantity": "1", "unitPrice": "10.00"}
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "refund": {"purchase": by, **refund},
        "purchase": {"externalId": number, "lines": [line], **more},
    }
    return shop.execute(SWAP, input=input)["recordExchange"]


def hold(shop: Shop, card: str, checkout: str, **more: Any) -> Any:
    """Holds a coffee for a checkout."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "coffee"},
        "checkout": checkout,
        "minutes": 30,
        **more,
    }
    return shop.execute(HOLD, input=input)["holdRedemption"]


def test_repeated_checkout_under_another_key_is_reported_with_its_hold(shop: Shop) -> None:
    card, other = shop.enrol(), shop.enrol()
    for text in (card, other):
        shop.buy(text, "250.00")
    first, again = hold(shop, card, "c-1"), hold(shop, card, " c-1\u200b")
    assert (first["alreadyRecorded"], again["alreadyRecorded"]) == (False, True)
    assert again["redemption"] == first["redemption"]
    refused = hold(shop, other, "c-1")
    assert codes(refused) == ["RECEIPT_DIFFERS"]
    assert refused["userErrors"][0]["redemptions"] == [{"id": first["redemption"]["id"], "checkout": "c-1"}]


def test_checkouts_are_identified_like_receipts(shop: Shop) -> None:
    set_numbering(shop, "PER_LOCATION")
    north, south = location(shop, "north"), location(shop, "south")
    card = shop.enrol()
    shop.buy(card, "250.00", receipt=uuid.uuid4().hex)
    baskets = [{"basket": {"lines": [], "locationId": id}} for id in (north, south)]
    holds = [hold(shop, card, "c-1", **basket) for basket in baskets]
    assert [codes(hold) for hold in holds] == [[], []]
    assert holds[0]["redemption"] != holds[1]["redemption"]
    assert hold(shop, card, "c-1", **baskets[1])["redemption"] == holds[1]["redemption"]
    unclear = capture(shop, {"checkout": "c-1"})
    assert codes(unclear) == ["RECEIPT_AMBIGUOUS"]
    assert {redemption["id"] for redemption in unclear["userErrors"][0]["redemptions"]} == {
        hold["redemption"]["id"] for hold in holds
    }
    assert codes(capture(shop, {"id": holds[0]["redemption"]["id"]})) == []
    assert capture(shop, {"checkout": "c-1"})["redemption"]["id"] == holds[1]["redemption"]["id"]


def capture(shop: Shop, by: Any) -> Any:
    """Captures a hold."""
    input = {"idempotencyKey": uuid.uuid4().hex, "hold": by}
    return shop.execute(CAPTURE, role=Role.TILL, input=input)["captureRedemption"]
