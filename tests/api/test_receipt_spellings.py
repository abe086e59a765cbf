"""A receipt is recorded once, however its number, defaults, time and customer are spelled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.numbered_shop import buy, codes, refund
from tests.api.test_merges import MERGE
from tests.shop import Shop, open_shop

AT = "2026-03-01T10:00:00Z"


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox in pounds, one point per pound."""
    with open_shop(database_url) as opened:
        yield opened


@pytest.mark.parametrize(
    "spelled", ["R1 ", "R1\n", " R1", "\tR1\r\n", "R\u200b1", "\ufeffR1", "Ｒ１", "R1\u00a0", "R\u00ad1", "R1\x01"]
)
def test_invisible_characters_in_a_number_do_not_matter(shop: Shop, spelled: str) -> None:
    card = shop.enrol()
    first = buy(shop, card, "R1", "4.00", occurredAt=AT)
    again = buy(shop, card, spelled, "4.00", occurredAt=AT)
    assert (again["alreadyRecorded"], again["purchase"]) == (True, first["purchase"])
    assert shop.available(card) == 4
    assert refund(shop, spelled, externalId=spelled)["balances"] == [{"available": 0}]
    assert refund(shop, "R1", externalId="R1")["alreadyRecorded"] is True


@pytest.mark.parametrize("other", ["r1", "R01", "R 1", "R-1", "0R1"])
def test_case_zeros_and_inner_spaces_in_a_number_matter(shop: Shop, other: str) -> None:
    card = shop.enrol()
    buy(shop, card, "R1", "4.00", occurredAt=AT)
    assert buy(shop, card, other, "4.00", occurredAt=AT)["alreadyRecorded"] is False
    assert shop.available(card) == 8


@pytest.mark.parametrize("number", ["", " ", "\n", "\u200b", "\u2800", "x" * 201])
def test_receipt_number_cannot_be_empty(shop: Shop, number: str) -> None:
    card = shop.enrol()
    (error,) = buy(shop, card, number, "4.00")["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", "purchase", "externalId"])


def line(**more: Any) -> dict[str, Any]:
    """The line of the first receipt, with changes."""
    return {"sku": "tea", "quantity": "1", "unitPrice": "4.00", "categories": ["hot", "drinks"], **more}


@pytest.mark.parametrize(
    "spelled",
    [
        {"lines": [line(kind="GOODS")]},
        {"lines": [line(taxIncluded=True)]},
        {"lines": [line(taxIncluded=False)]},
        {"lines": [line(discount="0.00")]},
        {"lines": [line(quantity="1.000", unitPrice="4")]},
        {"lines": [line(categories=["drinks", "hot", "hot"])]},
        {"lines": [line(sku=" tea ")]},
        {"lines": [line(sku="te\u200ba")]},
        {"currencyCode": "GBP"},
        {"completion": 1},
        {"source": "program"},
        {"occurredAt": "2026-03-01T11:00:00+01:00"},
        {"payments": [{"kind": "CARD", "amount": "3"}, {"kind": "CASH", "amount": "1.00"}]},
    ],
)
def test_defaults_may_be_omitted_or_written_out(shop: Shop, spelled: dict[str, Any]) -> None:
    card = shop.enrol()
    sent = {
        "lines": [line()],
        "occurredAt": AT,
        "payments": [{"kind": "CASH", "amount": "1"}, {"kind": "CARD", "amount": "3.00"}],
    }
    buy(shop, card, "R1", "", **sent)
    again = buy(shop, card, "R1", "", **{**sent, **spelled})
    assert (codes(again), again["alreadyRecorded"]) == ([], True)
    assert shop.available(card) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"lines": [line(unitPrice="4.01")]},
        {"lines": [line(quantity="2")]},
        {"lines": [line(kind="TIP")]},
        {"lines": [line(taxRate="0.2", taxIncluded=False)]},
        {"lines": [line(categories=["hot"])]},
        {"lines": [line(), line()]},
        {"channel": "ONLINE"},
        {"payments": [{"kind": "CASH", "amount": "4"}]},
        {"occurredAt": "2026-03-01T10:00:01Z"},
    ],
)
def test_receipt_with_another_meaning_is_rejected(shop: Shop, other: dict[str, Any]) -> None:
    card = shop.enrol()
    buy(shop, card, "R1", "", lines=[line()], occurredAt=AT)
    refused = buy(shop, card, "R1", "", **{"lines": [line()], "occurredAt": AT, **other})
    assert codes(refused) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 4


def test_repeated_receipt_without_a_time_is_recognised(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "R1", "4.00")
    assert buy(shop, card, "R1", "4.00")["alreadyRecorded"] is True
    recorded_at = shop.execute(
        "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 1) { nodes { purchase { occurredAt } } } } }",
        by={"card": card},
    )["customer"]["ledger"]["nodes"][0]["purchase"]["occurredAt"]
    assert buy(shop, card, "R1", "4.00", occurredAt=recorded_at)["alreadyRecorded"] is True
    assert shop.available(card) == 4


def test_repeated_receipt_is_recognised_under_either_card_after_a_merge(shop: Shop) -> None:
    gone, stays, stranger = shop.enrol(), shop.enrol(), shop.enrol()
    buy(shop, gone, "R1", "4.00", occurredAt=AT)
    input = {"idempotencyKey": "m", "merged": {"card": gone}, "survivor": {"card": stays}, "reason": "one person"}
    assert shop.execute(MERGE, role=Role.STAFF, input=input)["mergeCustomers"]["userErrors"] == []
    for card in (gone, stays):
        again = buy(shop, card, "R1", "4.00", occurredAt=AT)
        assert (codes(again), again["alreadyRecorded"]) == ([], True)
    assert codes(buy(shop, stranger, "R1", "4.00", occurredAt=AT)) == ["RECEIPT_DIFFERS"]
    buy(shop, gone, "R2", "1.00", occurredAt=AT)
    assert buy(shop, stays, "R2", "1.00", occurredAt=AT)["alreadyRecorded"] is True
    assert shop.available(stays) == 5


def test_corrected_receipt_is_recognised_in_both_versions(shop: Shop) -> None:
    card = shop.enrol()
    buy(shop, card, "R1", "4.00", occurredAt=AT)
    amend = "mutation($i: AmendPurchaseInput!) { amendPurchase(input: $i) { userErrors { code } } }"
    tea = {"sku": "tea", "quantity": "1", "unitPrice": "5.00"}
    input = {"idempotencyKey": "a", "purchase": {"externalId": " R1", "lines": [tea]}, "reason": "mistyped"}
    assert shop.execute(amend, role=Role.OWNER, i=input)["amendPurchase"]["userErrors"] == []
    for price in ("4.00", "5.00"):
        assert buy(shop, card, "R1", price, occurredAt=AT)["alreadyRecorded"] is True
    assert codes(buy(shop, card, "R1", "6.00", occurredAt=AT)) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 5
