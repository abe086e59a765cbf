"""Receipts with implausible times, over HTTP on both databases: quarantined, listed, and settled once by staff."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.api.test_access import code_of, customer_key
from tests.api.test_merges import MERGE
from tests.api.test_staff_limits import tied_key
from tests.shop import Clock, Shop, open_shop
from tests.verification import discrepancies_in

ERRORS = "userErrors { code path detail }"
ITEM = """id kind state implausibleTime externalId occurredAt settledAt reason bookedFor total { amount }
  purchase { externalId points occurredAt } pending { id state }"""
BUY = f"""mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ decision {{ outcome }} entry {{ points }}
  purchase {{ id }} balances {{ available }} quarantined {{ {ITEM} }} {ERRORS} }} }}"""
REFUND = f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ entry {{ points }} cash {{ amount }}
  pending {{ id state }} quarantined {{ {ITEM} }} {ERRORS} }} }}"""
SETTLE = f"""mutation($input: SettleQuarantinedInput!) {{ settleQuarantined(input: $input) {{
  decision {{ outcome decidedFor points {{ points }} }} balances {{ available }} entry {{ type points occurredAt }}
  purchase {{ externalId }} customer {{ id }} quarantined {{ {ITEM} }} pending {{ id state statement }} {ERRORS} }} }}"""
LIST = f"""query($state: QuarantineState, $first: Int, $after: String) {{
  quarantine(state: $state, first: $first, after: $after) {{
    nodes {{ {ITEM} customer {{ id }} }} pageInfo {{ hasNextPage endCursor }} }} }}"""
NOON = datetime(2090, 3, 6, 12, tzinfo=UTC)
AHEAD = NOON + timedelta(minutes=9)
OLD = NOON - timedelta(days=30, minutes=1)


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    moved = Clock()
    moved.now = NOON
    return moved


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A live program with a point a pound; its ledger is verified at the end."""
    with open_shop(database_url, clock=clock, template="points", kind=ProgramKind.LIVE) as opened:
        yield opened
        assert discrepancies_in(opened.url) == []


def call(shop: Shop, query: str, *, role: Role = Role.TILL, key: str | None = None, **given: Any) -> Any:
    """The payload of the one mutation of a document."""
    input = {"idempotencyKey": uuid.uuid4().hex, **given}
    (payload,) = shop.execute(query, role=role, key=key, input=input).values()
    return payload


def buy(shop: Shop, card: str, receipt: str, at: datetime | None, *, price: str = "10.00", **more: Any) -> Any:
    """A purchase of one line, at a business time."""
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": price}]
    when = {"occurredAt": at.isoformat()} if at is not None else {}
    purchase = {"externalId": receipt, "lines": lines, **when}
    return call(shop, BUY, customer={"card": card}, purchase=purchase, **more)


def refund(shop: Shop, receipt: str, at: datetime | None, **more: Any) -> Any:
    """A refund of a whole purchase, at a business time."""
    when = {"occurredAt": at.isoformat()} if at is not None else {}
    return call(shop, REFUND, purchase={"externalId": receipt}, **when, **more)


def settle(shop: Shop, payload: Any, action: str, *, role: Role = Role.STAFF, **more: Any) -> Any:
    """Settles the quarantined receipt of a payload."""
    given = {"quarantined": payload["quarantined"]["id"], "action": action, "reason": "Clock of till 2.", **more}
    return call(shop, SETTLE, role=role, **given)


def codes(payload: Any) -> list[str]:
    """The codes of the user errors."""
    return [error["code"] for error in payload["userErrors"]]


def pending_in(shop: Shop) -> list[str | None]:
    """The numbers of the receipts that wait for a person."""
    return [item["externalId"] for item in shop.execute(LIST, role=Role.STAFF, state="PENDING")["quarantine"]["nodes"]]


@pytest.mark.parametrize(
    ("at", "why"), [(AHEAD, "AHEAD"), (OLD, "TOO_OLD"), (datetime(2084, 3, 6, tzinfo=UTC), "TOO_OLD")]
)
def test_purchase_with_an_implausible_time_is_quarantined(shop: Shop, at: datetime, why: str) -> None:
    card = shop.enrol()
    payload = buy(shop, card, "R1", at)
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [
        ("CLOCK_SKEW", ["input", "purchase", "occurredAt"])
    ]
    assert (payload["decision"], payload["entry"], payload["purchase"], payload["balances"]) == (None, None, None, [])
    item = payload["quarantined"]
    assert (item["kind"], item["state"], item["implausibleTime"], item["externalId"]) == (
        "PURCHASE",
        "PENDING",
        why,
        "R1",
    )
    assert (datetime.fromisoformat(item["occurredAt"]), item["total"]) == (at, {"amount": "10.00"})
    assert (shop.ledger(card), pending_in(shop)) == ([], ["R1"])


@pytest.mark.parametrize("at", [NOON + timedelta(minutes=4), NOON - timedelta(days=29, hours=23)])
def test_purchase_within_the_allowed_age_is_booked(shop: Shop, at: datetime) -> None:
    card = shop.enrol()
    assert buy(shop, card, "R1", at)["entry"] == {"points": 10}
    assert pending_in(shop) == []


def test_quarantined_receipt_keeps_its_identity_under_any_key(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    first = buy(shop, card, "R1", AHEAD, idempotencyKey="a")
    for key in ("a", "b"):
        again = buy(shop, card, "R1", AHEAD, idempotencyKey=key)
        assert (codes(again), again["quarantined"]["id"]) == (["CLOCK_SKEW"], first["quarantined"]["id"])
    clock.now += timedelta(hours=1)
    again = buy(shop, card, "R1", AHEAD)
    assert (codes(again), again["quarantined"]["id"]) == (["CLOCK_SKEW"], first["quarantined"]["id"])
    assert codes(buy(shop, card, "R1", AHEAD, price="11.00")) == ["RECEIPT_DIFFERS"]
    assert buy(shop, card, "R1", None)["quarantined"]["id"] == first["quarantined"]["id"], "it says no other time"
    assert codes(buy(shop, shop.enrol(), "R1", AHEAD)) == ["RECEIPT_DIFFERS"]
    assert (pending_in(shop), shop.ledger(card)) == (["R1"], [])


def test_receipt_sent_concurrently_is_quarantined_once(shop: Shop) -> None:
    card = shop.enrol()
    answers = shop.in_parallel([lambda: buy(shop, card, "R1", OLD)] * 6)
    assert len({answer["quarantined"]["id"] for answer in answers}) == 1
    assert pending_in(shop) == ["R1"]


def test_concurrent_receipts_are_all_quarantined(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(6)]
    shop.in_parallel([lambda card=card: buy(shop, card, f"R-{card}", OLD) for card in cards])
    assert sorted(pending_in(shop)) == sorted(f"R-{card}" for card in cards)


def test_quarantined_purchase_booked_as_sent_earns_at_its_time(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "5.00", receipt="NOW")
    kept = buy(shop, card, "R1", OLD)
    payload = settle(shop, kept, "BOOK_AS_SENT")
    assert (codes(payload), payload["decision"]["points"], payload["balances"]) == (
        [],
        [{"points": 10}],
        [{"available": 15}],
    )
    assert datetime.fromisoformat(payload["decision"]["decidedFor"]) == OLD
    assert datetime.fromisoformat(payload["entry"]["occurredAt"]) == OLD
    item = payload["quarantined"]
    assert (item["state"], item["reason"], item["purchase"]["externalId"]) == ("BOOKED", "Clock of till 2.", "R1")
    again = buy(shop, card, "R1", OLD)
    assert (codes(again), again["quarantined"], again["entry"]) == ([], None, {"points": 10})
    assert codes(buy(shop, card, "R1", OLD, price="11.00")) == ["RECEIPT_DIFFERS"]
    assert pending_in(shop) == []
    assert shop.available(card) == 15


def test_quarantined_purchase_booked_at_a_corrected_time_keeps_its_identity(shop: Shop) -> None:
    card = shop.enrol()
    sent = NOON - timedelta(days=6 * 365)
    kept = buy(shop, card, "R1", sent)
    at = NOON - timedelta(hours=1)
    payload = settle(shop, kept, "BOOK_AT", occurredAt=at.isoformat())
    assert codes(payload) == []
    assert datetime.fromisoformat(payload["quarantined"]["bookedFor"]) == at
    assert datetime.fromisoformat(payload["quarantined"]["purchase"]["occurredAt"]) == at
    assert datetime.fromisoformat(payload["quarantined"]["occurredAt"]) == sent
    again = buy(shop, card, "R1", sent)
    assert (codes(again), again["entry"]) == ([], {"points": 10})
    assert shop.ledger(card) == [("EARN", 10)]


def test_quarantined_receipt_cannot_be_booked_in_the_future(shop: Shop, clock: Clock) -> None:
    payload = buy(shop, shop.enrol(), "R1", AHEAD)
    early = settle(shop, payload, "BOOK_AS_SENT")
    assert [(error["code"], error["path"]) for error in early["userErrors"]] == [
        ("CLOCK_SKEW", ["input", "quarantined"])
    ]
    late = settle(shop, payload, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=7)).isoformat())
    assert [(error["code"], error["path"]) for error in late["userErrors"]] == [("CLOCK_SKEW", ["input", "occurredAt"])]
    assert pending_in(shop) == ["R1"]
    clock.now += timedelta(minutes=10)
    assert codes(settle(shop, payload, "BOOK_AS_SENT")) == []


def test_dismissed_receipt_is_not_booked_when_sent_again(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    kept = buy(shop, card, "R1", AHEAD)
    payload = settle(shop, kept, "DISMISS")
    assert (codes(payload), payload["decision"], payload["quarantined"]["state"]) == ([], None, "DISMISSED")
    clock.now += timedelta(hours=1)
    again = buy(shop, card, "R1", AHEAD)
    assert (codes(again), again["quarantined"]["state"]) == (["CLOCK_SKEW"], "DISMISSED")
    assert buy(shop, card, "R1", clock.now)["entry"] == {"points": 10}
    assert shop.ledger(card) == [("EARN", 10)]


def test_quarantined_receipt_is_settled_once_and_repeats_are_answered_the_same(shop: Shop) -> None:
    kept = buy(shop, shop.enrol(), "R1", OLD)
    payload = settle(shop, kept, "BOOK_AS_SENT", idempotencyKey="s")
    assert settle(shop, kept, "BOOK_AS_SENT", idempotencyKey="s") == payload
    for action in ("BOOK_AS_SENT", "DISMISS"):
        assert codes(settle(shop, kept, action)) == ["ALREADY_SETTLED"]


def test_concurrent_settlements_of_a_receipt_have_one_winner(shop: Shop) -> None:
    card = shop.enrol()
    payload = buy(shop, card, "R1", OLD)
    calls = [lambda action=action: settle(shop, payload, action) for action in ("BOOK_AS_SENT", "DISMISS") * 3]
    answers = shop.in_parallel(calls)
    assert sorted(code for answer in answers for code in codes(answer)) == ["ALREADY_SETTLED"] * 5
    won = next(answer for answer in answers if codes(answer) == [])
    assert shop.ledger(card) == ([("EARN", 10)] if won["decision"] is not None else [])


def test_settling_needs_a_reason_and_a_time_only_for_a_correction(shop: Shop) -> None:
    payload = buy(shop, shop.enrol(), "R1", OLD)
    assert codes(settle(shop, payload, "DISMISS", reason=" ")) == ["REASON_MISSING"]
    assert codes(settle(shop, payload, "DISMISS", reason="x" * 201)) == ["INVALID_INPUT"]
    assert codes(settle(shop, payload, "BOOK_AT")) == ["INVALID_INPUT"]
    assert codes(settle(shop, payload, "BOOK_AS_SENT", occurredAt=OLD.isoformat())) == ["INVALID_INPUT"]
    for id in ("nonsense", "UXVhcmFudGluZWRSZWNlaXB0OjAxYTIyYjhkLTFlNGYtNzdkOC05YmU3LTQxNWI0ZjEyYWExNw"):
        assert codes(settle(shop, {"quarantined": {"id": id}}, "DISMISS")) == ["QUARANTINED_NOT_FOUND"]


def test_only_staff_and_owner_list_and_settle_quarantined_receipts(shop: Shop) -> None:
    card = shop.enrol()
    payload = buy(shop, card, "R1", OLD)
    own = customer_key(shop.url, shop, card)
    input = {"idempotencyKey": "x", "quarantined": payload["quarantined"]["id"], "action": "DISMISS", "reason": "x"}
    node = "query($id: ID!) { node(id: $id) { id } }"
    for who in ({"role": Role.TILL}, {"key": own}):
        assert code_of(shop, SETTLE, input=input, **who) == "FORBIDDEN"
        assert code_of(shop, LIST, **who) == "FORBIDDEN"
        assert shop.execute(node, id=payload["quarantined"]["id"], **who)["node"] is None
    assert shop.execute(node, id=payload["quarantined"]["id"], role=Role.STAFF)["node"] == {
        "id": payload["quarantined"]["id"]
    }
    assert codes(settle(shop, payload, "DISMISS", role=Role.OWNER)) == []


def test_quarantine_list_has_pages_and_a_state_filter(shop: Shop) -> None:
    card = shop.enrol()
    kept = [buy(shop, card, f"R{place}", OLD) for place in range(5)]
    settle(shop, kept[1], "DISMISS")
    page = shop.execute(LIST, role=Role.STAFF, state="PENDING", first=3)["quarantine"]
    assert [item["externalId"] for item in page["nodes"]] == ["R0", "R2", "R3"]
    assert page["pageInfo"]["hasNextPage"]
    rest = shop.execute(LIST, role=Role.STAFF, state="PENDING", first=3, after=page["pageInfo"]["endCursor"])[
        "quarantine"
    ]
    assert [item["externalId"] for item in rest["nodes"]] == ["R4"]
    dismissed = shop.execute(LIST, role=Role.OWNER, state="DISMISSED")["quarantine"]["nodes"]
    assert [item["externalId"] for item in dismissed] == ["R1"]
    assert len(shop.execute(LIST, role=Role.OWNER, state=None)["quarantine"]["nodes"]) == 5


def test_quarantined_receipt_hides_its_customer_and_follows_a_merge(shop: Shop) -> None:
    card, survivor = shop.enrol(), shop.enrol()
    payload = buy(shop, card, "R1", OLD)
    merged = call(
        shop, MERGE, role=Role.OWNER, merged={"card": card}, survivor={"card": survivor}, reason="Same person."
    )
    assert merged["userErrors"] == []
    again = buy(shop, survivor, "R1", OLD)
    assert again["quarantined"]["id"] == payload["quarantined"]["id"]
    assert codes(settle(shop, payload, "BOOK_AS_SENT")) == []
    assert shop.available(survivor) == 10


def test_key_tied_to_a_card_cannot_quarantine_or_book_its_receipts(shop: Shop) -> None:
    card = shop.enrol()
    key = tied_key(shop, card)
    assert codes(buy(shop, card, "R1", OLD, key=key)) == ["OWN_CARD"]
    payload = buy(shop, card, "R2", OLD)
    given = {"quarantined": payload["quarantined"]["id"], "action": "BOOK_AS_SENT", "reason": "Clock."}
    assert codes(call(shop, SETTLE, key=key, **given)) == ["OWN_CARD"]
    assert pending_in(shop) == ["R2"]


def test_receipt_that_is_invalid_at_any_time_is_rejected_and_not_quarantined(shop: Shop) -> None:
    assert codes(buy(shop, "NOBODY", "R1", OLD)) == ["CUSTOMER_NOT_FOUND"]
    card = shop.enrol()
    assert buy(shop, card, "R2", NOON)["entry"] == {"points": 10}
    assert codes(buy(shop, card, "R2", OLD)) == ["RECEIPT_DIFFERS"]
    assert pending_in(shop) == []


@pytest.mark.parametrize(("at", "why"), [(AHEAD, "AHEAD"), (OLD, "TOO_OLD")])
def test_refund_with_an_implausible_time_is_quarantined_and_settled(shop: Shop, at: datetime, why: str) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    kept = refund(shop, "R1", at, externalId="F1")
    assert [(error["code"], error["path"]) for error in kept["userErrors"]] == [("CLOCK_SKEW", ["input", "occurredAt"])]
    item = kept["quarantined"]
    assert (item["kind"], item["implausibleTime"], item["externalId"], item["total"]) == ("REFUND", why, "F1", None)
    for key in ("a", "b"):
        assert refund(shop, "R1", at, externalId="F1", idempotencyKey=key)["quarantined"]["id"] == item["id"]
    assert codes(refund(shop, "R1", at, externalId="F1", reason="else")) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 10
    payload = settle(shop, kept, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=1)).isoformat())
    assert (codes(payload), payload["entry"]["points"], payload["quarantined"]["state"]) == ([], -10, "BOOKED")
    assert refund(shop, "R1", at, externalId="F1")["entry"] == {"points": -10}
    assert (shop.available(card), pending_in(shop)) == (0, [])


def test_unnumbered_refund_with_another_key_is_a_new_refund_even_in_quarantine(shop: Shop) -> None:
    card = shop.enrol()
    cups = [{"sku": "cup", "quantity": "4", "unitPrice": "10.00"}]
    shop.buy(card, "", lines=cups, receipt="R1", occurredAt=NOON.isoformat())
    cup = {"lines": [{"line": 1, "quantity": "1"}]}
    for key in ("a", "a", "b"):
        assert refund(shop, "R1", NOON + timedelta(minutes=1), idempotencyKey=key, **cup)["entry"] == {"points": -10}
    assert shop.available(card) == 20
    kept = [refund(shop, "R1", AHEAD, idempotencyKey=key, **cup) for key in ("c", "c", "d")]
    assert kept[0]["quarantined"]["id"] == kept[1]["quarantined"]["id"] != kept[2]["quarantined"]["id"]
    assert pending_in(shop) == [None, None]
    corrected = {"occurredAt": (NOON + timedelta(minutes=2)).isoformat()}
    assert [settle(shop, value, "BOOK_AT", **corrected)["entry"]["points"] for value in kept[1:]] == [-10, -10]
    assert shop.available(card) == 0


def test_recorded_refund_is_answered_as_recorded_however_late(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    at = clock.now
    assert refund(shop, "R1", at, externalId="F1")["entry"] == {"points": -10}
    clock.now += timedelta(days=60)
    again = refund(shop, "R1", at, externalId="F1")
    assert (codes(again), again["entry"]) == ([], {"points": -10})


def test_quarantined_refund_that_does_not_fit_its_purchase_stays_quarantined(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    payload = refund(shop, "R1", AHEAD)
    assert refund(shop, "R1", None)["entry"] == {"points": -10}
    refused = settle(shop, payload, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=1)).isoformat())
    assert codes(refused) == ["NOTHING_TO_REFUND"]
    assert codes(settle(shop, payload, "DISMISS")) == []


def test_refund_is_pending_until_its_quarantined_purchase_is_booked(shop: Shop) -> None:
    card = shop.enrol()
    payload = buy(shop, card, "R1", OLD)
    assert refund(shop, "R1", None)["pending"]["state"] == "PENDING"
    assert settle(shop, payload, "BOOK_AS_SENT")["balances"] == [{"available": 0}]
    assert shop.ledger(card) == [("EARN", 10), ("CLAWBACK", -10)]


def test_quarantined_refund_is_pending_until_its_purchase_arrives(shop: Shop) -> None:
    card = shop.enrol()
    kept = refund(shop, "R1", AHEAD)
    assert kept["quarantined"]["kind"] == "REFUND"
    payload = settle(shop, kept, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=1)).isoformat())
    assert (codes(payload), payload["pending"]["state"], payload["quarantined"]["pending"]["state"]) == (
        [],
        "PENDING",
        "PENDING",
    )
    buy(shop, card, "R1", NOON)
    assert shop.ledger(card) == [("EARN", 10), ("CLAWBACK", -10)]


def test_pending_refund_can_be_dismissed(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    mistyped = refund(shop, "R11", None, externalId="F1")["pending"]
    given = {"quarantined": mistyped["id"], "reason": "Meant R1."}
    assert codes(call(shop, SETTLE, role=Role.STAFF, action="BOOK_AS_SENT", **given)) == ["INVALID_INPUT"]
    payload = call(shop, SETTLE, role=Role.STAFF, action="DISMISS", **given)
    assert (codes(payload), payload["pending"]["state"], payload["pending"]["statement"]) == ([], "DISMISSED", None)
    assert codes(call(shop, SETTLE, role=Role.STAFF, action="DISMISS", **given)) == ["ALREADY_SETTLED"]
    assert shop.execute("{ pendingRefunds { id } }", role=Role.STAFF)["pendingRefunds"] == []
    shop.buy(card, "20.00", receipt="R11")
    assert shop.ledger(card) == [("EARN", 10), ("EARN", 20)]
    assert refund(shop, "R1", None, externalId="F1")["entry"] == {"points": -10}


def test_sandbox_accepts_any_age_and_quarantines_future_times(database_url: str, clock: Clock) -> None:
    with open_shop(database_url, clock=clock) as shop:
        card = shop.enrol()
        assert buy(shop, card, "R1", datetime(2020, 3, 6, tzinfo=UTC))["entry"] == {"points": 10}
        assert buy(shop, card, "R2", AHEAD)["quarantined"]["implausibleTime"] == "AHEAD"
        assert discrepancies_in(shop.url) == []


def test_owner_sets_the_allowed_age(shop: Shop) -> None:
    update = f"mutation($input: UpdateProgramInput!) {{ updateProgram(input: $input) {{ program {{ receiptAgeDays }} {ERRORS} }} }}"
    assert shop.execute("{ program { receiptAgeDays } }")["program"] == {"receiptAgeDays": 30}
    payload = call(shop, update, role=Role.OWNER, receiptAgeDays=31)
    assert payload == {"program": {"receiptAgeDays": 31}, "userErrors": []}
    card = shop.enrol()
    assert buy(shop, card, "R1", OLD)["entry"] == {"points": 10}
    for days in (0, 36_501):
        assert codes(call(shop, update, role=Role.OWNER, receiptAgeDays=days)) == ["INVALID_INPUT"]


EXCHANGE = f"""mutation($input: RecordExchangeInput!) {{ recordExchange(input: $input) {{ entry {{ points }}
  refund {{ entry {{ points }} }} pending {{ id state }} quarantined {{ {ITEM} }} {ERRORS} }} }}"""


def exchange(shop: Shop, receipt: str, new: str, at: datetime, *, price: str = "30.00", **more: Any) -> Any:
    """The whole of a purchase exchanged for something else, at a business time."""
    lines = [{"sku": "other", "quantity": "1", "unitPrice": price}]
    purchase = {"externalId": new, "lines": lines, "occurredAt": at.isoformat()}
    back = {"purchase": {"externalId": receipt}, "externalId": f"F-{new}"}
    return call(shop, EXCHANGE, refund=back, purchase=purchase, **more)


def test_exchange_with_an_implausible_time_is_quarantined_and_booked_as_one(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    kept = exchange(shop, "R1", "R2", AHEAD)
    assert [(error["code"], error["path"]) for error in kept["userErrors"]] == [
        ("CLOCK_SKEW", ["input", "purchase", "occurredAt"])
    ]
    item = kept["quarantined"]
    assert (item["kind"], item["total"], kept["entry"], kept["refund"]) == ("EXCHANGE", {"amount": "30.00"}, None, None)
    clock.now += timedelta(hours=1)
    assert exchange(shop, "R1", "R2", AHEAD)["quarantined"]["id"] == item["id"]
    assert codes(exchange(shop, "R1", "R2", AHEAD, price="31.00")) == ["RECEIPT_DIFFERS"]
    assert codes(buy(shop, card, "R2", clock.now)) == ["RECEIPT_DIFFERS"]
    assert shop.available(card) == 10
    payload = settle(shop, kept, "BOOK_AS_SENT")
    assert (codes(payload), payload["quarantined"]["state"]) == ([], "BOOKED")
    assert payload["quarantined"]["purchase"]["externalId"] == "R2"
    assert shop.available(card) == 30
    clock.now += timedelta(days=60)
    again = exchange(shop, "R1", "R2", AHEAD)
    assert (codes(again), again["quarantined"]) == ([], None)
    assert shop.available(card) == 30


def test_quarantined_exchange_is_pending_until_its_purchase_arrives(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    kept = exchange(shop, "R1", "R2", OLD)
    assert (kept["quarantined"]["kind"], kept["entry"]) == ("EXCHANGE", None)
    assert exchange(shop, "R1", "R2", OLD)["quarantined"]["id"] == kept["quarantined"]["id"]
    assert codes(exchange(shop, "R1", "R2", OLD, price="31.00")) == ["RECEIPT_DIFFERS"]
    payload = settle(shop, kept, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=1)).isoformat())
    assert (codes(payload), payload["pending"]["state"], payload["quarantined"]["pending"]["state"]) == (
        [],
        "PENDING",
        "PENDING",
    )
    again = exchange(shop, "R1", "R2", OLD)
    assert (codes(again), again["quarantined"], again["pending"]["id"]) == ([], None, payload["pending"]["id"])
    assert codes(buy(shop, card, "R2", NOON)) == ["RECEIPT_DIFFERS"]
    buy(shop, card, "R1", NOON)
    assert shop.ledger(card) == [("EARN", 10), ("EARN", 20), ("CLAWBACK", 0)]
    again = exchange(shop, "R1", "R2", OLD)
    assert (codes(again), again["quarantined"], again["pending"]) == ([], None, None)
    assert shop.available(card) == 30


def test_quarantined_exchange_that_cannot_be_booked_writes_nothing(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    payload = exchange(shop, "R1", "R2", AHEAD)
    assert shop.refund("R1")["userErrors"] == []
    clock.now += timedelta(hours=1)
    assert codes(settle(shop, payload, "BOOK_AS_SENT")) == ["NOTHING_TO_REFUND"]
    assert shop.ledger(card) == [("EARN", 10), ("CLAWBACK", -10)]
    assert pending_in(shop) == ["R2"]


def test_daily_receipt_number_keeps_the_day_that_was_sent(shop: Shop) -> None:
    update = f"mutation($input: UpdateProgramInput!) {{ updateProgram(input: $input) {{ {ERRORS} }} }}"
    assert codes(call(shop, update, role=Role.OWNER, receiptNumbers="PER_DAY")) == []
    card = shop.enrol()
    sent = NOON - timedelta(days=6 * 365)
    payload = buy(shop, card, "0001", sent)
    other = buy(shop, card, "0001", sent - timedelta(days=1), price="20.00")
    assert payload["quarantined"]["id"] != other["quarantined"]["id"]
    assert buy(shop, card, "0001", NOON, price="30.00")["entry"] == {"points": 30}
    assert codes(settle(shop, payload, "BOOK_AT", occurredAt=(NOON - timedelta(hours=1)).isoformat())) == []
    assert codes(settle(shop, other, "BOOK_AT", occurredAt=(NOON - timedelta(hours=2)).isoformat())) == []
    assert buy(shop, card, "0001", sent)["entry"] == {"points": 10}
    assert buy(shop, card, "0001", sent - timedelta(days=1), price="20.00")["entry"] == {"points": 20}
    assert codes(buy(shop, card, "0001", sent, price="11.00")) == ["RECEIPT_DIFFERS"]
    assert (shop.available(card), pending_in(shop)) == (60, [])


def test_exchange_booked_at_a_corrected_time_is_recognised_when_sent_again(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "10.00", receipt="R1")
    kept = exchange(shop, "R1", "R2", OLD)
    clock.now += timedelta(hours=1)
    payload = settle(shop, kept, "BOOK_AT", occurredAt=(NOON + timedelta(minutes=30)).isoformat())
    assert codes(payload) == []
    again = exchange(shop, "R1", "R2", OLD)
    assert (codes(again), again["quarantined"]) == ([], None)
    assert shop.available(card) == 30


def test_daily_number_of_a_pending_refund_keeps_the_day_that_was_sent(shop: Shop) -> None:
    update = f"mutation($input: UpdateProgramInput!) {{ updateProgram(input: $input) {{ {ERRORS} }} }}"
    assert codes(call(shop, update, role=Role.OWNER, receiptNumbers="PER_DAY")) == []
    card, day = shop.enrol(), NOON.date().isoformat()
    by_day = {"receipt": {"externalId": "R1", "day": day}}
    sent = {"purchase": by_day, "occurredAt": OLD.isoformat(), "externalId": "F1"}
    payload = call(shop, REFUND, **sent)
    corrected = (NOON - timedelta(minutes=1)).isoformat()
    assert settle(shop, payload, "BOOK_AT", occurredAt=corrected)["pending"]["state"] == "PENDING"
    buy(shop, card, "R2", NOON - timedelta(hours=2), price="20.00")
    other = {"receipt": {"externalId": "R2", "day": day}}
    assert codes(call(shop, REFUND, purchase=other, occurredAt=corrected, externalId="F1")) == []
    buy(shop, card, "R1", NOON - timedelta(hours=1))
    assert shop.ledger(card) == [("EARN", 20), ("CLAWBACK", -20), ("EARN", 10), ("CLAWBACK", -10)]
    again = call(shop, REFUND, **sent)
    assert (codes(again), again["quarantined"], again["entry"]) == ([], None, {"points": -10})
