"""Cancelled redemptions over HTTP: by whom, until when, and what is restored, on both databases."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.api.conventions.ids import encode
from app.domain.access import Role
from app.store.database.connect import open_database
from app.usecases.application import Application
from tests.access_keys import issue_key
from tests.api.test_access import customer_key
from tests.api.test_holds import CAPTURE, RELEASE, balance, codes, end, hold, publish_print, state
from tests.shop import DECISION, START, Clock, Shop, new_id, open_shop
from tests.verification import discrepancies_in

CANCEL = f"""mutation($input: CancelRedemptionInput!) {{ cancelRedemption(input: $input) {{ {DECISION}
  balances {{ available }} redemption {{ state }} reward {{ stock }} entry {{ type points lots {{ points }} }} }} }}"""
TEN_DAYS = {"key": "ten-days", "effect": {"pointsValidity": {"days": 10, "expires": True}}}
TWO_HOURS = {"key": "undo", "effect": {"undoWindow": {"hours": 2}}}


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop with three prints, whose terms let customers cancel for two hours."""
    with open_shop(database_url, clock=clock, template="blank") as opened:
        publish_print(opened, stock=3, more=[TWO_HOURS])
        yield opened


def cancel(shop: Shop, redemption: str, *, role: Role = Role.STAFF, key: str | None = None, **more: Any) -> Any:
    """Cancels a redemption; staff and owner give a reason."""
    reason = {"reason": "Wrong colour."} if role in (Role.STAFF, Role.OWNER) else {}
    input = {"idempotencyKey": uuid.uuid4().hex, "redemption": redemption, **reason, **more}
    return shop.execute(CANCEL, role=role, key=key, input=input)["cancelRedemption"]


def redeemed(shop: Shop, card: str) -> str:
    """The id of a new redemption."""
    id: str = shop.redeem(card, "print")["redemption"]["id"]
    return id


def reasons(answer: Any) -> list[tuple[str, str, str]]:
    """Code, clause and sentence of every reason."""
    return [(reason["code"], reason["clause"]["key"], reason["statement"]) for reason in answer["decision"]["reasons"]]


@pytest.mark.parametrize("role", [Role.OWNER, Role.STAFF, Role.TILL])
def test_till_staff_and_owner_can_undo_a_recent_redemption(shop: Shop, clock: Clock, role: Role) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    id = redeemed(shop, card)
    clock.now += timedelta(minutes=9, seconds=59)
    undone = cancel(shop, id, role=role)
    assert undone["userErrors"] == []
    assert (undone["decision"]["outcome"], undone["decision"]["points"][0]["points"]) == ("GRANTED", 100)
    ((code, clause, said),) = reasons(undone)
    assert (code, clause, "100 points" in said) == ("REDEMPTION_UNDONE", "print", True)
    assert undone["entry"] == {"type": "REVERSAL", "points": 100, "lots": [{"points": 100}]}
    assert undone["balances"] == [{"available": 150}]
    assert state(shop, card, id) == ("CANCELLED", 3, balance(150))
    assert shop.ledger(card) == [("EARN", 150), ("REDEEM", -100), ("REVERSAL", 100)]
    assert discrepancies_in(shop.url) == []


def test_till_can_only_undo_its_last_redemption_within_ten_minutes(shop: Shop, clock: Clock) -> None:
    card, other = shop.enrol(), shop.enrol()
    second = another_till(shop)
    shop.buy(card, "450.00")
    shop.buy(other, "150.00")
    first, last = redeemed(shop, card), redeemed(shop, other)
    refused = [("NOT_CANCELLABLE", ["input", "redemption"])]
    assert codes(cancel(shop, first, role=Role.TILL)) == refused, "another one came after it"
    assert codes(cancel(shop, last, role=Role.TILL, key=second)) == refused, "another till handed it over"
    clock.now += timedelta(minutes=10)
    assert codes(cancel(shop, last, role=Role.TILL)) == refused, "its time is over"
    assert [state(shop, card, id)[0] for id in (first, last)] == ["FULFILLED", "FULFILLED"]
    assert cancel(shop, first)["decision"]["outcome"] == "GRANTED", "staff can, with a reason"
    newest = redeemed(shop, card)
    assert codes(cancel(shop, newest, role=Role.TILL)) == []
    assert codes(cancel(shop, last, role=Role.TILL)) == refused, "what was undone was handed over after it"
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("later", [timedelta(minutes=1), timedelta(hours=1, minutes=59), timedelta(hours=3)])
def test_customer_cannot_undo_a_fulfilled_redemption(shop: Shop, clock: Clock, later: timedelta) -> None:
    card = shop.enrol()
    own = customer_key(shop.url, shop, card)
    shop.buy(card, "250.00")
    at_the_till = redeemed(shop, card)
    captured = hold(shop, card, "c")["redemption"]["id"]
    end(shop, CAPTURE, "c")
    clock.now += later
    for id in (at_the_till, captured):
        refused = cancel(shop, id, role=Role.CUSTOMER, key=own)
        assert codes(refused) == [("ALREADY_USED", ["input", "redemption"])]
        assert refused["decision"] is None
        assert state(shop, card, id)[0] == "FULFILLED"
    assert shop.available(card) == 50
    assert discrepancies_in(shop.url) == []


def test_captured_hold_counts_as_fulfilled_by_its_till(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    second = another_till(shop)
    shop.buy(card, "150.00")
    id = hold(shop, card, "c")["redemption"]["id"]
    clock.now += timedelta(minutes=20)
    input = {"idempotencyKey": "capture", "hold": {"checkout": "c"}}
    assert shop.execute(CAPTURE, key=second, input=input)["captureRedemption"]["userErrors"] == []
    clock.now += timedelta(minutes=9)
    assert codes(cancel(shop, id, role=Role.TILL)) == [("NOT_CANCELLABLE", ["input", "redemption"])]
    assert codes(cancel(shop, id, role=Role.TILL, key=second)) == []
    assert state(shop, card, id) == ("CANCELLED", 3, balance(150))
    assert discrepancies_in(shop.url) == []


def another_till(shop: Shop) -> str:
    """The key of a second till."""

    async def make() -> str:
        database = open_database(shop.url)
        await database.start()
        application = Application(database=database, clock=lambda: START, new_id=new_id)
        try:
            new = await issue_key(application, program_id=shop.program.program.id, role=Role.TILL, label="Second till")
            return new.token
        finally:
            await database.stop()

    return asyncio.run(make())


@pytest.mark.parametrize("role", [Role.OWNER, Role.STAFF])
def test_staff_and_owner_can_undo_later_with_a_reason(shop: Shop, clock: Clock, role: Role) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    id = redeemed(shop, card)
    clock.now += timedelta(days=3)
    for reason in (None, "", "   "):
        assert codes(cancel(shop, id, role=role, reason=reason)) == [("REASON_MISSING", ["input", "reason"])]
    assert codes(cancel(shop, id, role=role, reason="x" * 501)) == [("INVALID_INPUT", ["input", "reason"])]
    assert reasons(cancel(shop, id, role=role))[0][:2] == ("REDEMPTION_UNDONE", "print")
    assert shop.available(card) == 150
    assert discrepancies_in(shop.url) == []


def test_concurrent_cancellations_undo_a_redemption_once(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "250.00")
    id = redeemed(shop, card)
    answers = shop.in_parallel([lambda: cancel(shop, id)] * 8)
    assert sorted(code for answer in answers for code, _ in codes(answer)) == ["ALREADY_REVERSED"] * 7
    assert state(shop, card, id) == ("CANCELLED", 3, balance(250))
    assert shop.ledger(card) == [("EARN", 250), ("REDEEM", -100), ("REVERSAL", 100)]
    key = uuid.uuid4().hex
    again = redeemed(shop, card)
    first = cancel(shop, again, idempotencyKey=key)
    assert cancel(shop, again, idempotencyKey=key) == first
    assert discrepancies_in(shop.url) == []


def test_staff_and_tills_can_undo_without_an_undo_window(database_url: str) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=3)
        card = shop.enrol()
        own = customer_key(database_url, shop, card)
        shop.buy(card, "150.00")
        id = redeemed(shop, card)
        refused = cancel(shop, id, role=Role.CUSTOMER, key=own)
        assert codes(refused) == [("ALREADY_USED", ["input", "redemption"])]
        assert refused["decision"] is None
        assert codes(cancel(shop, id, role=Role.TILL)) == []
        id = redeemed(shop, card)
        assert reasons(cancel(shop, id))[0][:2] == ("REDEMPTION_UNDONE", "print")
        assert discrepancies_in(database_url) == []


def test_customers_undo_only_their_own_redemptions_and_assign_no_fault(shop: Shop) -> None:
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "150.00")
    id = redeemed(shop, card)
    stranger = customer_key(shop.url, shop, other)
    own = customer_key(shop.url, shop, card)
    assert codes(cancel(shop, id, role=Role.CUSTOMER, key=stranger)) == [
        ("REDEMPTION_NOT_FOUND", ["input", "redemption"])
    ]
    for role, key in ((Role.TILL, None), (Role.CUSTOMER, own)):
        refused = cancel(shop, id, role=role, key=key, shopAtFault=True)
        assert codes(refused) == [("INVALID_INPUT", ["input", "shopAtFault"])]
    assert shop.ledger(card) == [("EARN", 150), ("REDEEM", -100)]


def test_a_repeated_key_does_not_show_a_customer_the_redemption_of_another(shop: Shop) -> None:
    card, other = shop.enrol(), shop.enrol()
    shop.buy(card, "150.00")
    given = {"idempotencyKey": "known", "redemption": redeemed(shop, card), "reason": "Wrong colour."}
    first = shop.execute(CANCEL, role=Role.STAFF, input=given)["cancelRedemption"]
    assert first["decision"]["outcome"] == "GRANTED"
    assert shop.execute(CANCEL, role=Role.STAFF, input=given)["cancelRedemption"]["decision"] == first["decision"]
    stranger = customer_key(shop.url, shop, other)
    hidden = shop.execute(CANCEL, role=Role.CUSTOMER, key=stranger, input=given)["cancelRedemption"]
    assert codes(hidden) == [("REDEMPTION_NOT_FOUND", ["input", "redemption"])]
    assert hidden["decision"] is None
    assert hidden["balances"] == []
    unknown = {**given, "redemption": encode("Redemption", new_id())}
    for key, code, field in (
        ("known", "IDEMPOTENCY_KEY_REUSED", "idempotencyKey"),
        ("new", "REDEMPTION_NOT_FOUND", "redemption"),
    ):
        input = {**unknown, "idempotencyKey": key}
        answer = shop.execute(CANCEL, role=Role.STAFF, input=input)["cancelRedemption"]
        assert codes(answer) == [(code, ["input", field])]


def test_hold_can_be_undone_only_after_its_capture(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "250.00")
    ids = [hold(shop, card, value)["redemption"]["id"] for value in ("c-1", "c-2")]
    assert codes(cancel(shop, ids[0])) == [("INVALID_INPUT", ["input", "redemption"])]
    end(shop, CAPTURE, "c-1")
    end(shop, RELEASE, "c-2")
    assert cancel(shop, ids[0])["decision"]["outcome"] == "GRANTED"
    assert codes(cancel(shop, ids[1])) == [("NOT_HELD", ["input", "redemption"])]
    assert state(shop, card, ids[0]) == ("CANCELLED", 3, balance(250))
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("period", ["EVER", "YEAR"])
def test_undone_redemption_restores_its_lots_and_frees_its_limit(database_url: str, period: str) -> None:
    once = {"timesPerPeriod": {"times": 1, "period": period}}
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=3, conditions=[once], more=[TWO_HOURS])
        card = shop.enrol()
        for price in ("60.00", "30.00", "80.00"):
            shop.buy(card, price)
        id = redeemed(shop, card)
        undone = cancel(shop, id)
        assert [lot["points"] for lot in undone["entry"]["lots"]] == [10, 30, 60], "in reverse order"
        assert shop.redeem(card, "print")["decision"]["outcome"] == "GRANTED"
        assert shop.redeem(card, "print")["decision"]["outcome"] == "REFUSED"
        assert discrepancies_in(database_url) == []


@pytest.mark.parametrize("at_fault", [False, True])
def test_restored_points_past_their_last_day_expire_unless_the_shop_was_at_fault(
    database_url: str, at_fault: bool
) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock, template="blank") as shop:
        publish_print(shop, stock=9, more=[TEN_DAYS])
        card = shop.enrol()
        shop.buy(card, "100.00")
        id = redeemed(shop, card)
        clock.now = START + timedelta(days=20)
        undone = cancel(shop, id, shopAtFault=at_fault)
        assert undone["decision"]["outcome"] == "GRANTED"
        if not at_fault:
            assert [reason[:2] for reason in reasons(undone)] == [("REDEMPTION_UNDONE", "print")]
            assert shop.ledger(card)[2:] == [("REVERSAL", 100), ("EXPIRE", -100)]
            assert undone["balances"] == [{"available": 0}]
        else:
            code, clause, said = reasons(undone)[1]
            assert (code, clause) == ("GRACE_AFTER_REVERSAL", "ten-days")
            assert ("100 points" in said, "10 April 2090, 00:00" in said) == (True, True)
            last = datetime(2090, 4, 9, 22, 59, tzinfo=UTC)
            clock.now = last
            assert shop.redeem(card, "print")["decision"]["outcome"] == "GRANTED", "all of the last local day"
            assert shop.ledger(card)[2:] == [("REVERSAL", 100), ("REDEEM", -100)]
            cancel(shop, latest_redemption(shop, card))
            clock.now = last + timedelta(minutes=1)
            shop.buy(card, "1.00")
            assert shop.ledger(card)[4:] == [("REVERSAL", 100), ("EXPIRE", -100), ("EARN", 1)]
        assert discrepancies_in(database_url) == []


def latest_redemption(shop: Shop, card: str) -> str:
    """The redemption of a card's newest entry that has one."""
    data = shop.execute(
        "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 1) { nodes { redemption { id } } } } }",
        by={"card": card},
    )
    id: str = data["customer"]["ledger"]["nodes"][0]["redemption"]["id"]
    return id


def test_ledger_verifies_after_a_late_redemption_and_its_cancellation(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00", receipt="R-1")
    id = redeemed(shop, card)
    clock.now += timedelta(hours=1)
    cancel(shop, id)
    shop.buy(card, "70.00", occurredAt=(START + timedelta(seconds=1)).isoformat())
    shop.refund("R-1")
    assert shop.available(card) == 70
    assert discrepancies_in(shop.url) == []
