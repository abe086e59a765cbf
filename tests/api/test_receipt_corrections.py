"""Corrections of receipts over HTTP on both databases: amended, and moved to the right customer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import customer_key
from tests.api.test_households import JOIN
from tests.api.test_locations import OPEN
from tests.api.test_merges import MERGE
from tests.api.test_stamps import PUBLISH
from tests.shop import DECISION, Clock, Shop, open_shop
from tests.verification import discrepancies_in

BALANCES = "balances { unit { code } available owed lifetime }"
ENTRY = "id type points correction cause { kind statement } reason actor { role } purchase { externalId }"
AMEND = f"""mutation($input: AmendPurchaseInput!) {{ amendPurchase(input: $input) {{ {DECISION} {BALANCES}
  entry {{ {ENTRY} }} purchase {{ points total {{ amount }} lines {{ number quantity }} }} customer {{ id }}
  userErrors {{ code path message }} }} }}"""
MOVE = f"""mutation($input: MovePurchaseInput!) {{ movePurchase(input: $input) {{ {DECISION} {BALANCES}
  entry {{ {ENTRY} }} clawbackEntry {{ {ENTRY} }} customer {{ id }} from {{ id }} purchase {{ points }}
  userErrors {{ code path message }} }} }}"""
LEDGER = f"""query($by: CustomerBy!) {{ customer(by: $by) {{ ledger {{ nodes {{ {ENTRY} }} }}
  wallet {{ balances {{ available owed }} }} tier {{ key }} }} }}"""
HOLDINGS = """query($a: String!, $b: String!, $c: String!) {
  a: customer(by: { card: $a }) { wallet { balances { available } } }
  b: customer(by: { card: $b }) { wallet { balances { available } } }
  c: customer(by: { card: $c }) { wallet { balances { available } } } }"""
EXPLAIN = "query($entry: ID!) { explain(entry: $entry) { recomputedPoints agrees } }"


@pytest.fixture
def clock() -> Clock:
    """A clock that a test moves."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A shop with a point a pound and 50 for the first purchase; its ledger is verified at the end."""
    with open_shop(database_url, clock=clock, template="points") as opened:
        yield opened
        assert discrepancies_in(opened.url) == []


def line(price: str, quantity: str = "1", sku: str = "a") -> dict[str, str]:
    """An article on a receipt."""
    return {"sku": sku, "quantity": quantity, "unitPrice": price}


def amend(shop: Shop, receipt: str, *lines: dict[str, str], role: Role = Role.TILL, **more: Any) -> Any:
    """Amends a receipt."""
    purchase = {"externalId": receipt, "lines": list(lines), **more.pop("purchase", {})}
    input = {"idempotencyKey": uuid.uuid4().hex, "purchase": purchase, "reason": "Typed twice.", **more}
    return shop.execute(AMEND, role=role, input=input)["amendPurchase"]


def move(shop: Shop, receipt: str, card: str, *, role: Role = Role.STAFF, **more: Any) -> Any:
    """Moves a purchase to the customer with a card."""
    input = {
        "idempotencyKey": uuid.uuid4().hex,
        "purchase": {"externalId": receipt},
        "customer": {"card": card},
        "reason": "The wrong card was scanned.",
        **more,
    }
    return shop.execute(MOVE, role=role, input=input)["movePurchase"]


def entries(shop: Shop, card: str, *, role: Role = Role.STAFF) -> list[dict[str, Any]]:
    """The ledger of a card, newest entry first."""
    ledger: list[dict[str, Any]] = shop.execute(LEDGER, role=role, by={"card": card})["customer"]["ledger"]["nodes"]
    return ledger


def assert_explanations_agree(shop: Shop, *cards: str) -> None:
    """Every entry is explained with the same decision."""
    for card in cards:
        for entry in entries(shop, card):
            again = shop.execute(EXPLAIN, role=Role.STAFF, entry=entry["id"])["explain"]
            assert again == {"recomputedPoints": entry["points"], "agrees": True}, entry


def codes(answer: Any) -> list[tuple[str, list[str]]]:
    """Code and path of each user error."""
    return [(error["code"], error["path"][1:]) for error in answer["userErrors"]]


def test_amendment_books_only_the_difference(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "80.00", receipt="r-1")
    less = amend(shop, "r-1", line("20.00", "3"))
    assert less["userErrors"] == []
    assert less["decision"]["points"][0]["points"] == 60
    assert (less["entry"]["type"], less["entry"]["points"], less["entry"]["correction"]) == ("EARN", -20, True)
    assert less["entry"]["cause"]["kind"] == "AMENDMENT"
    assert less["balances"] == [{"unit": {"code": "points"}, "available": 60, "owed": 0, "lifetime": "60"}]
    assert less["purchase"]["points"] == 60
    assert less["purchase"]["total"]["amount"] == "60.00"
    more = amend(shop, "r-1", line("20.00", "3"), line("5.00"))
    assert (more["entry"]["points"], more["balances"][0]["available"]) == (5, 65)
    assert [entry["reason"] for entry in entries(shop, card)] == ["Typed twice.", "Typed twice.", None]
    assert_explanations_agree(shop, card)


def test_amendment_that_earns_the_same_makes_no_entry(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "80.00", receipt="r-1")
    same = amend(shop, "r-1", line("40.00", "2"))
    assert (same["userErrors"], same["entry"], same["balances"][0]["available"]) == ([], None, 80)
    assert codes(amend(shop, "r-1", line("40.00", "2"))) == [("INVALID_INPUT", ["purchase"])]


def test_spent_points_become_a_debt_and_refunds_use_the_amended_receipt(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "120.00", receipt="r-1")
    shop.redeem(card)
    less = amend(shop, "r-1", line("30.00", "3"))
    assert (less["balances"][0]["available"], less["balances"][0]["owed"]) == (0, 10)
    refund = shop.refund("r-1", lines=[{"line": 1, "quantity": "1"}])
    assert (refund["shortfall"], refund["cash"]["amount"]) == (30, "30.00")
    assert codes(amend(shop, "r-1", line("30.00", "0.5"))) == [("INVALID_INPUT", ["purchase", "lines"])]
    payload = amend(shop, "r-1", line("60.00", "3"))
    assert payload["userErrors"] == []
    assert_explanations_agree(shop, card)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reason": " "}, ("REASON_MISSING", ["reason"])),
        ({"reason": "x" * 201}, ("INVALID_INPUT", ["reason"])),
        ({"purchase": {"externalId": "unknown"}}, ("PURCHASE_NOT_FOUND", ["purchase", "externalId"])),
        ({"purchase": {"occurredAt": "2090-03-01T12:00:00Z"}}, ("INVALID_INPUT", ["purchase", "occurredAt"])),
        (
            {"purchase": {"currencyCode": "EUR", "exchangeRate": "0.8"}},
            ("INVALID_INPUT", ["purchase", "currencyCode"]),
        ),
        ({"purchase": {"locationId": "TG9jYXRpb246eA"}}, ("LOCATION_NOT_FOUND", ["purchase", "locationId"])),
        ({"purchase": {"lines": []}}, ("INVALID_INPUT", ["purchase", "lines"])),
    ],
)
def test_invalid_amendment_is_rejected_and_changes_nothing(
    shop: Shop, change: dict[str, Any], expected: tuple[str, list[str]]
) -> None:
    card = shop.enrol()
    shop.buy(card, "80.00", receipt="r-1")
    assert codes(amend(shop, "r-1", line("20.00"), **change)) == [expected]
    assert shop.ledger(card) == [("EARN", 80)]


def test_location_of_a_receipt_cannot_be_amended(shop: Shop) -> None:
    input = {"idempotencyKey": "l", "key": "harbour", "name": "Harbour", "timeZone": "Pacific/Auckland"}
    harbour = shop.execute(OPEN, role=Role.OWNER, input=input)["createLocation"]["location"]["id"]
    card = shop.enrol()
    shop.buy(card, "80.00", receipt="here")
    shop.buy(card, "80.00", receipt="there", locationId=harbour)
    elsewhere = amend(shop, "here", line("20.00"), purchase={"locationId": harbour})
    assert codes(elsewhere) == [("INVALID_INPUT", ["purchase", "locationId"])]
    for more in ({}, {"locationId": harbour}):
        same = amend(shop, "there", line("20.00", "1.5" if more else "1"), purchase=more)
        assert same["userErrors"] == []
    assert shop.available(card) == 110


def test_moved_purchase_is_clawed_back_and_earned_by_the_other_customer_at_its_time(shop: Shop, clock: Clock) -> None:
    wrong, right = shop.enrol(), shop.enrol()
    shop.buy(wrong, "80.00", receipt="r-1")
    clock.now += timedelta(days=1)
    shop.buy(right, "7.00")
    shop.buy(wrong, "5.00")
    moved = move(shop, "r-1", right)
    assert moved["userErrors"] == []
    assert moved["balances"][0]["available"] == 87
    assert (moved["entry"]["points"], moved["clawbackEntry"]["points"]) == (80, -80)
    assert moved["entry"]["cause"]["kind"] == moved["clawbackEntry"]["cause"]["kind"] == "MOVE"
    assert moved["entry"]["reason"] == moved["clawbackEntry"]["reason"] == "The wrong card was scanned."
    assert (shop.available(wrong), shop.available(right)) == (5, 87)
    refund = shop.refund("r-1")
    assert (refund["balances"][0]["available"], refund["entry"]["points"]) == (7, -80)
    assert_explanations_agree(shop, wrong, right)


def test_purchase_can_be_moved_on_and_back(shop: Shop) -> None:
    first, two, three = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(first, "30.00", receipt="r-1")
    for card in (two, three, first):
        assert move(shop, "r-1", card)["userErrors"] == []
    assert amend(shop, "r-1", line("10.00"))["userErrors"] == []
    assert [shop.available(card) for card in (first, two, three)] == [10, 0, 0]
    assert_explanations_agree(shop, first, two, three)


def test_purchase_with_dependent_events_cannot_be_moved(shop: Shop) -> None:
    first, two = shop.enrol(), shop.enrol()
    shop.buy(first, "300.00", receipt="r-1")
    shop.refund("r-1", lines=[{"line": 1, "quantity": "0.5"}])
    paid = shop.redeem(first)["redemption"]["id"]
    shop.buy(first, "9.00", receipt="r-2", payments=[{"kind": "POINTS", "amount": "4.00", "redemptionId": paid}])
    shop.buy(first, "9.00", receipt="r-3")
    assert codes(move(shop, "r-1", two)) == [("NOT_MOVABLE", ["purchase"])]
    assert codes(move(shop, "r-2", two)) == [("NOT_MOVABLE", ["purchase"])]
    assert codes(move(shop, "r-3", first)) == [("SAME_CUSTOMER", ["customer"])]
    assert codes(move(shop, "r-3", "nobody")) == [("CUSTOMER_NOT_FOUND", ["customer"])]
    assert codes(move(shop, "r-4", two)) == [("PURCHASE_NOT_FOUND", ["purchase"])]
    assert codes(move(shop, "r-3", two, reason="")) == [("REASON_MISSING", ["reason"])]
    assert shop.ledger(two) == []


def test_moved_receipt_sent_again_gets_the_recorded_response(shop: Shop) -> None:
    first, two = shop.enrol(), shop.enrol()
    shop.buy(first, "30.00", receipt="r-1")
    move(shop, "r-1", two)
    again = shop.buy(first, "30.00", receipt="r-1")
    assert (again["userErrors"], again["decision"]["points"][0]["points"]) == ([], 30)
    assert [error["code"] for error in shop.buy(first, "31.00", receipt="r-1")["userErrors"]] == ["RECEIPT_DIFFERS"]
    assert [error["code"] for error in shop.buy(shop.enrol(), "30.00", receipt="r-1")["userErrors"]] == [
        "RECEIPT_DIFFERS"
    ]
    assert (shop.available(first), shop.available(two)) == (0, 30)


def test_tills_cannot_move_and_customers_cannot_amend_receipts(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "30.00", receipt="r-1")
    input = {"idempotencyKey": "m", "purchase": {"externalId": "r-1"}, "customer": {"card": card}, "reason": "x"}
    body = shop.send(MOVE, role=Role.TILL, input=input).json()
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    receipt = {"externalId": "r-1", "lines": [line("1.00")]}
    amended = {"idempotencyKey": "a", "purchase": receipt, "reason": "x"}
    body = shop.send(AMEND, key=customer_key(shop.url, shop, card), input=amended).json()
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_move_within_a_household_keeps_points_and_merged_history(shop: Shop, clock: Clock) -> None:
    first, two, three = shop.enrol(), shop.enrol(), shop.enrol()
    shop.buy(first, "30.00", receipt="r-1")
    shop.buy(three, "11.00", receipt="r-3")
    clock.now += timedelta(days=1)
    joined = {"idempotencyKey": "j", "customer": {"card": two}, "household": {"card": first}, "reason": "They said so."}
    assert shop.execute(JOIN, role=Role.STAFF, input=joined)["joinHousehold"]["userErrors"] == []
    merged = {"idempotencyKey": "g", "merged": {"card": three}, "survivor": {"card": first}, "reason": "Two cards."}
    assert shop.execute(MERGE, role=Role.STAFF, input=merged)["mergeCustomers"]["userErrors"] == []
    shop.buy(first, "8.00", receipt="r-8")
    shared = move(shop, "r-8", two)
    assert (shared["userErrors"], shared["clawbackEntry"], shared["balances"][0]["available"]) == ([], None, 49)
    before = amend(shop, "r-3", line("1.00"))
    assert (before["userErrors"], before["balances"][0]["available"]) == ([], 39)
    stranger = shop.enrol()
    away = move(shop, "r-1", stranger)
    assert (away["userErrors"], away["balances"][0]["available"]) == ([], 30)
    assert shop.available(first) == shop.available(two) == 9


def test_tiers_and_counters_follow_a_moved_purchase(database_url: str) -> None:
    clock = Clock()
    with open_shop(database_url, clock=clock, template="blank") as shop:
        clauses = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {"key": "first", "effect": {"bonusPoints": {"points": 50}}, "conditions": [{"firstPurchase": True}]},
            {"key": "stamp", "effect": {"stamps": {"stamps": 1}}},
            {"key": "gold", "effect": {"tier": {"tier": "gold", "name": "Gold", "points": 100}}},
            {"key": "period", "effect": {"tierPeriod": {"period": "ROLLING_YEAR", "graceDays": 0}}},
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        wrong, right = shop.enrol(), shop.enrol()
        shop.buy(wrong, "100.00", receipt="r-1")
        clock.now += timedelta(days=1)
        shop.buy(wrong, "10.00", receipt="r-2")
        shop.buy(right, "10.00", receipt="r-3")

        def standing(card: str) -> tuple[int, str | None]:
            customer = shop.execute(LEDGER, role=Role.STAFF, by={"card": card})["customer"]
            return customer["wallet"]["balances"][0]["available"], customer["tier"]["key"]

        assert (standing(wrong), standing(right)) == ((160, "gold"), (60, None))
        assert move(shop, "r-1", right)["userErrors"] == []
        # The purchase of the day before is the first one now, and what came after it no longer is.
        assert (standing(wrong), standing(right)) == ((60, None), (160, "gold"))
        assert amend(shop, "r-1", line("20.00"))["userErrors"] == []
        assert standing(right) == (80, None)
        shop.buy(wrong, "1.00")
        assert standing(wrong) == (61, None)
        assert_explanations_agree(shop, wrong, right)
        assert discrepancies_in(shop.url) == []


def test_repeated_correction_is_answered_the_same_and_another_input_is_rejected(shop: Shop) -> None:
    text, two = shop.enrol(), shop.enrol()
    shop.buy(text, "30.00", receipt="r-1")
    first = move(shop, "r-1", two, idempotencyKey="once")
    assert move(shop, "r-1", two, idempotencyKey="once") == first
    assert codes(move(shop, "r-1", text, idempotencyKey="once")) == [("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])]
    changed = amend(shop, "r-1", line("3.00"), idempotencyKey="again")
    assert amend(shop, "r-1", line("3.00"), idempotencyKey="again") == changed


def test_ledger_verifies_whichever_concurrent_correction_is_first(shop: Shop) -> None:
    cards = [shop.enrol() for _ in range(3)]
    for number in range(6):
        shop.buy(cards[0], "30.00", receipt=f"r-{number}")
    calls: list[Callable[[], Any]] = []
    for number in range(6):
        receipt = f"r-{number}"
        calls += [partial(move, shop, receipt, card) for card in cards[1:]]
        calls += [partial(amend, shop, receipt, line("12.00")), partial(shop.refund, receipt)]
        calls += [partial(shop.buy, cards[number % 3], "1.00")]
    for answer in shop.in_parallel(calls):
        assert {error["code"] for error in answer["userErrors"]} <= {
            "NOT_MOVABLE",
            "SAME_CUSTOMER",
            "NOTHING_TO_REFUND",
            "INVALID_INPUT",
        }
    owners = shop.execute(HOLDINGS, role=Role.STAFF, a=cards[0], b=cards[1], c=cards[2])
    assert sum(owner["wallet"]["balances"][0]["available"] for owner in owners.values()) == 6


OWN = """query($by: CustomerBy!) { customer(by: $by) { ledger { nodes { id points
  decision { outcome } purchase { externalId } } } } }"""
SEEN = "query($purchase: ID!, $entry: ID!) { node(id: $purchase) { id } explain(entry: $entry) { agrees } }"


def test_household_member_sees_a_moved_purchase_but_no_decisions_of_others(
    shop: Shop,
) -> None:
    text, two = shop.enrol(), shop.enrol()
    joined = {"idempotencyKey": "j", "customer": {"card": two}, "household": {"card": text}, "reason": "They said so."}
    assert shop.execute(JOIN, role=Role.STAFF, input=joined)["joinHousehold"]["userErrors"] == []
    bought = shop.buy(text, "30.00", receipt="r-1")
    ids = {"purchase": bought["purchase"]["id"], "entry": bought["entry"]["id"]}
    assert move(shop, "r-1", two)["userErrors"] == []
    own = {card: customer_key(shop.url, shop, card) for card in (text, two)}

    def first(card: str) -> tuple[Any, Any]:
        nodes = shop.execute(OWN, key=own[card], by={"card": card})["customer"]["ledger"]["nodes"]
        entry = next(each for each in nodes if each["id"] == ids["entry"])
        return entry["decision"], entry["purchase"]

    assert first(text) == (None, None)
    assert first(two) == (None, {"externalId": "r-1"})
    assert shop.execute(SEEN, key=own[text], **ids) == {"node": None, "explain": None}
    assert shop.execute(SEEN, key=own[two], **ids) == {"node": {"id": ids["purchase"]}, "explain": None}


@pytest.mark.parametrize(
    ("before", "correct", "kept", "taken"),
    [
        # The third item of all was the second here, and is the first now.
        ("20.00", lambda shop, _: amend(shop, "r-1", line("10.00", "2")), 1, -20),
        # It was the second here, and is the third now.
        ("0.30", lambda shop, other: move(shop, "r-1", other), 2, -21),
    ],
)
def test_refund_uses_corrected_counters_even_without_a_ledger_entry(
    database_url: str, before: str, correct: Callable[[Shop, str], Any], kept: int, taken: int
) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        clauses = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {"key": "third", "effect": {"bonusPoints": {"points": 11}}, "conditions": [{"everyNthItem": {"nth": 3}}]},
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        card, other = shop.enrol(), shop.enrol()
        shop.buy(card, before, receipt="r-1")
        three = shop.buy(card, "", receipt="r-2", lines=[line("10.00", "3")])
        assert three["entry"]["points"] == 41
        booked = len(shop.ledger(card))
        assert correct(shop, other)["userErrors"] == []
        assert len(shop.ledger(card)) == booked
        refund = shop.refund("r-2", lines=[{"line": 1, "quantity": str(3 - kept)}])
        assert refund["entry"]["points"] == taken
        assert_explanations_agree(shop, card, other)
        assert discrepancies_in(shop.url) == []


def test_correction_uses_no_more_budget_than_its_receipt(database_url: str) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        launch = {"budget": {"points": 60, "mode": "WHOLE"}}
        clauses = [
            {
                "key": "launch",
                "effect": {"bonusPoints": {"points": 30}},
                "conditions": [launch, {"minimumSpend": {"amount": "10.00"}}],
            }
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        cards = [shop.enrol() for _ in range(4)]
        for number, price in enumerate(("5.00", "10.00", "10.00")):
            shop.buy(cards[number], price, receipt=f"r-{number}")
        assert amend(shop, "r-0", line("10.00"))["userErrors"] == []
        assert amend(shop, "r-1", line("12.00"))["userErrors"] == []
        assert move(shop, "r-2", cards[3])["userErrors"] == []
        assert [shop.available(card) for card in cards] == [0, 30, 0, 30]
        assert_explanations_agree(shop, *cards)
        assert discrepancies_in(shop.url) == []
