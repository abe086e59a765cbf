"""Transfers, merges and households over HTTP, as staff send them."""

from __future__ import annotations

import uuid
from typing import Any

from app.domain.access import Role
from tests.shop import Shop

ERRORS = "userErrors { code path }"
TRANSFER = f"""mutation($input: TransferPointsInput!) {{ transferPoints(input: $input) {{
    balances {{ available }} from {{ id wallet {{ balances {{ available }} }} }} to {{ id wallet {{ balances {{ available }} }} }}
    entry {{ id type points counterparties {{ id }} lots {{ points }} }} received {{ id type points counterparties {{ id }} lots {{ points }} }} {ERRORS} }} }}"""
MERGE = f"""mutation($input: MergeCustomersInput!) {{ mergeCustomers(input: $input) {{
    balances {{ available pending held owed lifetime }} customer {{ id }} entry {{ id type points counterparties {{ id }} }} {ERRORS} }} }}"""
JOIN = f"""mutation($input: JoinHouseholdInput!) {{ joinHousehold(input: $input) {{
    balances {{ available lifetime }} customer {{ id wallet {{ holders {{ id }} }} }} entry {{ id type points counterparties {{ id }} }} {ERRORS} }} }}"""
LOOK = """query($by: CustomerBy!) { customer(by: $by) { id state identities { value }
    wallet { balances { available pending held owed lifetime } holders { id } } } }"""


def transfer(shop: Shop, sender: str, recipient: str, points: int, *, key: str | None = None, role: Role = Role.STAFF, **more: Any) -> Any:  # fmt: skip
    """Transfers points between the customers of two cards."""
    given = {"from": {"card": sender}, "to": {"card": recipient}, "points": points, "reason": "a gift", **more}
    given["idempotencyKey"] = key or uuid.uuid4().hex
    return shop.execute(TRANSFER, role=role, input=given)["transferPoints"]


def merge(shop: Shop, merged: str, survivor: str, *, key: str | None = None, role: Role = Role.STAFF, **more: Any) -> Any:  # fmt: skip
    """Merges the customer of a card into that of another card."""
    given = {"merged": {"card": merged}, "survivor": {"card": survivor}, "reason": "the same person", **more}
    given["idempotencyKey"] = key or uuid.uuid4().hex
    return shop.execute(MERGE, role=role, input=given)["mergeCustomers"]


def join(shop: Shop, card: str, household: str, *, key: str | None = None, role: Role = Role.STAFF, **more: Any) -> Any:
    """Lets the customer of a card join the household of another card."""
    given = {"customer": {"card": card}, "household": {"card": household}, "reason": "a family", **more}
    given["idempotencyKey"] = key or uuid.uuid4().hex
    return shop.execute(JOIN, role=role, input=given)["joinHousehold"]


def find_customer(shop: Shop, card: str, *, role: Role = Role.STAFF, key: str | None = None) -> Any:
    """The customer with a card."""
    return shop.execute(LOOK, role=role, key=key, by={"card": card})["customer"]


def error_codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"][1:]) for error in answer["userErrors"]]
