"""Receipts are identified by their number and, depending on the settings, their location and business day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.numbered_shop import buy, codes, location, points, receipts_in_refusal, refund, set_numbering
from tests.shop import Shop, open_shop

LATE = "2026-03-01T22:50:00Z"
AFTER_MIDNIGHT = "2026-03-01T23:10:00Z"
NEXT_DAY = "2026-03-02T06:00:00Z"


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox in London, one point per pound."""
    with open_shop(database_url) as opened:
        yield opened


def test_receipt_number_is_unique_in_a_program_by_default(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "0001", "4.00", occurredAt=LATE)
    again = buy(shop, card, "0001", "4.00", occurredAt="2026-03-08T22:50:00Z")
    assert codes(again) == ["RECEIPT_DIFFERS"]
    assert receipts_in_refusal(again) == [first["purchase"]["id"]]
    assert shop.available(card) == 4


def test_repeated_receipt_under_another_key_is_reported_as_recorded(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "R1", "4.00", key="a", occurredAt=LATE)
    again = buy(shop, card, "R1", "4.00", key="b", occurredAt=LATE)
    assert (first["alreadyRecorded"], again["alreadyRecorded"]) == (False, True)
    assert (points(again), again["purchase"]) == (4, first["purchase"])
    assert buy(shop, card, "R1", "4.00", key="a", occurredAt=LATE)["alreadyRecorded"] is False
    assert buy(shop, card, "R1", "4.00", key="b", occurredAt=LATE)["alreadyRecorded"] is True
    assert shop.ledger(card) == [("EARN", 4)]


def test_daily_numbers_restart_with_the_business_day(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY", day_starts="04:00")
    berlin = location(shop, "berlin", "Europe/Berlin")
    card = shop.enrol()
    late = {"occurredAt": LATE, "locationId": berlin}
    assert points(buy(shop, card, "0007", "4.00", **late)) == 4
    assert codes(buy(shop, card, "0007", "5.00", occurredAt=AFTER_MIDNIGHT, locationId=berlin)) == ["RECEIPT_DIFFERS"]
    buy(shop, card, "0007", "4.00", occurredAt=NEXT_DAY, locationId=berlin)
    assert shop.available(card) == 8
    again = buy(shop, card, "0007", "4.00", **late)
    assert (again["alreadyRecorded"], again["balances"]) == (True, [{"available": 8}])

    unclear = refund(shop, "0007")
    assert codes(unclear) == ["RECEIPT_AMBIGUOUS"]
    assert [purchase["occurredAt"] for purchase in unclear["userErrors"][0]["purchases"]] == [NEXT_DAY, LATE]
    payload = refund(shop, {"receipt": {"externalId": "0007", "day": "2026-03-02"}})
    assert (codes(payload), payload["balances"], payload["cash"]) == ([], [{"available": 4}], {"amount": "4.00"})


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
def test_first_of_two_receipts_with_one_daily_number_is_kept(shop: Shop, order: tuple[int, ...]) -> None:
    set_numbering(shop, "PER_DAY", day_starts="04:00")
    berlin = location(shop, "berlin", "Europe/Berlin")
    card = shop.enrol()
    sent = [(LATE, "4.00"), (AFTER_MIDNIGHT, "5.00"), (NEXT_DAY, "4.00")]
    answers = {}
    for place in order:
        at, price = sent[place]
        answers[place] = buy(shop, card, "0007", price, occurredAt=at, locationId=berlin)
    stands = min((0, 1), key=order.index)
    assert codes(answers[1 - stands]) == ["RECEIPT_DIFFERS"]
    assert receipts_in_refusal(answers[1 - stands]) == [answers[stands]["purchase"]["id"]]
    assert shop.available(card) == (4, 5)[stands] + 4


def test_business_day_is_that_of_the_location_or_else_the_program(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    tokyo = location(shop, "tokyo", "Asia/Tokyo")
    card = shop.enrol()
    buy(shop, card, "1", "1.00", occurredAt="2026-03-01T14:00:00Z", locationId=tokyo)
    buy(shop, card, "1", "2.00", occurredAt="2026-03-01T16:00:00Z", locationId=tokyo)
    same_day_in_london = buy(shop, card, "1", "5.00", occurredAt="2026-03-01T16:00:00Z")
    assert codes(same_day_in_london) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 3


def test_receipt_with_a_daily_number_needs_a_time(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    (error,) = buy(shop, card, "1", "1.00")["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "purchase", "occurredAt"])
    buy(shop, card, "1", "1.00", occurredAt=LATE)
    day = {"receipt": {"externalId": "1", "day": "2026-03-01"}}
    (error,) = refund(shop, day, externalId="F1")["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "occurredAt"])
    assert codes(refund(shop, day)) == []


def test_numbers_per_location_are_separate(shop: Shop) -> None:
    set_numbering(shop, "PER_LOCATION")
    north, south = location(shop, "north"), location(shop, "south")
    card = shop.enrol()
    for id, price in ((north, "1.00"), (south, "2.00"), (None, "3.00")):
        assert codes(buy(shop, card, "1", price, occurredAt=LATE, **({"locationId": id} if id else {}))) == []
    assert codes(buy(shop, card, "1", "9.00", occurredAt=NEXT_DAY, locationId=south)) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 6
    assert len(receipts_in_refusal(refund(shop, "1"))) == 3
    payload = refund(shop, {"receipt": {"externalId": "1", "locationId": south}})
    assert payload["cash"] == {"amount": "2.00"}


def test_numbers_per_location_and_day_need_both(shop: Shop) -> None:
    set_numbering(shop, "PER_LOCATION_AND_DAY")
    north, south = location(shop, "north"), location(shop, "south")
    card = shop.enrol()
    for id, at in ((north, LATE), (south, LATE), (north, NEXT_DAY), (south, NEXT_DAY)):
        assert codes(buy(shop, card, "1", "1.00", occurredAt=at, locationId=id)) == []
    assert shop.available(card) == 4
    for half in ({"day": "2026-03-02"}, {"locationId": north}):
        assert codes(refund(shop, {"receipt": {"externalId": "1", **half}})) == ["RECEIPT_AMBIGUOUS"]
    both = {"receipt": {"externalId": "1", "locationId": north, "day": "2026-03-02"}}
    assert refund(shop, both)["balances"] == [{"available": 3}]


def test_ambiguous_reference_lists_the_newest_twenty_receipts(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    ids = [
        buy(shop, card, "1", "1.00", occurredAt=f"2026-03-{day:02}T10:00:00Z")["purchase"]["id"] for day in range(1, 23)
    ]
    assert receipts_in_refusal(refund(shop, "1")) == ids[:1:-1]


def test_every_purchase_reference_must_be_complete(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card, other = shop.enrol(), shop.enrol()
    for at, price in ((LATE, "4.00"), (NEXT_DAY, "6.00")):
        buy(shop, card, "1", price, occurredAt=at)
    day = {"receipt": {"externalId": "1", "day": "2026-03-02", "source": "program"}}
    tea = {"sku": "tea", "quantity": "1", "unitPrice": "7.00"}
    errors = "userErrors { code }"

    def asked(mutation: str, type_name: str, given: Any) -> list[str]:
        query = f"mutation($i: {type_name}!) {{ {mutation}(input: $i) {{ {errors} }} }}"
        input = {"idempotencyKey": uuid.uuid4().hex, **given}
        return codes(shop.execute(query, role=Role.STAFF, i=input)[mutation])

    preview = "query($by: PurchaseBy!) { refundPreview(purchase: $by) { cash { amount } } }"
    assert shop.execute(preview, by=day)["refundPreview"]["cash"] == {"amount": "6.00"}
    refused = shop.send(preview, by={"externalId": "1"}).json()["errors"][0]
    assert "RECEIPT_AMBIGUOUS" in refused["message"]
    amended = {"purchase": {"externalId": "1", "lines": [tea]}, "reason": "mistyped"}
    assert asked("amendPurchase", "AmendPurchaseInput", amended) == ["RECEIPT_AMBIGUOUS"]
    amended["purchase"]["occurredAt"] = NEXT_DAY  # type: ignore[index]
    assert asked("amendPurchase", "AmendPurchaseInput", amended) == []
    assert shop.available(card) == 11
    moved = {"customer": {"card": other}, "reason": "their card"}
    assert asked("movePurchase", "MovePurchaseInput", {"purchase": {"externalId": "1"}, **moved}) == [
        "RECEIPT_AMBIGUOUS"
    ]
    assert asked("movePurchase", "MovePurchaseInput", {"purchase": day, **moved}) == []
    assert (shop.available(card), shop.available(other)) == (4, 7)
    bought = {"externalId": "2", "occurredAt": "2026-03-02T10:00:00Z", "lines": [tea]}
    exchange = {"refund": {"purchase": {"externalId": "1"}}, "purchase": bought}
    assert asked("recordExchange", "RecordExchangeInput", exchange) == ["RECEIPT_AMBIGUOUS"]
    exchange["refund"] = {"purchase": day}
    assert asked("recordExchange", "RecordExchangeInput", exchange) == []


def test_source_of_another_program_is_forbidden(shop: Shop) -> None:
    card = shop.enrol()
    assert codes(buy(shop, card, "1", "1.00", source="program")) == []
    assert buy(shop, card, "1", "1.00")["alreadyRecorded"] is True
    query = "mutation($input: RecordPurchaseInput!) { recordPurchase(input: $input) { userErrors { code } } }"
    line = {"sku": "tea", "quantity": "1", "unitPrice": "1.00"}
    for source in ("till-2", "", "Program"):
        purchase = {"externalId": "2", "source": source, "lines": [line]}
        input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
        body = shop.send(query, input=input).json()
        assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    refund = "mutation($input: RecordRefundInput!) { recordRefund(input: $input) { userErrors { code } } }"
    by = {"receipt": {"externalId": "1", "source": "till-2"}}
    for asked, sent in (
        (refund, {"input": {"idempotencyKey": uuid.uuid4().hex, "purchase": by}}),
        ("query($by: PurchaseBy!) { refundPreview(purchase: $by) { cash { amount } } }", {"by": by}),
    ):
        body = shop.send(asked, **sent).json()
        assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    assert shop.available(card) == 1


def test_repeated_receipt_is_recognised_after_a_settings_change(shop: Shop) -> None:
    card = shop.enrol()
    sent = {"occurredAt": AFTER_MIDNIGHT}
    buy(shop, card, "1", "1.00", **sent)
    for numbers, day_starts in (("PER_DAY", "00:00"), ("PER_DAY", "06:00"), ("PER_LOCATION", "00:00")):
        set_numbering(shop, numbers, day_starts=day_starts)
        assert buy(shop, card, "1", "1.00", **sent)["alreadyRecorded"] is True
    set_numbering(shop, "PER_DAY", day_starts="04:00")
    buy(shop, card, "2", "1.00", **sent)
    for numbers, day_starts in (("PER_DAY", "00:00"), ("UNIQUE", "00:00"), ("PER_LOCATION_AND_DAY", "05:00")):
        set_numbering(shop, numbers, day_starts=day_starts)
        assert buy(shop, card, "2", "1.00", **sent)["alreadyRecorded"] is True
        assert buy(shop, card, "1", "1.00", **sent)["alreadyRecorded"] is True
    assert shop.available(card) == 2


def test_number_used_before_daily_numbering_can_be_used_again(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "1", "1.00", occurredAt=LATE)
    set_numbering(shop, "PER_DAY")
    assert buy(shop, card, "1", "2.00", occurredAt=NEXT_DAY)["alreadyRecorded"] is False
    assert shop.available(card) == 3


def test_receipt_sent_concurrently_is_recorded_once(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    days = [LATE, NEXT_DAY] * 6
    answers = shop.in_parallel([lambda at=at: buy(shop, card, "1", "1.00", occurredAt=at) for at in days])  # type: ignore[misc]
    assert sorted(answer["alreadyRecorded"] for answer in answers) == [False] * 2 + [True] * 10
    assert shop.available(card) == 2
