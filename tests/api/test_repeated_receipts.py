"""Requests sent again under another key get the recorded payload, field by field, over HTTP on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
)

from app.api.schema import schema
from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from app.graphql_server.limits.rate_limits import RateLimit
from app.graphql_server.schema.core_schema import core_schema
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_late_events import REWARD
from tests.shop import Clock, Shop, open_shop
from tests.verification import discrepancies_in

SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
VISIT = {"key": "visit", "effect": {"stamps": {"stamps": 2}}}
FIVE = {"key": "five", "effect": {"rewardCost": {"reward": "five", "points": 30}}}
MEAL = {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 2, "unit": "STAMPS"}}}
BELOW = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
DEEP = 3
"""The depth of the selection: fields of objects inside objects inside a payload."""

_CORE = core_schema(schema)


def every_field(kind: str) -> str:
    """A selection of all fields of a payload except queries, pages and the time of reading."""
    return _selected(_CORE.type_map[kind], left=DEEP)


def _selected(of: Any, *, left: int) -> str:
    found = []
    for name, field in of.fields.items():
        if name in ("query", "asOf") or any(isinstance(value.type, GraphQLNonNull) for value in field.args.values()):
            continue
        fields = _scalar_fields(field.type, left=left)
        if fields is not None:
            found.append(f"{name}{fields}")
    return f"{{ {' '.join(found)} }}"


def _scalar_fields(of: GraphQLOutputType, *, left: int) -> str | None:
    named = get_named_type(of)
    if is_leaf_type(named):
        return ""
    if not isinstance(named, GraphQLObjectType | GraphQLInterfaceType) or named.name.endswith("Connection"):
        return None
    return f" {_selected(named, left=left - 1)}" if left else None


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture(params=[(), (BELOW,)], ids=["clamped", "owing"])
def shop(request: pytest.FixtureRequest, database_url: str, clock: Clock) -> Iterator[Shop]:
    """A point a pound and two stamps a visit, five pounds for 30 points and a meal for two stamps; the ledger is
    verified at the end."""
    with open_shop(
        database_url,
        clock=clock,
        template="blank",
        kind=ProgramKind.LIVE,
        rate_limit=RateLimit(10_000_000, 10_000_000),
    ) as opened:
        for key in ("five", "meal"):
            input = {"idempotencyKey": key, "key": key, "name": key, "description": "Less to pay"}
            assert opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        publish(opened, SPEND, VISIT, FIVE, MEAL, *request.param)
        yield opened
        assert discrepancies_in(opened.url) == []


def call(shop: Shop, command: str, *, role: Role = Role.OWNER, **given: Any) -> Any:
    """The payload of a command with all its fields."""
    kind = f"{command[0].upper()}{command[1:]}"
    query = f"mutation($input: {kind}Input!) {{ {command}(input: $input) {every_field(f'{kind}Payload')} }}"
    return shop.execute(query, role=role, input={"idempotencyKey": uuid.uuid4().hex, **given})[command]


def differences(value: Any, other: Any, *, at: str = "") -> list[str]:
    """Where two payloads differ."""
    if isinstance(value, dict) and isinstance(other, dict) and value.keys() == other.keys():
        return [place for name in value for place in differences(value[name], other[name], at=f"{at}.{name}")]
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        pairs = enumerate(zip(value, other, strict=True))
        return [place for count, (a, b) in pairs for place in differences(a, b, at=f"{at}.{count}")]
    return [] if value == other else [f"{at}: {value!r} is not {other!r}"]


def repeated(shop: Shop, command: str, **given: Any) -> Any:
    """The payload of a command, which must be the same under another key but for `alreadyRecorded`."""
    first, again = call(shop, command, **given), call(shop, command, **given)
    assert first["alreadyRecorded"] is False
    assert differences(again, {**first, "alreadyRecorded": True}) == []
    return first


def receipt(number: str, at: datetime, price: str = "40.00", **more: Any) -> dict[str, Any]:
    """A receipt of two articles at the same price."""
    lines = [{"sku": sku, "quantity": "1", "unitPrice": price} for sku in ("cup", "pot")]
    return {"externalId": number, "occurredAt": at.isoformat(), "lines": lines, **more}


def redeemed(shop: Shop, card: str, reward: str) -> str:
    """The id of a new redemption."""
    id: str = shop.redeem(card, reward)["redemption"]["id"]
    return id


def paid_with(shop: Shop, card: str) -> list[dict[str, str]]:
    """A payment with points and one with stamps."""
    five, meal = redeemed(shop, card, "five"), redeemed(shop, card, "meal")
    return [{"kind": "POINTS", "amount": amount, "redemptionId": id} for amount, id in (("5.00", five), ("7.00", meal))]


def codes(payload: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in payload["userErrors"]]


def test_compared_fields_are_all_fields_of_the_payload() -> None:
    for name in (
        "shortfall",
        "pointsRestored",
        "stampsRestored",
        "cash",
        "balances",
        "pending",
        "entry",
        "summary",
        "statement",
    ):
        assert f" {name} " in every_field("RecordRefundPayload"), name
    for name in ("toPay", "refund", "pointsRestored", "stampsRestored", "cash", "balances"):
        assert f" {name} " in every_field("RecordExchangePayload"), name


def test_repeated_purchase_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    sold = receipt("R1", clock.now, payments=paid_with(shop, card))
    first = repeated(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    assert (codes(first), first["decision"]["points"][0]["points"]) == ([], 68)


def test_repeated_refund_of_a_payment_with_points_and_stamps_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    sold = receipt("R1", clock.now, payments=paid_with(shop, card))
    call(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    purchase, at = {"externalId": "R1"}, clock.now.isoformat()
    part = repeated(shop, "recordRefund", purchase=purchase, lines=[{"line": 1}], externalId="F1", occurredAt=at)
    assert (part["pointsRestored"], part["stampsRestored"], part["cash"]["amount"]) == (15, 1, "34.00")
    rest = repeated(shop, "recordRefund", purchase=purchase, externalId="F2", occurredAt=clock.now.isoformat())
    assert (rest["pointsRestored"], rest["stampsRestored"], rest["cash"]["amount"]) == (15, 1, "34.00")
    again = call(shop, "recordRefund", purchase=purchase, lines=[{"line": 1}], externalId="F1", occurredAt=at)
    said = ("decision", "shortfall", "pointsRestored", "stampsRestored", "cash", "entry")
    assert {name: again[name] for name in said} == {name: part[name] for name in said}


def test_repeated_refund_with_a_shortfall_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    call(shop, "recordPurchase", customer={"card": card}, purchase=receipt("R1", clock.now))
    redeemed(shop, card, "five"), redeemed(shop, card, "five"), redeemed(shop, card, "meal")
    at = clock.now.isoformat()
    first = repeated(shop, "recordRefund", purchase={"externalId": "R1"}, externalId="F1", occurredAt=at)
    owing = first["balances"][0]["owed"]
    assert (first["shortfall"], owing) in [(60, 0), (0, 60)]


def test_repeated_pending_refund_is_answered_before_and_after_it_is_applied(shop: Shop, clock: Clock) -> None:
    card, at = shop.enrol(), clock.now
    shop.buy(card, "60.00", occurredAt=at.isoformat())
    payments, sold_at = paid_with(shop, card), clock.now
    back = {"purchase": {"externalId": "R1"}, "externalId": "F1", "occurredAt": clock.now.isoformat()}
    waits = repeated(shop, "recordRefund", **back)
    assert waits["pending"]["state"] == "PENDING"
    sold = receipt("R1", sold_at, payments=payments)
    call(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    payload = call(shop, "recordRefund", **back)
    assert (codes(payload), payload["alreadyRecorded"], payload["pointsRestored"], payload["stampsRestored"]) == (
        [],
        True,
        30,
        2,
    )
    assert payload["cash"]["amount"] == "68.00"


def test_repeated_refund_is_answered_as_recorded_after_a_merge(shop: Shop, clock: Clock) -> None:
    card, stays = shop.enrol(), shop.enrol()
    shop.buy(card, "60.00")
    sold = receipt("R1", clock.now, payments=paid_with(shop, card))
    call(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    given = {"merged": {"card": card}, "survivor": {"card": stays}, "reason": "The same person."}
    assert codes(call(shop, "mergeCustomers", **given)) == []
    at = clock.now.isoformat()
    back = repeated(shop, "recordRefund", purchase={"externalId": "R1"}, externalId="F1", occurredAt=at)
    assert (back["pointsRestored"], back["stampsRestored"]) == (30, 2)


def test_repeated_exchange_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    sold = receipt("R1", clock.now, payments=paid_with(shop, card))
    call(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    back = {"purchase": {"externalId": "R1"}, "externalId": "F1"}
    first = repeated(shop, "recordExchange", refund=back, purchase=receipt("R2", clock.now, "30.00"))
    assert (codes(first), first["refund"]["cash"]["amount"]) == ([], "17.00")
    assert (first["refund"]["pointsRestored"], first["refund"]["stampsRestored"]) == (8, 1)


def test_repeated_hold_is_answered_as_recorded(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    given = {"customer": {"card": card}, "reward": {"key": "five"}, "checkout": "C1", "minutes": 30}
    assert codes(repeated(shop, "holdRedemption", **given)) == []


def test_hold_keeps_its_price_after_the_reward_became_cheaper_or_ended(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    ends = clock.now + timedelta(days=40)
    publish(shop, SPEND, VISIT, MEAL, effectiveFrom=ends.isoformat())
    clock.now = ends - timedelta(hours=2)
    given = {"customer": {"card": card}, "reward": {"key": "five"}, "checkout": "C1", "minutes": 300}
    first = call(shop, "holdRedemption", **given)
    assert (codes(first), first["decision"]["points"][0]["points"]) == ([], 30)
    publish(shop, SPEND, VISIT, MEAL, {**FIVE, "effect": {"rewardCost": {"reward": "five", "points": 20}}})
    for later in (timedelta(minutes=1), timedelta(hours=2, minutes=30)):
        clock.now += later
        again = call(shop, "holdRedemption", **given)
        assert (codes(again), again["alreadyRecorded"], again["balances"]) == ([], True, first["balances"])
        assert again["redemption"]["id"] == first["redemption"]["id"]
        for name in ("outcome", "decidedFor", "points", "summary", "lines"):
            assert again["decision"][name] == first["decision"][name], name
        assert again["decision"]["terms"]["version"] == first["decision"]["terms"]["version"]


def test_repeated_quarantined_purchase_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    call(shop, "recordPurchase", customer={"card": card}, purchase=receipt("R1", clock.now))
    ahead = clock.now + timedelta(hours=1)
    bought = {"customer": {"card": card}, "purchase": receipt("R2", ahead)}
    back = {"purchase": {"externalId": "R1"}, "externalId": "F1", "occurredAt": ahead.isoformat()}
    swapped = {"refund": {"purchase": {"externalId": "R1"}}, "purchase": receipt("R3", ahead)}
    for command, given in (("recordPurchase", bought), ("recordRefund", back), ("recordExchange", swapped)):
        first, again = call(shop, command, **given), call(shop, command, **given)
        assert (again, codes(first)) == (first, ["CLOCK_SKEW"])
        assert first["quarantined"]["state"] == "PENDING"


def test_purchase_booked_from_quarantine_is_answered_as_recorded(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "60.00")
    sold = receipt("R1", clock.now, payments=paid_with(shop, card))
    call(shop, "recordPurchase", customer={"card": card}, purchase=sold)
    ahead = clock.now + timedelta(hours=1)
    back = {"purchase": {"externalId": "R1"}, "externalId": "F1", "occurredAt": ahead.isoformat()}
    kept = call(shop, "recordRefund", **back)["quarantined"]["id"]
    settled = {"quarantined": kept, "action": "BOOK_AT", "occurredAt": clock.now.isoformat(), "reason": "Its clock."}
    booked = call(shop, "settleQuarantined", **settled)
    assert codes(booked) == []
    again = call(shop, "recordRefund", **back)
    assert again["alreadyRecorded"] is True
    for name in ("shortfall", "pointsRestored", "stampsRestored", "cash"):
        assert again[name] == booked["refund"][name], name
    assert again["decision"]["summary"] == booked["refund"]["decision"]["summary"]
    assert again["entry"]["id"] == booked["refund"]["entry"]["id"]
    assert (again["pointsRestored"], again["stampsRestored"]) == (30, 2)
