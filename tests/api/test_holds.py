"""Rewards held for a checkout over HTTP, captured or released, on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.jobs.scheduler import Scheduler
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.api.test_terms import PUBLISH, REWARD
from tests.shop import DECISION, START, Clock, Shop, new_id, open_shop
from tests.verification import discrepancies_in

HOLD = f"""mutation($input: HoldRedemptionInput!) {{ holdRedemption(input: $input) {{ {DECISION}
  balances {{ available held }} redemption {{ id state points occurredAt heldUntil checkout }} reward {{ stock }} }} }}"""
CAPTURE = f"""mutation($input: CaptureRedemptionInput!) {{ captureRedemption(input: $input) {{ {DECISION}
  balances {{ available held }} redemption {{ id state }} reward {{ stock }} entry {{ type points occurredAt }} }} }}"""
RELEASE = """mutation($input: ReleaseRedemptionInput!) { releaseRedemption(input: $input) {
  balances { available held } redemption { id state } reward { stock }
  entry { type points decision { reasons { code statement clause { key } } } } userErrors { code message path } } }"""
STATE = """query($by: CustomerBy!, $id: ID!) { node(id: $id) { ... on Redemption { state reward { stock } } }
  customer(by: $by) { wallet { balances { available pending held owed } } } }"""


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop that gives a point a pound and three prints for 100 points each."""
    with open_shop(database_url, clock=clock, template="blank") as opened:
        publish_print(opened, stock=3)
        yield opened


def publish_print(shop: Shop, *, stock: int, conditions: Any = (), more: Any = ()) -> None:
    """Creates the reward `print` and publishes its price, 100 points."""
    input = {"idempotencyKey": "r", "key": "print", "name": "Print", "description": "A signed print.", "stock": stock}
    assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
    clauses = [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "print", "effect": {"rewardCost": {"reward": "print", "points": 100}}, "conditions": list(conditions)},
        *more,
    ]
    terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
    assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []


def hold(shop: Shop, card: str, checkout: str, *, minutes: int = 30, **more: Any) -> Any:
    """Holds the reward `print` for a checkout."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "print"},
        "checkout": checkout,
        "minutes": minutes,
        **more,
    }
    return shop.execute(HOLD, input=input)["holdRedemption"]


def end(shop: Shop, mutation: str, checkout: str, *, key: str | None = None) -> Any:
    """Captures or releases the hold of a checkout."""
    input = {"idempotencyKey": key or uuid.uuid4().hex, "hold": {"checkout": checkout}}
    (payload,) = shop.execute(mutation, input=input).values()
    return payload


def run_due_jobs(shop: Shop, clock: Clock) -> None:
    """Runs the due jobs."""

    async def run() -> None:
        database = open_database(shop.url)
        await database.start()
        try:
            await Scheduler(Application(database=database, clock=clock, new_id=new_id)).run_all_programs()
        finally:
            await database.stop()

    asyncio.run(run())


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"]) for error in answer["userErrors"]]


def state(shop: Shop, card: str, redemption: str) -> tuple[str, int, dict[str, int]]:
    """The state of a redemption, the stock of its reward, and the balance."""
    data = shop.execute(STATE, by={"card": card}, id=redemption)
    (balance,) = data["customer"]["wallet"]["balances"]
    return data["node"]["state"], data["node"]["reward"]["stock"], balance


def balance(available: int, held: int = 0) -> dict[str, int]:
    """A balance without anything pending or owed."""
    return {"available": available, "pending": 0, "held": held, "owed": 0}


def test_capture_uses_the_decision_and_the_time_of_the_hold(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    held = hold(shop, card, "c-1")
    assert (held["decision"]["outcome"], held["balances"]) == ("GRANTED", [{"available": 50, "held": 100}])
    began = held["redemption"]["occurredAt"]
    assert (held["redemption"]["state"], held["redemption"]["checkout"], held["reward"]["stock"]) == ("HELD", "c-1", 2)
    assert shop.ledger(card) == [("EARN", 150)], "nothing has moved yet"
    assert discrepancies_in(shop.url) == []
    clock.now += timedelta(minutes=20)
    shop.buy(card, "10.00")
    paid = end(shop, CAPTURE, "c-1")
    assert paid["userErrors"] == []
    assert paid["decision"]["reasons"] == held["decision"]["reasons"]
    assert paid["balances"] == [{"available": 60, "held": 0}]
    assert paid["entry"] == {"type": "REDEEM", "points": -100, "occurredAt": began}
    assert (paid["redemption"]["id"], paid["redemption"]["state"]) == (held["redemption"]["id"], "FULFILLED")
    assert paid["reward"]["stock"] == 2
    assert discrepancies_in(shop.url) == []


def test_release_returns_points_and_stock(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    held = hold(shop, card, "c-1")
    gone = end(shop, RELEASE, "c-1", key="once")
    assert gone == end(shop, RELEASE, "c-1", key="once"), "a key is carried out once"
    assert (gone["balances"], gone["redemption"]["state"], gone["reward"]["stock"], gone["entry"]) == (
        [{"available": 150, "held": 0}],
        "CANCELLED",
        3,
        None,
    )
    for mutation in (RELEASE, CAPTURE):
        assert codes(end(shop, mutation, "c-1")) == [("NOT_HELD", ["input", "hold"])]
    assert state(shop, card, held["redemption"]["id"]) == ("CANCELLED", 3, balance(150))
    assert shop.ledger(card) == [("EARN", 150)]
    assert discrepancies_in(shop.url) == []


def test_repeated_checkout_gets_its_existing_hold(shop: Shop) -> None:
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "250.00")
    shop.buy(other, "250.00")
    first, second = hold(shop, card, "c-1"), hold(shop, card, "c-1", minutes=60)
    assert second["redemption"] == first["redemption"]
    assert (second["balances"], second["reward"]["stock"]) == ([{"available": 150, "held": 100}], 2)
    assert codes(hold(shop, other, "c-1")) == [("RECEIPT_DIFFERS", ["input", "checkout"])]
    end(shop, CAPTURE, "c-1")
    assert codes(hold(shop, card, "c-1")) == [("NOT_HELD", ["input", "checkout"])]
    assert shop.ledger(card) == [("EARN", 250), ("REDEEM", -100)]
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("mutation", [CAPTURE, RELEASE])
def test_expired_hold_cannot_be_ended_and_returns_its_stock_once(shop: Shop, clock: Clock, mutation: str) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    held = hold(shop, card, "c-1")["redemption"]
    clock.now = datetime.fromisoformat(held["heldUntil"])
    for _ in range(2):
        assert codes(end(shop, mutation, "c-1")) == [("NOT_HELD", ["input", "hold"])]
        assert state(shop, card, held["id"])[0] == "HELD", "a refusal writes nothing"
    for _ in range(2):
        run_due_jobs(shop, clock)
        assert codes(end(shop, mutation, "c-1")) == [("NOT_HELD", ["input", "hold"])]
        assert state(shop, card, held["id"]) == ("EXPIRED", 3, balance(150))
    assert codes(hold(shop, card, "c-1")) == [("NOT_HELD", ["input", "checkout"])]
    assert discrepancies_in(shop.url) == []


def test_next_purchase_sees_an_expired_hold(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    held = [hold(shop, card, "c-1", minutes=1)["redemption"]["id"]]
    clock.now += timedelta(hours=1)
    shop.buy(card, "50.00")
    held.append(hold(shop, card, "c-2")["redemption"]["id"])
    shop.redeem(card, "print")
    assert [state(shop, card, value) for value in held] == [
        ("EXPIRED", 1, balance(0, held=100)),
        ("HELD", 1, balance(0, held=100)),
    ]
    assert discrepancies_in(shop.url) == []


def test_expired_hold_returns_its_stock_without_any_request(shop: Shop, clock: Clock) -> None:
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "150.00")
    shop.buy(other, "150.00")
    held = hold(shop, card, "c-1")["redemption"]["id"]
    clock.now += timedelta(hours=1)
    for _ in range(2):
        run_due_jobs(shop, clock)
    assert state(shop, card, held) == ("EXPIRED", 3, balance(150))
    assert shop.redeem(other, "print")["reward"]["stock"] == 2
    assert codes(end(shop, CAPTURE, "c-1")) == [("NOT_HELD", ["input", "hold"])]
    assert discrepancies_in(shop.url) == []


def test_last_item_goes_to_one_checkout_and_a_release_returns_it(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(12)]
    for card in cards:
        shop.buy(card, "100.00")
    held = shop.in_parallel([lambda c=card: hold(shop, c, f"c-{c}") for card in cards])
    got = [card for card, value in zip(cards, held, strict=True) if value["redemption"] is not None]
    assert len(got) == 3
    assert Counter(code for value in held for code, _ in codes(value)) == {"OUT_OF_STOCK": 9}
    end(shop, RELEASE, f"c-{got[0]}")
    rest = [card for card in cards if card not in got]
    again = shop.in_parallel([lambda c=card: hold(shop, c, f"d-{c}") for card in rest])
    assert sum(value["redemption"] is not None for value in again) == 1
    assert discrepancies_in(shop.url) == []


def test_concurrent_holds_and_redemptions_never_spend_a_point_twice(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "250.00")
    calls = [lambda n=n: hold(shop, card, f"c-{n}") for n in range(8)]
    calls += [lambda: shop.redeem(card, "print")] * 8
    answers = shop.in_parallel(calls)
    granted = [answer for answer in answers if answer["decision"] and answer["decision"]["outcome"] == "GRANTED"]
    assert len(granted) == 2
    checkouts = [value["redemption"]["checkout"] for value in granted if "checkout" in value["redemption"]]
    ended = shop.in_parallel(
        [lambda c=c, m=m: end(shop, m, c) for c in checkouts for m in (CAPTURE, RELEASE, CAPTURE, RELEASE)]
    )
    assert sum(value["userErrors"] == [] for value in ended) == len(checkouts), "each is ended once"
    spent = sum(points for kind, points in shop.ledger(card) if kind == "REDEEM")
    let_go = sum(value["userErrors"] == [] and value["redemption"]["state"] == "CANCELLED" for value in ended)
    assert spent == -100 * (2 - let_go)
    assert shop.available(card) == 250 + spent
    assert discrepancies_in(shop.url) == []


def test_concurrent_requests_of_one_checkout_make_one_hold(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "350.00")
    held = shop.in_parallel([lambda: hold(shop, card, "c-1")] * 10)
    assert len({value["redemption"]["id"] for value in held}) == 1
    assert state(shop, card, held[0]["redemption"]["id"]) == ("HELD", 2, balance(250, held=100))
    assert discrepancies_in(shop.url) == []


def test_hold_counts_towards_the_limit_of_a_reward(database_url: str) -> None:
    once = {"timesPerPeriod": {"times": 1, "period": "EVER"}}
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=9, conditions=[once])
        card = shop.enrol()
        shop.buy(card, "500.00")
        assert hold(shop, card, "c-1")["decision"]["outcome"] == "GRANTED"
        for refused in (hold(shop, card, "c-2"), shop.redeem(card, "print")):
            assert refused["decision"]["outcome"] == "REFUSED"
            assert "USED_UP" in [reason["code"] for reason in refused["decision"]["reasons"]]
        end(shop, RELEASE, "c-1")
        assert hold(shop, card, "c-3")["decision"]["outcome"] == "GRANTED", "what was let go was not used"
        assert end(shop, CAPTURE, "c-3")["userErrors"] == []
        assert shop.redeem(card, "print")["decision"]["outcome"] == "REFUSED"
        assert discrepancies_in(database_url) == []


def test_points_past_their_last_day_expire_on_release(database_url: str) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock, template="blank") as shop:
        publish_print(
            shop, stock=9, more=[{"key": "ten-days", "effect": {"pointsValidity": {"days": 10, "expires": True}}}]
        )
        card = shop.enrol()
        shop.buy(card, "150.00")
        clock.now = START + timedelta(days=10)
        held = hold(shop, card, "c-1", minutes=1440)
        assert held["balances"] == [{"available": 50, "held": 100}]
        clock.now += timedelta(hours=14)
        shop.buy(card, "10.00")
        assert shop.ledger(card)[1:] == [("EXPIRE", -50), ("EARN", 10)], "what is held does not expire"
        gone = end(shop, RELEASE, "c-1")
        (reason,) = gone["entry"]["decision"]["reasons"]
        assert (gone["entry"]["type"], gone["entry"]["points"]) == ("EXPIRE", -100)
        assert (reason["code"], reason["clause"]["key"]) == ("EXPIRED_ON_RELEASE", "ten-days")
        assert gone["balances"] == [{"available": 10, "held": 0}]
        assert discrepancies_in(database_url) == []


def test_points_held_past_their_last_day_still_pay(database_url: str) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock, template="blank") as shop:
        publish_print(
            shop, stock=9, more=[{"key": "ten-days", "effect": {"pointsValidity": {"days": 10, "expires": True}}}]
        )
        card = shop.enrol()
        shop.buy(card, "100.00")
        clock.now = START + timedelta(days=10)
        hold(shop, card, "c-1", minutes=1440)
        clock.now += timedelta(hours=14)
        assert end(shop, CAPTURE, "c-1")["userErrors"] == []
        assert shop.ledger(card) == [("EARN", 100), ("REDEEM", -100)]
        assert discrepancies_in(database_url) == []


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"minutes": 0}, "minutes"),
        ({"minutes": 1441}, "minutes"),
        ({"checkout": ""}, "checkout"),
        ({"checkout": "c" * 101}, "checkout"),
    ],
)
def test_hold_needs_a_checkout_and_lasts_a_day_at_most(shop: Shop, more: Any, path: str) -> None:
    card = shop.enrol()
    input = {"idempotencyKey": "x", "customer": {"card": card}, "reward": {"key": "print"}}
    refused = shop.execute(HOLD, input={**input, "checkout": "c", "minutes": 5, **more})["holdRedemption"]
    assert codes(refused) == [("INVALID_INPUT", ["input", path])]


def test_hold_starts_now_even_in_a_sandbox(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    past = hold(shop, card, "c-1", basket={"occurredAt": (START - timedelta(hours=1)).isoformat(), "lines": []})
    assert codes(past) == [("CLOCK_SKEW", ["input", "basket", "occurredAt"])]


def test_hold_lasts_its_minutes_despite_clock_skew(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00", occurredAt=(START + timedelta(minutes=4)).isoformat())
    held = hold(shop, card, "c-1", minutes=1)
    assert held["decision"]["outcome"] == "REFUSED", "the points come in four minutes"
    shop.buy(card, "150.00")
    held = hold(shop, card, "c-2", minutes=1)
    assert datetime.fromisoformat(held["redemption"]["heldUntil"]) == START + timedelta(minutes=5)
    assert end(shop, CAPTURE, "c-2")["userErrors"] == []
    assert discrepancies_in(shop.url) == []


def test_immediate_redemption_is_no_hold(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    paid = shop.redeem(card, "print")["redemption"]["id"]
    for query in (CAPTURE, RELEASE):
        (payload,) = shop.execute(query, input={"idempotencyKey": uuid.uuid4().hex, "hold": {"id": paid}}).values()
        assert codes(payload) == [("HOLD_NOT_FOUND", ["input", "hold"])]
        assert codes(end(shop, query, "nothing")) == [("HOLD_NOT_FOUND", ["input", "hold"])]
