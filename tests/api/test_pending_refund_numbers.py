"""Numbers of pending refunds are unique, and none prevents a purchase from being recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.store.database.session import Session
from app.store.purchases import purchases
from tests.shop import Shop
from tests.verification import discrepancies_in


def codes(answer: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in answer["userErrors"]]


def test_number_of_a_pending_refund_is_taken(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="B")
    assert codes(shop.refund("A", externalId="F-1")) == []
    assert codes(shop.refund("B", externalId="F-1")) == ["RECEIPT_DIFFERS"]
    assert codes(shop.buy(card, "40.00", receipt="A")) == []
    assert shop.ledger(card) == [("EARN", 30), ("EARN", 40), ("CLAWBACK", -40)]
    assert discrepancies_in(shop.url) == []


def test_pending_refunds_with_one_number_do_not_block_purchases(shop: Shop) -> None:
    card = shop.enrol()
    receipts = [f"R-{place}" for place in range(8)]
    shop.in_parallel([lambda text=receipt: shop.refund(text, externalId="F-1") for receipt in receipts])
    assert [codes(shop.buy(card, "10.00", receipt=receipt)) for receipt in receipts] == [[]] * 8
    assert [kind for kind, _ in shop.ledger(card)].count("CLAWBACK") == 1
    assert discrepancies_in(shop.url) == []


def test_concurrent_refund_and_purchase_find_each_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is first: the purchase is held up between its look for refunds that wait and its end."""
    look = purchases.lookup_receipt

    async def slowly(session: Session, **asked: Any) -> Any:
        found = await look(session, **asked)
        if session.dialect == "postgres":
            await asyncio.sleep(0.2)
        return found

    monkeypatch.setattr(purchases, "lookup_receipt", slowly)
    card = shop.enrol()
    for receipt in ("A", "B"):
        both = [
            lambda text=receipt: shop.buy(card, "40.00", receipt=text),
            lambda text=receipt: shop.refund(text),
        ]
        for answer in shop.in_parallel(both):
            assert codes(answer) == []
    assert [kind for kind, _ in shop.ledger(card)].count("CLAWBACK") == 2
    assert discrepancies_in(shop.url) == []
