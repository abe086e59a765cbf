"""`troth init` sets how a program numbers its receipts; an import follows it and shares its source with the tills."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.api.numbered_shop import BUY
from tests.cli.command import troth
from tests.shop import Shop, open_shop

FILE = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID
7,22423,Cup,1,2026-03-01 23:00:00,4.00,K-1
7,22423,Cup,1,2026-03-02 10:00:00,6.00,K-1
"""


def init(url: str, *more: str) -> Any:
    """Start a sandbox in London; what the command prints."""
    given = ("--sandbox", "--effective-from", "2026-01-01", "--zone", "Europe/London", *more)
    return json.loads(troth("init", "--json", *given, url=url))


def ring_up(shop: Shop, key: str, price: str, at: str) -> Any:
    """What a line of the file says, from a till."""
    line = {"sku": "22423", "name": "Cup", "quantity": "1", "unitPrice": price}
    purchase = {"externalId": "7", "occurredAt": at, "lines": [line]}
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"externalId": "K-1"}, "purchase": purchase}
    return shop.execute(BUY, key=key, input=input)["recordPurchase"]


def test_imported_daily_numbers_are_shared_with_tills(database_url: str, tmp_path: Path) -> None:
    started = init(database_url, "--receipt-numbers", "PER_DAY", "--receipt-day-starts", "04:00")
    file = tmp_path / "receipts.csv"
    file.write_text(FILE, encoding="utf-8")
    run = ("import", "purchases", str(file), "--program", started["program"], "--json")
    assert json.loads(troth(*run, url=database_url))["written"] == {"customers": 1, "purchases": 2, "refunds": 0}
    with open_shop(database_url) as shop:
        till = started["keys"]["till"]
        shown = shop.execute("{ program { receiptNumbers receiptDayStarts } }", key=till)["program"]
        assert shown == {"receiptNumbers": "PER_DAY", "receiptDayStarts": "04:00"}
        for price, at in (("4.00", "2026-03-01T23:00:00Z"), ("6.00", "2026-03-02T10:00:00Z")):
            again = ring_up(shop, till, price, at)
            assert (again["userErrors"], again["alreadyRecorded"]) == ([], True)
        before_four = ring_up(shop, till, "9.00", "2026-03-02T03:59:59Z")
        assert [error["code"] for error in before_four["userErrors"]] == ["RECEIPT_DIFFERS"]
        new = ring_up(shop, till, "9.00", "2026-03-03T10:00:00Z")
        assert new["balances"] == [{"available": 19}]
    file.write_text(FILE + "7,22423,Cup,1,2026-03-03 10:00:00,9.00,K-1\n", encoding="utf-8")
    assert json.loads(troth(*run, url=database_url))["written"] == {"customers": 0, "purchases": 0, "refunds": 0}
    assert json.loads(troth("verify", "--json", url=database_url))["discrepancies"] == []


@pytest.mark.parametrize("starts", ["4", "25:00", "noon", "04:00+01:00"])
def test_invalid_start_of_the_business_day_is_rejected(sqlite_url: str, starts: str) -> None:
    assert "is not a time of day" in troth("init", "--receipt-day-starts", starts, url=sqlite_url, code=1)
