"""A shop whose receipts are told apart by more than their number: what its tills send, and what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from tests.api.test_locations import opened
from tests.api.test_program_settings import update
from tests.shop import Shop

ERRORS = """userErrors { code path ... on TechnicalRefusal { detail }
  ... on ReceiptRefusal { detail purchases { id externalId occurredAt location { key } } redemptions { id checkout } } }"""
BOUGHT = "alreadyRecorded decision { outcome points { points } } balances { available } purchase { id externalId }"
BUY = f"mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {BOUGHT} {ERRORS} }} }}"
REFUND = f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ alreadyRecorded
  decision {{ points {{ points }} }} balances {{ available }} cash {{ amount }} waiting {{ receipt state }}
  purchase {{ id }} {ERRORS} }} }}"""


def numbered(shop: Shop, numbers: str, *, day_starts: str = "00:00") -> None:
    """Let the program tell its receipts apart so."""
    assert update(shop, receiptNumbers=numbers, receiptDayStarts=day_starts)["userErrors"] == []


def location(shop: Shop, key: str, zone: str = "Europe/London") -> str:
    """Open a location; its id."""
    id: str = opened(shop, key, key.title(), zone)["location"]["id"]
    return id


def ring_up(shop: Shop, card: str, number: str, price: str, *, key: str | None = None, **more: Any) -> Any:
    """Record a receipt of one line."""
    lines = more.pop("lines", [{"sku": "tea", "quantity": "1", "unitPrice": price}])
    given = {
        "idempotencyKey": key or uuid.uuid4().hex,
        "customer": {"card": card},
        "purchase": {"externalId": number, "lines": lines, **more},
    }
    return shop.ask(BUY, input=given)["recordPurchase"]


def give_back(shop: Shop, by: Any, *, key: str | None = None, **more: Any) -> Any:
    """Refund a purchase, whole unless more is said."""
    purchase = {"externalId": by} if isinstance(by, str) else by
    given = {"idempotencyKey": key or uuid.uuid4().hex, "purchase": purchase, **more}
    return shop.ask(REFUND, input=given)["recordRefund"]


def codes(payload: Any) -> list[str]:
    """The codes of its refusals."""
    return [error["code"] for error in payload["userErrors"]]


def recorded(payload: Any) -> list[str]:
    """The receipts that a refusal names, by id."""
    (error,) = payload["userErrors"]
    return [purchase["id"] for purchase in error["purchases"]]


def points(payload: Any) -> int:
    """The points of a decision."""
    found: int = payload["decision"]["points"][0]["points"]
    return found
