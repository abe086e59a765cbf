"""Transfers of points between customers, on both databases."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.domain.access import Role
from tests.api.scheduled_shop import (
    DAY,
    START,
    advance,
    balance,
    dated_entries,
    deliver,
    inbox,
    scheduled_shop,
    validity,
    visit,
)
from tests.api.test_access import code_of, customer_key
from tests.shop import Shop
from tests.transfers import TRANSFER, error_codes, find_customer, join, merge, transfer
from tests.verification import discrepancies_in


def ago(**span: float) -> str:
    """An instant in the past."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


def test_transfer_is_recorded_in_both_ledgers(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    shop.buy(sender, "50.00")
    shop.buy(recipient, "5.00")
    payload = transfer(shop, sender, recipient, 100)
    assert payload["userErrors"] == []
    assert payload["balances"] == [{"available": 30}]
    assert (payload["entry"]["type"], payload["entry"]["points"]) == ("TRANSFER", -100)
    assert (payload["received"]["type"], payload["received"]["points"]) == ("TRANSFER", 100)
    assert [lot["points"] for lot in payload["entry"]["lots"]] == [-80, -20], "the lots that would be spent first"
    assert [lot["points"] for lot in payload["received"]["lots"]] == [80, 20]
    assert payload["entry"]["counterparties"] == [{"id": find_customer(shop, recipient)["id"]}]
    assert payload["received"]["counterparties"] == [{"id": find_customer(shop, sender)["id"]}]
    assert shop.ledger(sender) == [("EARN", 80), ("EARN", 50), ("TRANSFER", -100)]
    assert shop.ledger(recipient) == [("EARN", 5), ("TRANSFER", 100)]
    assert find_customer(shop, recipient)["wallet"]["balances"][0]["lifetime"] == "5", "what was given was not earned"
    assert shop.redeem(recipient)["decision"]["outcome"] == "GRANTED"
    assert discrepancies_in(shop.url) == []


def test_every_entry_of_a_transfer_is_explained(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    payload = transfer(shop, sender, recipient, 30)
    for side, points in (("entry", -30), ("received", 30)):
        explain = shop.execute(
            "query($e: ID!) { explain(entry: $e) { agrees recomputedPoints decision { outcome } } }",
            e=payload[side]["id"],
        )["explain"]
        assert explain == {"agrees": True, "recomputedPoints": points, "decision": {"outcome": "GRANTED"}}


def test_invalid_transfer_is_rejected_and_moves_nothing(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    assert error_codes(transfer(shop, sender, recipient, 81)) == [("NOT_ENOUGH_POINTS", ["points"])]
    assert error_codes(transfer(shop, sender, recipient, 0)) == [("INVALID_INPUT", ["points"])]
    assert error_codes(transfer(shop, sender, recipient, -5)) == [("INVALID_INPUT", ["points"])]
    assert error_codes(transfer(shop, sender, sender, 5)) == [("SAME_CUSTOMER", ["to"])]
    assert error_codes(transfer(shop, sender, "NOBODY99", 5)) == [("CUSTOMER_NOT_FOUND", ["to"])]
    assert error_codes(transfer(shop, "NOBODY99", recipient, 5)) == [("CUSTOMER_NOT_FOUND", ["from"])]
    assert error_codes(transfer(shop, sender, recipient, 5, reason="  ")) == [("REASON_MISSING", ["reason"])]
    assert error_codes(transfer(shop, sender, recipient, 5, reason="x" * 201)) == [("INVALID_INPUT", ["reason"])]
    assert (shop.ledger(sender), shop.ledger(recipient)) == ([("EARN", 80)], [])
    assert discrepancies_in(shop.url) == []


def test_repeated_transfer_is_executed_once(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    first, again = (transfer(shop, sender, recipient, 30, key="once") for _ in range(2))
    assert again == first
    assert error_codes(transfer(shop, sender, recipient, 31, key="once")) == [
        ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    ]
    assert shop.ledger(sender) == [("EARN", 80), ("TRANSFER", -30)]


def test_only_owner_and_staff_transfer_points(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    own = customer_key(shop.url, shop, sender)
    input = {"from": {"card": sender}, "to": {"card": recipient}, "points": 1, "reason": "r", "idempotencyKey": "k"}
    assert code_of(shop, TRANSFER, role=Role.TILL, input=input) == "FORBIDDEN"
    assert code_of(shop, TRANSFER, key=own, input=input) == "FORBIDDEN"
    assert transfer(shop, sender, recipient, 1, role=Role.OWNER)["userErrors"] == []
    assert shop.available(recipient) == 1


def test_receiver_of_a_transfer_is_visible_to_staff_and_not_to_the_sender(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00")
    entry = transfer(shop, sender, recipient, 10)["entry"]["id"]
    query = "query($e: ID!) { node(id: $e) { ... on LedgerEntry { points counterparties { id } } } }"
    own = customer_key(shop.url, shop, sender)
    assert shop.execute(query, key=own, e=entry)["node"] == {"points": -10, "counterparties": []}
    other = customer_key(shop.url, shop, recipient)
    assert shop.execute(query, key=other, e=entry) == {"node": None}


@pytest.mark.parametrize("price", ["10.00", "40.00"])
def test_refund_after_a_transfer_takes_the_remaining_points(shop: Shop, price: str) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00", receipt="R-1")
    shop.buy(sender, price)
    transfer(shop, sender, recipient, 80)
    refund = shop.refund("R-1")
    left = int(price.partition(".")[0])
    assert (refund["entry"]["points"], refund["shortfall"]) == (-left, 80 - left)
    assert (shop.available(sender), shop.available(recipient)) == (0, 80)
    assert discrepancies_in(shop.url) == []


def test_late_events_do_not_change_a_transfer(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00", receipt="R-1", occurredAt=ago(hours=5))
    shop.buy(recipient, "3.00", receipt="R-2", occurredAt=ago(hours=5))
    transfer(shop, sender, recipient, 70)
    shop.buy(sender, "20.00", occurredAt=ago(hours=4))
    shop.buy(recipient, "7.00", occurredAt=ago(hours=4))
    assert shop.refund("R-1", occurredAt=ago(hours=3))["userErrors"] == []
    assert shop.refund("R-2", occurredAt=ago(hours=3))["userErrors"] == []
    # The refund came before the gift: of 20 points 70 were given, and 50 are owed.
    owed = find_customer(shop, sender)["wallet"]["balances"][0]
    assert (owed["available"], owed["owed"]) == (0, 50)
    assert shop.available(recipient) == 77
    assert discrepancies_in(shop.url) == []
    shop.buy(sender, "60.00")
    owed = find_customer(shop, sender)["wallet"]["balances"][0]
    assert (owed["available"], owed["owed"]) == (10, 0)
    assert discrepancies_in(shop.url) == []


def test_concurrent_transfers_in_both_directions_lose_nothing_and_do_not_deadlock(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(3)]
    for card in cards:
        shop.buy(card, "100.00")
    pairs = list(permutations(cards, 2))
    calls = [
        lambda sender=sender, receiver=receiver: transfer(shop, sender, receiver, 10) for sender, receiver in pairs * 3
    ]
    calls += [lambda card=card: shop.buy(card, "1.00") for card in cards]
    answers = shop.in_parallel(calls)
    assert all(answer["userErrors"] == [] for answer in answers)
    assert sum(shop.available(card) for card in cards) == 303
    assert discrepancies_in(shop.url) == []


def test_transfer_to_a_new_customer_and_back_restores_both(shop: Shop) -> None:
    sender, recipient = shop.enrol(), shop.enrol()
    shop.buy(sender, "80.00", receipt="R-1")
    transfer(shop, sender, recipient, 80, key=uuid.uuid4().hex)
    transfer(shop, recipient, sender, 80)
    assert (shop.available(sender), shop.available(recipient)) == (80, 0)
    assert shop.refund("R-1")["shortfall"] == 0
    assert (shop.available(sender), shop.available(recipient)) == (0, 0)
    assert discrepancies_in(shop.url) == []


def test_transferred_points_keep_the_last_day_extended_by_the_sender(database_url: str) -> None:
    terms = (visit(10), validity(months=12, since="ACTIVITY", noticeFrom=30, noticeUntil=10))
    with scheduled_shop(database_url, *terms) as shop:
        sender, recipient = shop.enrol(), shop.enrol()
        shop.buy(sender, "1.00", occurredAt=START.isoformat())
        advance(shop, START + 200 * DAY)
        shop.buy(sender, "1.00", occurredAt=(START + 200 * DAY).isoformat())
        before = balance(shop, sender)["nextExpiry"]
        assert error_codes(transfer(shop, sender, recipient, 10)) == []
        assert balance(shop, recipient)["nextExpiry"]["lastDay"] == before["lastDay"] == "2091-09-22"
        assert discrepancies_in(shop.url) == []


def test_transferred_short_lived_points_expire_only_after_a_notice_to_the_receiver(database_url: str) -> None:
    with scheduled_shop(database_url, visit(10), validity(days=10, noticeFrom=30, noticeUntil=20)) as shop:
        sender, recipient = shop.enrol(), shop.enrol()
        shop.buy(sender, "1.00")
        assert error_codes(transfer(shop, sender, recipient, 6)) == []
        advance(shop, START + 60 * DAY)
        assert dated_entries(shop, sender)[-1][:2] == ("EXPIRE", -4), "for the sender the receipt was the notice"
        assert (shop.available(sender), shop.available(recipient)) == (0, 6)
        assert balance(shop, recipient)["nextExpiry"] == {"lastDay": "2090-05-25", "at": None, "points": 6}
        (notice,) = inbox(shop, recipient)
        assert [lot["points"] for lot in notice["lots"]] == [6]
        assert deliver(shop, recipient)["delivered"] == 1
        advance(shop, START + 80 * DAY)
        assert shop.available(recipient) == 6, "20 whole days after the notice"
        advance(shop, START + 81 * DAY)
        assert shop.available(recipient) == 0
        assert discrepancies_in(shop.url) == []


def test_merged_short_lived_points_need_no_other_notice(database_url: str) -> None:
    with scheduled_shop(database_url, visit(10), validity(days=10, noticeFrom=30, noticeUntil=20)) as shop:
        merged, survivor, partner = shop.enrol(), shop.enrol(), shop.enrol()
        for card in (merged, partner):
            shop.buy(card, "1.00")
        assert error_codes(merge(shop, merged, survivor)) == []
        assert error_codes(join(shop, partner, survivor)) == []
        assert shop.available(survivor) == 20
        advance(shop, START + 11 * DAY)
        assert shop.available(survivor) == 0
        assert discrepancies_in(shop.url) == []


def test_transferred_points_still_need_a_notice_after_a_merge(
    database_url: str,
) -> None:
    with scheduled_shop(database_url, visit(10), validity(days=10, noticeFrom=30, noticeUntil=20)) as shop:
        sender, recipient, survivor = shop.enrol(), shop.enrol(), shop.enrol()
        shop.buy(sender, "1.00")
        assert error_codes(transfer(shop, sender, recipient, 10)) == []
        assert error_codes(merge(shop, recipient, survivor)) == []
        advance(shop, START + 60 * DAY)
        assert shop.available(survivor) == 10
        assert discrepancies_in(shop.url) == []
