"""Points that expire first are spent first, and those that never expire last. On both databases."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app.domain.access import Role
from tests.api.scheduled_shop import DAY, advance, scheduled_shop, validity, visit
from tests.api.test_clock import PUBLISH
from tests.shop import Shop
from tests.transfers import error_codes, transfer
from tests.verification import discrepancies_in

COFFEE = {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": 50}}}
MOVED = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 1) { nodes {
  type lots { lot points } openedLots { id } } } } }"""


def publish(shop: Shop, *clauses: dict[str, Any]) -> datetime:
    """Publishes other terms as early as possible and moves the clock to their start."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": [*clauses, COFFEE]}
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert payload["userErrors"] == []
    start = datetime.fromisoformat(payload["terms"]["effectiveFrom"])
    advance(shop, start)
    return start


def last_moved_lots(shop: Shop, card: str) -> list[tuple[str, int]]:
    """The lots that the last entry moved."""
    (entry,) = shop.execute(MOVED, by={"card": card})["customer"]["ledger"]["nodes"]
    return [(lot["lot"], lot["points"]) for lot in entry["lots"]]


def lot_of_visit(shop: Shop, card: str, receipt: str = "") -> str:
    """The lot that a visit opened."""
    shop.buy(card, "1.00", receipt=receipt or None)
    return last_moved_lots(shop, card)[0][0]


def test_points_that_never_expire_are_spent_last(
    database_url: str,
) -> None:
    lasting = {"key": "validity", "effect": {"pointsValidity": {"days": 20}}}
    with scheduled_shop(database_url, visit(100), lasting) as shop:
        card, other = shop.enrol(), shop.enrol()
        for_ever = lot_of_visit(shop, card)
        start = publish(shop, visit(100), validity(days=400))
        mortal = lot_of_visit(shop, card)
        shop.buy(card, "1.00", receipt="R")
        third = last_moved_lots(shop, card)[0][0]
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert last_moved_lots(shop, card) == [(mortal, -50)]
        assert error_codes(transfer(shop, card, other, 80)) == []
        assert last_moved_lots(shop, card) == [(mortal, -50), (third, -30)]
        advance(shop, start + DAY)
        assert shop.refund("R")["userErrors"] == []
        assert last_moved_lots(shop, card) == [(third, -70), (for_ever, -30)]
        assert discrepancies_in(shop.url) == []


def test_points_extended_by_activity_are_spent_after_those_that_expire_earlier(database_url: str) -> None:
    with scheduled_shop(database_url, visit(100), validity(days=200)) as shop:
        card = shop.enrol()
        fixed = lot_of_visit(shop, card)
        start = publish(shop, visit(100), validity(days=150, since="ACTIVITY"))
        alive = lot_of_visit(shop, card, "R")
        # The fixed ones end after 200 days, the others after 150: until there is some activity more.
        advance(shop, start + 80 * DAY)
        later = lot_of_visit(shop, card)
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert last_moved_lots(shop, card) == [(fixed, -50)]
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert last_moved_lots(shop, card) == [(alive, -50)]
        assert shop.refund("R")["userErrors"] == []
        assert last_moved_lots(shop, card) == [(alive, -50), (later, -50)]
        assert discrepancies_in(shop.url) == []
