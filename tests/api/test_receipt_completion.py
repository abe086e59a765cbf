"""A cancelled order is completed again under its number: the latest completion counts, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.numbered_shop import buy, codes, receipts_in_refusal, refund, set_numbering
from tests.api.test_exchanges import exchange
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in

AT = "2026-03-01T10:00:00Z"
LATER = "2026-03-01T12:00:00Z"


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox in London, one point per pound."""
    with open_shop(database_url) as opened:
        yield opened


def test_cancelled_order_can_be_completed_again(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "O1", "100.00", occurredAt=AT)
    refund(shop, "O1", externalId="F1", occurredAt=LATER)
    assert shop.available(card) == 0
    without = buy(shop, card, "O1", "100.00", occurredAt=AT)
    assert (without["alreadyRecorded"], without["purchase"], without["balances"]) == (
        True,
        first["purchase"],
        [{"available": 0}],
    )
    again = buy(shop, card, "O1", "100.00", completion=2, occurredAt=LATER)
    assert (again["alreadyRecorded"], again["balances"]) == (False, [{"available": 100}])
    assert again["purchase"]["id"] != first["purchase"]["id"]
    once = buy(shop, card, "O1", "100.00", completion=2, occurredAt=LATER)
    assert (once["alreadyRecorded"], once["purchase"]) == (True, again["purchase"])
    assert shop.ledger(card) == [("EARN", 100), ("CLAWBACK", -100), ("EARN", 100)]
    assert discrepancies_in(shop.url) == []


def test_reference_means_the_latest_completion(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "O1", "100.00", occurredAt=AT)
    refund(shop, "O1", externalId="F1", occurredAt=LATER)
    second = buy(shop, card, "O1", "60.00", completion=2, occurredAt=LATER)
    late = refund(shop, "O1", externalId="F1", occurredAt=LATER)
    assert (late["alreadyRecorded"], late["purchase"]["id"]) == (True, first["purchase"]["id"])
    assert shop.available(card) == 60
    payload = refund(shop, "O1", externalId="F2", occurredAt="2026-03-01T13:00:00Z")
    assert (payload["purchase"]["id"], payload["cash"]) == (second["purchase"]["id"], {"amount": "60.00"})
    assert codes(buy(shop, card, "O1", "60.00", completion=3, occurredAt="2026-03-01T14:00:00Z")) == []
    assert shop.available(card) == 60


def test_partly_cancelled_order_cannot_be_completed_again(shop: Shop) -> None:
    card = shop.enrol()
    lines = [{"sku": "tea", "quantity": "2", "unitPrice": "50.00"}]
    first = buy(shop, card, "O1", "", lines=lines, occurredAt=AT)
    for _ in range(2):
        refused = buy(shop, card, "O1", "100.00", completion=2, occurredAt=LATER)
        assert (codes(refused), receipts_in_refusal(refused)) == (["ORDER_NOT_CANCELLED"], [first["purchase"]["id"]])
        refund(shop, "O1", lines=[{"line": 1, "quantity": "1"}], occurredAt=LATER)
    assert codes(buy(shop, card, "O1", "100.00", completion=2, occurredAt=LATER)) == []
    assert shop.available(card) == 100


@pytest.mark.parametrize("completion", [2, 3, 1_000])
def test_completions_are_numbered_without_gaps(shop: Shop, completion: int) -> None:
    card = shop.enrol()
    assert codes(buy(shop, card, "O1", "10.00", completion=completion)) == ["ORDER_NOT_CANCELLED"]
    buy(shop, card, "O1", "10.00", occurredAt=AT)
    refund(shop, "O1", occurredAt=LATER)
    expected = [] if completion == 2 else ["ORDER_NOT_CANCELLED"]
    assert codes(buy(shop, card, "O1", "10.00", completion=completion, occurredAt=LATER)) == expected


@pytest.mark.parametrize("completion", [0, -1, 1_001])
def test_completion_number_has_limits(shop: Shop, completion: int) -> None:
    (error,) = buy(shop, shop.enrol(), "O1", "10.00", completion=completion)["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "purchase", "completion"])


def test_daily_orders_with_one_number_are_completed_separately(shop: Shop) -> None:
    set_numbering(shop, "PER_DAY")
    card = shop.enrol()
    for day in ("01", "02"):
        at = {"occurredAt": f"2026-03-{day}T10:00:00Z"}
        by = {"receipt": {"externalId": "1", "day": f"2026-03-{day}"}}
        buy(shop, card, "1", "10.00", **at)
        refund(shop, by, **at)
        assert codes(buy(shop, card, "1", "10.00", completion=2, **at)) == []
    assert shop.available(card) == 20


def test_concurrent_second_completions_book_one(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "O1", "10.00", occurredAt=AT)
    refund(shop, "O1", occurredAt=LATER)
    answers = shop.in_parallel(
        [lambda: buy(shop, card, "O1", "10.00", completion=2, occurredAt=LATER) for _ in range(10)]
    )
    assert sorted(answer["alreadyRecorded"] for answer in answers) == [False] + [True] * 9
    assert shop.available(card) == 10


def test_exchanged_order_is_cancelled_only_when_its_new_goods_are_returned(shop: Shop) -> None:
    card = shop.enrol()
    first = buy(shop, card, "O1", "50.00", occurredAt=AT)
    exchange(shop, "50.00", "O1", receipt="O2", occurredAt=LATER)
    exchange(shop, "50.00", "O2", receipt="O3", occurredAt=LATER)
    refused = buy(shop, card, "O1", "50.00", completion=2, occurredAt=LATER)
    assert (codes(refused), receipts_in_refusal(refused)) == (["ORDER_NOT_CANCELLED"], [first["purchase"]["id"]])
    assert shop.available(card) == 50
    refund(shop, "O3", occurredAt=LATER)
    assert codes(buy(shop, card, "O1", "50.00", completion=2, occurredAt=LATER)) == []
    assert shop.available(card) == 50
    assert discrepancies_in(shop.url) == []
