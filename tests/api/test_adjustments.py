"""Adjustments by staff over HTTP, with a reason, on both databases."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import code_of, customer_key
from tests.shop import Shop
from tests.verification import discrepancies_in

ADJUST = """mutation($input: AdjustPointsInput!) { adjustPoints(input: $input) { balances { available lifetime }
  entry { type points reason actor { role label } correction openedLots { points validUntil } lots { points } }
  userErrors { code message path } } }"""
LOOK = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 1) { nodes {
  reason actor { key role label } cause { kind } } } } }"""


def adjust(shop: Shop, card: str, points: int, *, role: Role = Role.STAFF, **more: Any) -> Any:
    """Adds or takes points."""
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "points": points, "reason": "Spilt tea."}
    return shop.execute(ADJUST, role=role, input={**input, **more})["adjustPoints"]


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"]) for error in answer["userErrors"]]


@pytest.mark.parametrize("role", [Role.OWNER, Role.STAFF])
def test_adjustment_adds_or_takes_points_and_keeps_its_reason(shop: Shop, role: Role) -> None:
    card = shop.enrol()
    payload = adjust(shop, card, 300, role=role)
    assert payload["userErrors"] == []
    entry = payload["entry"]
    assert (entry["type"], entry["points"], entry["reason"], entry["correction"]) == (
        "ADJUST",
        300,
        "Spilt tea.",
        False,
    )
    assert entry["openedLots"] == [{"points": 300, "validUntil": None}]
    assert payload["balances"] == [{"available": 300, "lifetime": "300"}]
    taken = adjust(shop, card, -120, role=role, reason="  Given twice. ")
    assert (taken["entry"]["points"], taken["entry"]["reason"]) == (-120, "Given twice.")
    assert taken["entry"]["lots"] == [{"points": -120}]
    assert taken["balances"] == [{"available": 180, "lifetime": "300"}]
    assert shop.redeem(card)["balances"] == [{"available": 80}]
    assert discrepancies_in(shop.url) == []


def test_owner_sees_which_key_made_an_adjustment(shop: Shop) -> None:
    card = shop.enrol()
    own = customer_key(shop.url, shop, card)
    adjust(shop, card, 30)
    (seen,) = shop.execute(LOOK, role=Role.OWNER, by={"card": card})["customer"]["ledger"]["nodes"]
    assert (seen["reason"], seen["actor"]["role"]) == ("Spilt tea.", "STAFF")
    (used,) = [new_key.key for new_key in shop.program.keys if new_key.key.role is Role.STAFF]
    assert (seen["actor"]["key"], seen["actor"]["label"]) == (used.id, used.label)
    for role, key in ((Role.STAFF, None), (Role.TILL, None), (Role.CUSTOMER, own)):
        (seen,) = shop.execute(LOOK, role=role, key=key, by={"card": card})["customer"]["ledger"]["nodes"]
        assert seen == {"reason": "Spilt tea.", "actor": None, "cause": None}


def test_adjustment_takes_no_more_than_the_balance(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "100.00")
    refused = adjust(shop, card, -101)
    assert codes(refused) == [("NOT_ENOUGH_POINTS", ["input", "points"])]
    assert refused["entry"] is None
    answers = shop.in_parallel([lambda: adjust(shop, card, -30)] * 8)
    assert sum(answer["userErrors"] == [] for answer in answers) == 3
    assert shop.available(card) == 10
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize(
    ("role", "points", "code"),
    [
        (Role.STAFF, 1_001, "ABOVE_LIMIT"),
        (Role.STAFF, -1_001, "ABOVE_LIMIT"),
        (Role.OWNER, 1_000_001, "INVALID_INPUT"),
        (Role.OWNER, -1_000_001, "INVALID_INPUT"),
        (Role.OWNER, 0, "INVALID_INPUT"),
        (Role.STAFF, 0, "INVALID_INPUT"),
    ],
)
def test_each_role_has_its_limit(shop: Shop, role: Role, points: int, code: str) -> None:
    card = shop.enrol()
    assert codes(adjust(shop, card, points, role=role)) == [(code, ["input", "points"])]
    assert shop.ledger(card) == []


def test_adjustment_within_the_limit_never_exceeds_the_largest_balance(shop: Shop) -> None:
    card = shop.enrol()
    assert adjust(shop, card, 1_000)["userErrors"] == []
    assert adjust(shop, card, 1_000_000, role=Role.OWNER)["userErrors"] == []
    assert adjust(shop, card, -1_000_000, role=Role.OWNER)["userErrors"] == []
    assert shop.available(card) == 1_000
    assert discrepancies_in(shop.url) == []


def test_reason_has_at_most_500_characters(shop: Shop) -> None:
    card = shop.enrol()
    for reason in ("", "  \n"):
        assert codes(adjust(shop, card, 5, reason=reason)) == [("REASON_MISSING", ["input", "reason"])]
    assert codes(adjust(shop, card, 5, reason="x" * 501)) == [("INVALID_INPUT", ["input", "reason"])]
    assert adjust(shop, card, 5, reason="x" * 500)["userErrors"] == []


def test_tills_and_customers_cannot_adjust_points(shop: Shop) -> None:
    card = shop.enrol()
    own = customer_key(shop.url, shop, card)
    input = {"idempotencyKey": "x", "customer": {"card": card}, "points": 5, "reason": "Please."}
    assert code_of(shop, ADJUST, role=Role.TILL, input=input) == "FORBIDDEN"
    assert code_of(shop, ADJUST, key=own, input=input) == "FORBIDDEN"


def test_adjustment_is_made_once_per_idempotency_key(shop: Shop) -> None:
    card = shop.enrol()
    answers = shop.in_parallel([lambda: adjust(shop, card, 7, idempotencyKey="once")] * 5)
    assert all(answer == answers[0] for answer in answers)
    assert shop.ledger(card) == [("ADJUST", 7)]
    assert adjust(shop, card, 8, idempotencyKey="once")["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
