"""Exchanges that arrive before their purchase are pending and applied with it, in any order of arrival, on both
databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.i18n import phrasebook_in
from app.domain.i18n.locales import Locale
from app.domain.problems import ProblemCode
from tests.api.test_exchanges import BIG, EXCHANGE, SPEND, STAMP, Opening, exchange_input
from tests.api.test_exchanges import opening as opening  # the fixture
from tests.api.test_foreign_ids import all_rows
from tests.api.test_late_events import at, entries_and_balance
from tests.api.test_paid_with_points import remaining_points
from tests.shop import Shop
from tests.soak_settings import STEPS
from tests.transfers import error_codes, merge

PENDING_FIELDS = "pending { id receipt externalId exchangedFor state overdue statement }"
ASK = EXCHANGE.replace("toPay {", f"alreadyRecorded {PENDING_FIELDS} toPay {{")
OPEN = f"{{ pendingRefunds {{ {PENDING_FIELDS[10:-2]} }} }}"
SETTLE = f"""mutation($input: SettleQuarantinedInput!) {{ settleQuarantined(input: $input) {{
  {PENDING_FIELDS} userErrors {{ code path }} }} }}"""


def exchange(shop: Shop, price: str, back: Any, **more: Any) -> Any:
    """Exchanges returned goods for one article."""
    return shop.execute(ASK, input=exchange_input(price, back, **more))["recordExchange"]


def pending_receipts(shop: Shop) -> list[tuple[str, str]]:
    """Receipt and state of each pending or refused exchange."""
    return [(refund["receipt"], refund["state"]) for refund in shop.execute(OPEN, role=Role.STAFF)["pendingRefunds"]]


def dismiss(shop: Shop, pending_id: str) -> Any:
    """Dismisses a pending exchange as staff."""
    input = {"idempotencyKey": uuid.uuid4().hex, "quarantined": pending_id, "action": "DISMISS", "reason": "a typo"}
    return shop.execute(SETTLE, role=Role.STAFF, input=input)["settleQuarantined"]


def test_exchange_before_its_purchase_is_pending_until_the_purchase_arrives(opening: Opening) -> None:
    shop = opening(SPEND, BIG, STAMP)
    card = shop.enrol()
    given = exchange_input(
        "50.00", {"purchase": {"externalId": "R-1"}, "externalId": "F-1"}, receipt="R-2", occurredAt=at(hours=1)
    )
    early = shop.execute(ASK, input=given)["recordExchange"]
    assert (error_codes(early), early["alreadyRecorded"]) == ([], False)
    assert [early[name] for name in ("decision", "refund", "toPay", "purchase", "entry", "customer")] == [None] * 6
    pending = early["pending"]
    assert (pending["receipt"], pending["externalId"], pending["exchangedFor"]) == ("R-1", "F-1", "R-2")
    assert (pending["state"], pending["overdue"]) == ("PENDING", False)
    assert pending["statement"] == phrasebook_in(Locale.EN)(f"error.{ProblemCode.PENDING_DEPENDENCY}")
    assert (pending_receipts(shop), shop.ledger(card)) == ([("R-1", "PENDING")], [])

    bought = shop.buy(card, "30.00", receipt="R-1", occurredAt=at())
    assert (error_codes(bought), bought["decision"]["points"][0]["points"]) == ([], 30)
    assert bought["balances"][0]["available"] == 50
    assert entries_and_balance(shop, card)[0] == [("EARN", 30), ("EARN", 20), ("CLAWBACK", 0)]
    assert (pending_receipts(shop), remaining_points(shop)["R-2"]) == ([], 20)
    again = shop.execute(ASK, input=given)["recordExchange"]
    assert (again["pending"]["state"], again["pending"]["statement"]) == ("APPLIED", None)
    other_key = shop.execute(ASK, input=given | {"idempotencyKey": "other"})["recordExchange"]
    assert (error_codes(other_key), other_key["alreadyRecorded"], other_key["pending"]) == ([], True, None)
    assert (other_key["toPay"]["amount"], other_key["purchase"]["externalId"]) == ("20.00", "R-2")


def actions(shop: Shop, card: str, *, of: str) -> dict[str, Any]:
    """A purchase, exchanges of it and of the exchanged goods, and refunds between and after them."""
    lines = [{"sku": "cup", "quantity": "4", "unitPrice": "10.00"}]
    two = {"purchase": {"externalId": f"A{of}"}, "lines": [{"line": 1, "quantity": "2"}]}
    half = [{"line": 1, "quantity": "0.5"}]
    return {
        "buy": partial(shop.buy, card, "", receipt=f"A{of}", lines=lines, occurredAt=at()),
        "money": partial(shop.refund, f"A{of}", lines=[{"line": 1, "amount": "4.00"}], occurredAt=at(hours=1)),
        "swap": partial(exchange, shop, "30.00", two, receipt=f"B{of}", occurredAt=at(hours=2)),
        "again": partial(exchange, shop, "25.00", f"B{of}", receipt=f"C{of}", occurredAt=at(hours=3)),
        "back": partial(shop.refund, f"C{of}", lines=half, occurredAt=at(hours=4)),
    }


ORDERS = sorted(permutations(("buy", "money", "swap", "again", "back")))[:: 1 if STEPS else 5]
"""Orders of arrival; the soak tries all."""

BALANCES = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { unit { code } available owed } } } }"


@pytest.mark.parametrize("below", [False, True])
def test_ledger_does_not_depend_on_the_order_of_arrival(opening: Opening, below: bool) -> None:
    policy = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
    shop = opening(SPEND, BIG, STAMP, *([policy] if below else []))
    found = {}
    for place, order in enumerate(ORDERS[:: 2 if below else 1]):
        of, card = f"-{place}", shop.enrol()
        calls = actions(shop, card, of=of)
        for name in order:
            assert error_codes(calls[name]()) == [], (order, name)
        lots = {
            receipt.removesuffix(of): left for receipt, left in remaining_points(shop).items() if receipt.endswith(of)
        }
        found[order] = lots, shop.execute(BALANCES, by={"card": card})
    # 18.00 are kept of 36.00. For the rest came 30.00, of which 12.00 were on top, for that 25.00, and half of it is kept.
    first = found[ORDERS[0]]
    assert first[0] == {"A": 26, "B": 5}
    assert {order: value for order, value in found.items() if value != first} == {}
    assert pending_receipts(shop) == []


def test_pending_exchange_that_does_not_fit_is_left_to_staff_with_a_reason(opening: Opening) -> None:
    shop = opening(SPEND)
    card, other = shop.enrol(), shop.enrol()
    waits = {
        "A": exchange(shop, "9.00", {"purchase": {"externalId": "A"}, "lines": [{"line": 4}]}),
        "B": exchange(shop, "9.00", "B", customer={"card": other}),
        "C": exchange(shop, "9.00", "C", receipt="C-2"),
    }
    assert [error_codes(wait) for wait in waits.values()] == [[]] * 3
    before = all_rows(shop)
    assert error_codes(exchange(shop, "9.00", "D", customer={"card": "NOBODY"})) == [
        ("CUSTOMER_NOT_FOUND", ["customer"])
    ]
    assert error_codes(exchange(shop, "9.00", "D", locationId="nonsense")) == [
        ("LOCATION_NOT_FOUND", ["purchase", "locationId"])
    ]
    assert error_codes(exchange(shop, "9.00", "D", currencyCode="EUR")) == [
        ("RATE_MISSING", ["purchase", "currencyCode"])
    ]
    assert error_codes(exchange(shop, "9.00", "D", receipt="D")) == [("INVALID_INPUT", ["purchase", "externalId"])]
    assert error_codes(exchange(shop, "9.00", {"purchase": {"id": "nonsense"}})) == [
        ("PURCHASE_NOT_FOUND", ["refund", "purchase"])
    ]
    assert all_rows(shop) == before
    for receipt in ("A", "B"):
        assert error_codes(shop.buy(card, "10.00", receipt=receipt, occurredAt=at())) == []
    assert shop.ledger(card) == [("EARN", 10)] * 2
    assert pending_receipts(shop) == [("A", "REJECTED"), ("B", "REJECTED"), ("C", "PENDING")]
    sentences = [refund["statement"] for refund in shop.execute(OPEN, role=Role.STAFF)["pendingRefunds"]]
    reasons = ("NOTHING_TO_REFUND", "OTHER_CUSTOMER", "PENDING_DEPENDENCY")
    assert sentences == [phrasebook_in(Locale.EN)(f"error.{code}") for code in reasons]
    assert shop.send(OPEN, role=Role.TILL).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for parked in waits.values():
        payload = dismiss(shop, parked["pending"]["id"])
        assert (error_codes(payload), payload["pending"]["state"]) == ([], "DISMISSED")
        assert error_codes(dismiss(shop, parked["pending"]["id"])) == [("ALREADY_SETTLED", ["quarantined"])]
    assert pending_receipts(shop) == []
    assert error_codes(shop.buy(card, "9.00", receipt="C-2", occurredAt=at())) == [], "its number is free again"
    assert error_codes(shop.buy(card, "9.00", receipt="C", occurredAt=at())) == []
    assert shop.ledger(card) == [("EARN", 10)] * 2 + [("EARN", 9)] * 2


def test_receipt_of_a_pending_exchange_is_taken(opening: Opening) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="A", occurredAt=at())
    numbered = {"purchase": {"externalId": "R"}, "externalId": "F"}
    given = {"receipt": "N", "occurredAt": at(hours=1)}
    first = exchange(shop, "9.00", numbered, **given)["pending"]
    before = all_rows(shop)
    again = exchange(shop, "9.00", numbered, customer={"card": card}, **given)
    assert (error_codes(again), again["alreadyRecorded"], again["pending"]["id"]) == ([], True, first["id"])
    same_receipt = [("RECEIPT_DIFFERS", ["purchase", "externalId"])]
    assert error_codes(exchange(shop, "8.00", numbered, **given)) == same_receipt
    assert error_codes(exchange(shop, "9.00", numbered | {"reason": "blue"}, **given)) == same_receipt
    assert error_codes(exchange(shop, "9.00", numbered, **given | {"occurredAt": at(hours=2)})) == same_receipt
    assert error_codes(exchange(shop, "9.00", "A", **given)) == same_receipt
    assert error_codes(shop.buy(card, "9.00", **given)) == same_receipt
    same_number = [("RECEIPT_DIFFERS", ["refund", "externalId"])]
    assert error_codes(exchange(shop, "9.00", numbered, receipt="M", occurredAt=at(hours=1))) == same_number
    assert error_codes(exchange(shop, "9.00", "R", receipt="A", occurredAt=at())) == same_receipt
    assert error_codes(shop.refund("R", externalId="F", occurredAt=at(hours=1))) == [
        ("RECEIPT_DIFFERS", ["externalId"])
    ]
    assert all_rows(shop) | {"idempotency_keys": 0} == before | {"idempotency_keys": 0}
    assert error_codes(shop.buy(card, "20.00", receipt="R", occurredAt=at())) == []
    assert remaining_points(shop) == {"A": 30, "R": 9}


def test_exchange_dated_before_its_purchase_is_applied_right_after_it(opening: Opening) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    given = {"receipt": "N", "occurredAt": at(hours=1)}
    exchange(shop, "50.00", "R", **given)
    shop.buy(card, "30.00", receipt="R", occurredAt=at(hours=2))
    assert remaining_points(shop) == {"R": 30, "N": 20}
    again = exchange(shop, "50.00", "R", **given)
    assert (error_codes(again), again["alreadyRecorded"]) == ([], True)
    assert error_codes(exchange(shop, "51.00", "R", **given)) == [("CLOCK_SKEW", ["purchase", "occurredAt"])]


def test_concurrent_exchange_and_purchase_find_each_other(opening: Opening) -> None:
    shop = opening(SPEND)
    card = shop.enrol()
    for place in range(4):
        receipt, new = f"R{place}", f"N{place}"
        buy = partial(shop.buy, card, "30.00", receipt=receipt, occurredAt=at())
        swap = partial(exchange, shop, "50.00", receipt, receipt=new, occurredAt=at(hours=1))
        refund = partial(shop.refund, new, occurredAt=at(hours=2))
        assert [error_codes(value) for value in shop.in_parallel([swap, buy, refund])] == [[]] * 3
    assert set(remaining_points(shop).values()) == {0}
    assert pending_receipts(shop) == []


def test_purchase_that_applies_an_exchange_finds_a_refund_that_arrives_at_the_same_time(opening: Opening) -> None:
    """The refund is of the receipt that the pending exchange hands out, which the purchase does not name."""
    shop = opening(SPEND)
    for place in range(16):
        card, receipt, new = shop.enrol(), f"R{place}", f"N{place}"
        assert error_codes(exchange(shop, "50.00", receipt, receipt=new, occurredAt=at(hours=1))) == []
        buy = partial(shop.buy, card, "30.00", receipt=receipt, occurredAt=at())
        refund = partial(shop.refund, new, occurredAt=at(hours=2))
        assert [error_codes(value) for value in shop.in_parallel([buy, refund])] == [[]] * 2
    assert (set(remaining_points(shop).values()), pending_receipts(shop)) == ({0}, [])


@pytest.mark.parametrize("order", list(permutations(("plain", "swap", "returned"))))
def test_first_of_a_purchase_and_an_exchange_with_one_receipt_is_recorded(
    opening: Opening, order: tuple[str, ...]
) -> None:
    """A receipt that an exchange has recorded is known when it comes again alone; before, the second of the two differs."""
    shop = opening(SPEND)
    sends = one_receipt_twice(shop, shop.enrol())
    answers = {name: sends[name]() for name in order}
    first = min("plain", "swap", key=order.index)
    second = "swap" if first == "plain" else "plain"
    for name, answer in answers.items():
        differs = name == second and order[-1] != "plain"
        assert error_codes(answer) == ([("RECEIPT_DIFFERS", ["purchase", "externalId"])] if differs else [])
    assert sum(remaining_points(shop).values()) == (9 if first == "swap" else 18)


def test_concurrent_purchase_and_exchange_with_one_receipt_record_one(opening: Opening) -> None:
    shop = opening(SPEND)
    for _ in range(4):
        card = shop.enrol()
        sends = one_receipt_twice(shop, card)
        plain, swap, returned = shop.in_parallel([sends["plain"], sends["swap"], sends["returned"]])
        assert error_codes(returned) == []
        refused = [error_codes(answer) for answer in (plain, swap) if error_codes(answer)]
        assert refused in ([], [[("RECEIPT_DIFFERS", ["purchase", "externalId"])]])
        assert shop.available(card) == (9 if not error_codes(swap) else 18)


def one_receipt_twice(shop: Shop, card: str) -> dict[str, Callable[[], Any]]:
    """A purchase, an exchange that hands out the same receipt, and the purchase of what the exchange returns."""
    number = uuid.uuid4().hex
    return {
        "plain": partial(shop.buy, card, "9.00", receipt=number, occurredAt=at(hours=1)),
        "swap": partial(exchange, shop, "9.00", f"R-{number}", receipt=number, occurredAt=at(hours=1)),
        "returned": partial(shop.buy, card, "9.00", receipt=f"R-{number}", occurredAt=at()),
    }


def test_pending_exchange_survives_a_merge_of_its_customer(opening: Opening) -> None:
    shop = opening(SPEND)
    gone, stays = shop.enrol(), shop.enrol()
    exchange(shop, "50.00", "R", customer={"card": gone}, receipt="N", occurredAt=at(hours=1))
    assert error_codes(merge(shop, gone, stays)) == []
    shop.buy(stays, "30.00", receipt="R", occurredAt=at())
    assert shop.available(stays) == 50
