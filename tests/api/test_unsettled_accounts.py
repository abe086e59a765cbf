"""Customers with due changes that no job has booked yet: shown as the till decides. On both databases, without jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.queries.customers import current_state
from tests.api.scheduled_shop import (
    DAY,
    START,
    ManualClock,
    balance,
    deliver,
    pending,
    run_due_jobs,
    scheduled_shop,
    validity,
    visit,
)
from tests.shop import Shop
from tests.verification import discrepancies_in

OFFERS = """query($by: CustomerBy!) { rewards(for: $by) { nodes { available missingPoints decision { outcome } } }
  customer(by: $by) { wallet { balances { buysToday { key } } } }
  basketCheck(customer: $by, basket: { lines: [] }) { clauses { clause { key } applies } customer { wallet { balances { available } } } } }"""
KINDS = pytest.mark.parametrize("kind", [ProgramKind.LIVE, ProgramKind.SANDBOX])


def coffee_available(shop: Shop, card: str) -> bool:
    """Whether the coffee is available, by every way of asking."""
    data: Any = shop.execute(OFFERS, by={"card": card})
    (offer,) = data["rewards"]["nodes"]
    (qualification,) = [clause for clause in data["basketCheck"]["clauses"] if clause["clause"]["key"] == "coffee"]
    said = {
        offer["available"],
        offer["decision"]["outcome"] == "GRANTED",
        offer["missingPoints"] == 0,
        data["customer"]["wallet"]["balances"][0]["buysToday"] == [{"key": "coffee"}],
        qualification["applies"],
        data["basketCheck"]["customer"]["wallet"]["balances"][0]["available"] >= 50,
    }
    assert len(said) == 1, data
    return said.pop()


@KINDS
def test_pending_points_are_usable_from_their_activation_without_a_job_run(
    database_url: str, kind: ProgramKind
) -> None:
    clock = ManualClock()
    with scheduled_shop(database_url, visit(), pending(14), clock=clock, kind=kind) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        assert balance(shop, card) == {
            "available": 0,
            "pending": 100,
            "held": 0,
            "owed": 0,
            "lifetime": "100",
            "nextExpiry": None,
            "nextActivation": {"at": "2090-03-21T00:00:00Z", "points": 100},
        }
        clock.now = datetime.fromisoformat("2090-03-20T23:59:59Z")
        assert (shop.available(card), coffee_available(shop, card)) == (0, False)
        clock.now = datetime.fromisoformat("2090-03-21T00:00:00Z")
        assert (shop.available(card), coffee_available(shop, card)) == (100, True)
        assert balance(shop, card)["nextActivation"] is None
        assert shop.ledger(card) == [("EARN", 100)], "nothing was booked by looking"
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert shop.ledger(card) == [("EARN", 100), ("ACTIVATE", 0), ("REDEEM", -50)]
        assert discrepancies_in(database_url) == []


@KINDS
def test_expired_points_are_unusable_without_a_job_run(database_url: str, kind: ProgramKind) -> None:
    clock = ManualClock()
    terms = (visit(), validity(days=100, noticeFrom=30, noticeUntil=10))
    with scheduled_shop(database_url, *terms, clock=clock, kind=kind) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        clock.now = START + 80 * DAY
        run_due_jobs(database_url, clock)
        deliver(shop, card)
        clock.now = START + 90 * DAY
        shop.buy(card, "10.00")
        for _ in range(2):
            assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        assert balance(shop, card)["nextExpiry"] == {"lastDay": "2090-09-12", "at": None, "points": 100}
        shop.buy(card, "10.00", occurredAt=(START + DAY).isoformat())
        clock.now = START + 300 * DAY
        assert shop.available(card) == 200, "no notice about the second purchase or the late one"
        run_due_jobs(database_url, clock)
        deliver(shop, card)
        clock.now = START + 312 * DAY
        assert (shop.available(card), coffee_available(shop, card)) == (0, False)
        refused = shop.redeem(card)
        assert [reason["code"] for reason in refused["decision"]["reasons"]] == ["INSUFFICIENT_POINTS"]
        assert (refused["userErrors"], refused["balances"]) == ([], [{"available": 0}])
        assert run_due_jobs(database_url, clock).lots_expired == 2
        assert shop.available(card) == 0
        assert discrepancies_in(database_url) == []


def test_reading_a_card_without_due_changes_replays_nothing(database_url: str) -> None:
    clock = ManualClock()
    with scheduled_shop(database_url, visit(), pending(14), clock=clock) as shop, pytest.MonkeyPatch.context() as patch:
        card = shop.enrol()
        shop.buy(card, "10.00")
        replayed: list[str] = []
        replay_wallet = current_state.replay_wallet

        async def counted(*of: Any, **parameters: Any) -> Any:
            replayed.append(parameters["account"].id)
            return await replay_wallet(*of, **parameters)

        patch.setattr(current_state, "replay_wallet", counted)
        clock.now = START + DAY
        assert shop.available(card) == 0
        assert replayed == []
        assert coffee_available(shop, card) is False
        assert replayed == [], "an offer says from when points that wait can be spent, by the lots as they stand"
        clock.now = START + 20 * DAY
        assert shop.available(card) == 100
        assert len(replayed) == 1
        balance(shop, card)
        assert len(replayed) == 3, "the card, and what comes next together"


def test_several_unsettled_customers_are_read_correctly_at_once(database_url: str) -> None:
    clock = ManualClock()
    with scheduled_shop(database_url, visit(), pending(14), clock=clock) as shop:
        cards = [shop.enrol() for _ in range(3)]
        for day, card in enumerate(cards):
            clock.now = START + day * DAY
            shop.buy(card, "10.00")
        ids = [
            shop.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"card": text}) for text in cards
        ]
        clock.now = START + 16 * DAY
        data = shop.execute(
            """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { wallet { balances {
              available pending nextActivation { at } } } } } }""",
            role=Role.OWNER,
            ids=[id_["customer"]["id"] for id_ in ids],
        )
        shown = [node["wallet"]["balances"][0] for node in data["nodes"]]
        assert [(value["available"], value["pending"]) for value in shown] == [(100, 0), (100, 0), (0, 100)]
        assert [value["nextActivation"] for value in shown] == [None, None, {"at": "2090-03-23T00:00:00Z"}]
        assert discrepancies_in(database_url) == []
