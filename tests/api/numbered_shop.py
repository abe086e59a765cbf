"""A shop that identifies receipts by more than their number: requests of its tills, and parts of the responses."""

from __future__ import annotations

import uuid
from typing import Any

from tests.api.test_locations import create_location
from tests.api.test_program_settings import update
from tests.shop import Shop

ERRORS = """userErrors { code path detail
  ... on ReceiptError { purchases { id externalId occurredAt location { key } } redemptions { id checkout } } }"""
BOUGHT = "alreadyRecorded decision { outcome points { points } } balances { available } purchase { id externalId }"
BUY = f"mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {BOUGHT} {ERRORS} }} }}"
REFUND = f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ alreadyRecorded
  decision {{ points {{ points }} }} balances {{ available }} cash {{ amount }} pending {{ receipt state }}
  purchase {{ id }} {ERRORS} }} }}"""


def set_numbering(shop: Shop, numbers: str, *, day_starts: str = "00:00") -> None:
    """Sets how the program numbers its receipts."""
    assert update(shop, receiptNumbers=numbers, receiptDayStarts=day_starts)["userErrors"] == []


def location(shop: Shop, key: str, zone: str = "Europe/London") -> str:
    """Opens a location; returns its id."""
    id: str = create_location(shop, key, key.title(), zone)["location"]["id"]
    return id


def buy(shop: Shop, card: str, number: str, price: str, *, key: str | None = None, **more: Any) -> Any:
    """Records a receipt of one line."""
    lines = more.pop("lines", [{"sku": "tea", "quantity": "1", "unitPrice": price}])
    input = {
        "idempotencyKey": key or uuid.uuid4().hex,
        "customer": {"card": card},
        "purchase": {"externalId": number, "lines": lines, **more},
    }
    return shop.execute(BUY, input=input)["recordPurchase"]


def refund(shop: Shop, by: Any, *, key: str | None = None, **more: Any) -> Any:
    """Refunds a purchase, whole unless lines are given."""
    purchase = {"externalId": by} if isinstance(by, str) else by
    input = {"idempotencyKey": key or uuid.uuid4().hex, "purchase": purchase, **more}
    return shop.execute(REFUND, input=input)["recordRefund"]


def codes(payload: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in payload["userErrors"]]


def receipts_in_refusal(payload: Any) -> list[str]:
    """The ids of the receipts that a refusal names."""
    (error,) = payload["userErrors"]
    return [purchase["id"] for purchase in error["purchases"]]


def points(payload: Any) -> int:
    """The points of a decision."""
    found: int = payload["decision"]["points"][0]["points"]
    return found
