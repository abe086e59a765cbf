"""Customers who redeem with a key of their own: issued, cancelled in time or handed over by a till, on both databases."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import code_of, customer_key
from tests.api.test_holds import CAPTURE, HOLD, RELEASE, balance, codes, publish_print, state
from tests.api.test_reversals import TWO_HOURS, cancel
from tests.shop import DECISION, START, Clock, Shop, open_shop
from tests.verification import discrepancies_in

REDEEM = f"""mutation($input: RedeemRewardInput!) {{ redeemReward(input: $input) {{ {DECISION}
  balances {{ available }} redemption {{ id state points issuedAt fulfilledAt cancellableUntil }} reward {{ stock }}
  entry {{ type points }} }} }}"""
FULFIL = f"""mutation($input: FulfilRedemptionInput!) {{ fulfilRedemption(input: $input) {{ {DECISION}
  balances {{ available }} redemption {{ id state issuedAt fulfilledAt cancellableUntil }} reward {{ stock }}
  customer {{ id }} }} }}"""
AT_ONCE = 8


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


def member(shop: Shop, points: str = "250.00") -> tuple[str, str]:
    """A new member with points: the card, and a key of their own."""
    card = shop.enrol()
    shop.buy(card, points)
    return card, customer_key(shop.url, shop, card)


def issue(shop: Shop, key: str, card: str, *, again: str | None = None, **more: Any) -> Any:
    """The reward `print`, redeemed with a customer's key."""
    given = {
        "idempotencyKey": again or uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "print"},
        **more,
    }
    return shop.execute(REDEEM, key=key, input=given)["redeemReward"]


def issued(shop: Shop, key: str, card: str) -> str:
    """The id of a new redemption, issued to the customer."""
    id: str = issue(shop, key, card)["redemption"]["id"]
    return id


def fulfil(shop: Shop, id: str, *, role: Role = Role.TILL, key: str | None = None, again: str | None = None) -> Any:
    """Hands over an issued reward."""
    given = {"idempotencyKey": again or uuid.uuid4().hex, "redemption": id}
    return shop.execute(FULFIL, role=role, key=key, input=given)["fulfilRedemption"]


def undo(shop: Shop, key: str, id: str) -> Any:
    """Cancels a redemption with a customer's key."""
    return cancel(shop, id, role=Role.CUSTOMER, key=key)


def hold(shop: Shop, card: str, checkout: str, *, key: str | None = None) -> Any:
    """Holds the reward `print` for a checkout."""
    given = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "print"},
        "checkout": checkout,
        "minutes": 30,
    }
    return shop.execute(HOLD, key=key, input=given)["holdRedemption"]


def end(shop: Shop, mutation: str, key: str | None, **reference: str) -> Any:
    """Captures or releases a hold."""
    given = {"idempotencyKey": uuid.uuid4().hex, "hold": reference}
    (payload,) = shop.execute(mutation, key=key, input=given).values()
    return payload


def test_customer_redeems_and_a_till_hands_over(shop: Shop, clock: Clock) -> None:
    card, own = member(shop)
    made = issue(shop, own, card)
    assert (made["userErrors"], made["decision"]["outcome"]) == ([], "GRANTED")
    assert (made["redemption"]["state"], made["redemption"]["points"]) == ("ISSUED", 100)
    assert made["redemption"]["issuedAt"] is not None
    assert made["redemption"]["fulfilledAt"] is None
    assert made["redemption"]["cancellableUntil"] > made["redemption"]["issuedAt"]
    assert (made["entry"], made["balances"], made["reward"]["stock"]) == (
        {"type": "REDEEM", "points": -100},
        [{"available": 150}],
        2,
    )
    assert discrepancies_in(shop.url) == []
    clock.now += timedelta(days=1)
    done = fulfil(shop, made["redemption"]["id"], again="once")
    assert done["userErrors"] == []
    assert done["decision"] == made["decision"]
    assert (done["redemption"]["state"], done["balances"], done["reward"]["stock"]) == (
        "FULFILLED",
        [{"available": 150}],
        2,
    )
    assert (done["redemption"]["issuedAt"], done["redemption"]["cancellableUntil"]) == (
        made["redemption"]["issuedAt"],
        None,
    )
    assert done["redemption"]["fulfilledAt"] > done["redemption"]["issuedAt"]
    assert fulfil(shop, made["redemption"]["id"], again="once") == done
    assert codes(fulfil(shop, made["redemption"]["id"])) == [("ALREADY_FULFILLED", ["input", "redemption"])]
    assert shop.ledger(card) == [("EARN", 250), ("REDEEM", -100)]
    assert discrepancies_in(shop.url) == []


def test_customer_cancels_what_is_issued_and_gets_the_same_points_and_the_stock_back(shop: Shop, clock: Clock) -> None:
    card, own = member(shop, "60.00")
    shop.buy(card, "90.00")
    id = issued(shop, own, card)
    clock.now = START + timedelta(hours=1, minutes=59)
    undone = undo(shop, own, id)
    assert undone["decision"]["outcome"] == "GRANTED"
    assert undone["entry"]["lots"] == [{"points": 40}, {"points": 60}]
    assert state(shop, card, id) == ("CANCELLED", 3, balance(150))
    assert codes(undo(shop, own, id)) == [("ALREADY_REVERSED", ["input", "redemption"])]
    assert codes(fulfil(shop, id)) == [("ALREADY_REVERSED", ["input", "redemption"])]
    assert shop.ledger(card) == [("EARN", 60), ("EARN", 90), ("REDEEM", -100), ("REVERSAL", 100)]
    assert discrepancies_in(shop.url) == []


def test_terms_refuse_to_cancel_after_their_window(shop: Shop, clock: Clock) -> None:
    card, own = member(shop)
    made = issue(shop, own, card)
    id = made["redemption"]["id"]
    clock.now = START + timedelta(hours=3)
    late = undo(shop, own, id)
    assert (late["userErrors"], late["decision"]["outcome"], late["entry"]) == ([], "REFUSED", None)
    (reason,) = late["decision"]["reasons"]
    assert (reason["clause"]["key"], reason["code"], reason["required"]) == (
        "undo",
        "UNDO_WINDOW_OVER",
        "Monday, 6 March 2090, 14:00",
    )
    assert [remedy["code"] for remedy in reason["remedies"]] == ["ASK_AT_TILL"]
    assert state(shop, card, id) == ("ISSUED", 2, balance(150))
    assert cancel(shop, id)["decision"]["outcome"] == "GRANTED", "staff can, with a reason"
    assert state(shop, card, id) == ("CANCELLED", 3, balance(250))
    assert discrepancies_in(shop.url) == []


def test_without_a_clause_on_cancelling_only_staff_can(database_url: str) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=3)
        card, own = member(shop)
        made = issue(shop, own, card)["redemption"]
        assert made["cancellableUntil"] is None
        assert codes(undo(shop, own, made["id"])) == [("NOT_CANCELLABLE", ["input", "redemption"])]
        assert codes(cancel(shop, made["id"], role=Role.TILL)) == [("NOT_CANCELLABLE", ["input", "redemption"])]
        assert codes(cancel(shop, made["id"])) == []


def test_what_was_handed_over_cannot_be_cancelled_by_the_customer_but_by_that_till(shop: Shop) -> None:
    card, own = member(shop)
    id = issued(shop, own, card)
    assert codes(cancel(shop, id, role=Role.TILL)) == [("NOT_CANCELLABLE", ["input", "redemption"])]
    fulfil(shop, id)
    assert codes(undo(shop, own, id)) == [("ALREADY_USED", ["input", "redemption"])]
    assert codes(cancel(shop, id, role=Role.TILL)) == []
    assert state(shop, card, id) == ("CANCELLED", 3, balance(250))
    assert discrepancies_in(shop.url) == []


def test_customers_act_for_themselves_only(shop: Shop) -> None:
    card, own = member(shop)
    other, _ = member(shop)
    for who in ({"card": other}, {"card": "NOBODY"}):
        refused = shop.execute(
            REDEEM,
            key=own,
            input={"idempotencyKey": uuid.uuid4().hex, "customer": who, "reward": {"key": "print"}},
        )["redeemReward"]
        assert codes(refused) == [("CUSTOMER_NOT_FOUND", ["input", "customer"])]
    assert codes(hold(shop, other, "c-1", key=own)) == [("CUSTOMER_NOT_FOUND", ["input", "customer"])]
    id = issued(shop, own, card)
    given = {"idempotencyKey": "x", "redemption": id}
    assert code_of(shop, FULFIL, key=own, input=given) == "FORBIDDEN", "nobody hands over to themselves"
    _, stranger = member(shop)
    assert codes(undo(shop, stranger, id)) == [("REDEMPTION_NOT_FOUND", ["input", "redemption"])]
    basket = {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "100.00"}]}
    assert codes(issue(shop, own, card, basket=basket)) == [("INVALID_INPUT", ["input", "basket"])]
    assert shop.ledger(other) == [("EARN", 250)]


def test_held_by_a_customer_captured_or_released_by_them(shop: Shop) -> None:
    card, own = member(shop)
    held = hold(shop, card, "c-1", key=own)
    assert held["redemption"]["state"] == "HELD"
    assert hold(shop, card, "c-1", key=own)["redemption"]["id"] == held["redemption"]["id"]
    paid = end(shop, CAPTURE, own, checkout="c-1")
    assert (paid["redemption"]["state"], paid["entry"]["points"]) == ("ISSUED", -100)
    assert discrepancies_in(shop.url) == []
    fulfil(shop, held["redemption"]["id"])
    second = hold(shop, card, "c-2", key=own)["redemption"]["id"]
    assert codes(fulfil(shop, second)) == [("INVALID_INPUT", ["input", "redemption"])]
    assert end(shop, RELEASE, own, id=second)["redemption"]["state"] == "CANCELLED"
    assert codes(fulfil(shop, second)) == [("NOT_HELD", ["input", "redemption"])]
    third = hold(shop, card, "c-3", key=own)["redemption"]["id"]
    assert end(shop, CAPTURE, None, id=third)["redemption"]["state"] == "FULFILLED", "a till hands over at once"
    assert state(shop, card, third) == ("FULFILLED", 1, balance(50))
    assert discrepancies_in(shop.url) == []


def test_window_of_a_captured_hold_begins_when_it_was_captured(shop: Shop, clock: Clock) -> None:
    card, own = member(shop)
    id = hold(shop, card, "c", key=own)["redemption"]["id"]
    clock.now = START + timedelta(minutes=29)
    end(shop, CAPTURE, own, id=id)
    clock.now = START + timedelta(hours=2, minutes=20)
    assert undo(shop, own, id)["decision"]["outcome"] == "GRANTED"
    assert discrepancies_in(shop.url) == []


def test_checkouts_of_customers_and_tills_are_apart(shop: Shop) -> None:
    card, own = member(shop)
    other, stranger = member(shop)
    mine, theirs = hold(shop, card, "c", key=own), hold(shop, other, "c", key=stranger)
    of_till = hold(shop, other, "c")
    ids = {answer["redemption"]["id"] for answer in (mine, theirs, of_till)}
    assert len(ids) == 3, "nobody takes a number away from others"
    not_found = [("HOLD_NOT_FOUND", ["input", "hold"])]
    for id in (theirs["redemption"]["id"], of_till["redemption"]["id"]):
        assert codes(end(shop, CAPTURE, own, id=id)) == not_found
        assert codes(end(shop, RELEASE, own, id=id)) == not_found
    assert codes(end(shop, RELEASE, stranger, id=of_till["redemption"]["id"])) == not_found, "a checkout of the shop"
    assert end(shop, RELEASE, None, checkout="c")["redemption"]["id"] == of_till["redemption"]["id"]
    assert end(shop, RELEASE, own, checkout="c")["redemption"]["id"] == mine["redemption"]["id"]
    assert discrepancies_in(shop.url) == []


def test_reward_at_the_till_alone_is_not_had_in_self_service(database_url: str) -> None:
    with open_shop(database_url, clock=Clock(), template="blank") as shop:
        publish_print(shop, stock=3, conditions=[{"atTill": True}])
        card, own = member(shop)
        refused = issue(shop, own, card)
        assert (refused["decision"]["outcome"], refused["redemption"]) == ("REFUSED", None)
        reason = next(reason for reason in refused["decision"]["reasons"] if reason["verdict"] == "NOT_MET")
        assert (reason["code"], reason["statement"]) == ("NOT_AT_TILL", "Only available at the till.")
        assert reason["remedies"][0]["statement"] == "Ask at the till."
        offers = """query($by: CustomerBy!) { rewards(for: $by) { nodes { available decision { outcome } } }
            customer(by: $by) { wallet { balances { buysToday { key } } } } }"""
        by = {"card": card}
        assert shop.execute(offers, key=own, by=by) == {
            "rewards": {"nodes": [{"available": False, "decision": {"outcome": "REFUSED"}}]},
            "customer": {"wallet": {"balances": [{"buysToday": []}]}},
        }
        assert shop.execute(offers, by=by)["rewards"]["nodes"][0]["available"] is True
        assert shop.redeem(card, "print")["decision"]["outcome"] == "GRANTED"
        assert codes(hold(shop, card, "c", key=own)) == []
        assert shop.available(card) == 150


def test_issued_redemption_pays_nothing_before_it_is_handed_over(shop: Shop) -> None:
    card, own = member(shop)
    id = issued(shop, own, card)
    paying = {
        "lines": [{"sku": "a", "quantity": "1", "unitPrice": "30.00"}],
        "payments": [{"kind": "POINTS", "amount": "10.00", "redemptionId": id}],
    }
    refused = shop.buy(card, "", receipt="R", **paying)
    assert codes(refused) == [("NOT_FULFILLED", ["input", "purchase", "payments"])]
    fulfil(shop, id)
    assert codes(shop.buy(card, "", receipt="R", **paying)) == []
    assert codes(cancel(shop, id)) == [("REDEMPTION_SPENT", ["input", "redemption"])]
    assert codes(undo(shop, own, id)) != []
    shop.refund("R")
    assert shop.available(card) == 250
    assert discrepancies_in(shop.url) == []


@pytest.mark.parametrize("joining", ["mergeCustomers", "joinHousehold"])
def test_issued_redemptions_after_a_merge_and_in_a_household(shop: Shop, joining: str) -> None:
    card, own = member(shop)
    other, theirs = member(shop)
    first, second = issued(shop, own, card), issued(shop, own, card)
    name = f"{joining[0].upper()}{joining[1:]}"
    if joining == "mergeCustomers":
        parties = {"survivor": {"card": other}, "merged": {"card": card}}
    else:
        parties = {"customer": {"card": card}, "household": {"card": other}}
    query = f"mutation($input: {name}Input!) {{ {joining}(input: $input) {{ userErrors {{ code path }} }} }}"
    given = {"idempotencyKey": "j", "reason": "one wallet", **parties}
    assert shop.execute(query, role=Role.STAFF, input=given)[joining]["userErrors"] == []
    answer = undo(shop, theirs, first)
    if joining == "mergeCustomers":
        assert answer["decision"]["outcome"] == "GRANTED", "they are one person now"
    else:
        assert codes(answer) == [("REDEMPTION_NOT_FOUND", ["input", "redemption"])], "only who redeemed it"
        assert undo(shop, own, first)["decision"]["outcome"] == "GRANTED"
    done = fulfil(shop, second)
    assert (done["userErrors"], done["redemption"]["state"]) == ([], "FULFILLED")
    assert shop.available(other) == 400
    assert discrepancies_in(shop.url) == []


def test_late_purchase_and_a_later_refund_leave_an_issued_redemption_granted(shop: Shop, clock: Clock) -> None:
    card, own = member(shop, "0.00")
    shop.buy(card, "120.00", receipt="R")
    id = issued(shop, own, card)
    shop.refund("R")
    shop.buy(card, "70.00", occurredAt=(START + timedelta(milliseconds=1)).isoformat())
    assert state(shop, card, id)[0] == "ISSUED"
    assert discrepancies_in(shop.url) == []
    fulfil(shop, id)
    assert discrepancies_in(shop.url) == []


# Idempotency keys


def test_nobody_gets_the_answer_of_another_customer_by_guessing_their_key(shop: Shop) -> None:
    card, own = member(shop)
    other, stranger = member(shop)
    made = issue(shop, own, card, again="1")
    guessed = {"idempotencyKey": "1", "customer": {"card": card}, "reward": {"key": "print"}}
    assert codes(shop.execute(REDEEM, key=stranger, input=guessed)["redeemReward"]) == [
        ("CUSTOMER_NOT_FOUND", ["input", "customer"])
    ], "neither the answer, nor that the key is in use"
    theirs = issue(shop, stranger, other, again="1")
    assert theirs["redemption"]["id"] != made["redemption"]["id"], "their own key is their own"
    assert issue(shop, own, card, again="1") == {**made, "reward": {"stock": 1}}
    assert shop.redeem(card, "print", key="1")["redemption"]["state"] == "FULFILLED", "the keys of tills are apart"
    assert codes(shop.redeem(other, "print", key="1")) == [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]
    again = issue(shop, own, card, again="1")
    assert again["redemption"]["id"] == made["redemption"]["id"]
    assert codes(issue(shop, own, card, again="1", reward={"key": "other"})) == [
        ("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])
    ]


@pytest.mark.parametrize("mutation", ["updateCustomer", "deliverExpiryNotices", "cancelRedemption", "holdRedemption"])
def test_every_mutation_of_customers_keeps_its_answers_to_itself(shop: Shop, mutation: str) -> None:
    card, own = member(shop)
    _, stranger = member(shop)
    id = issued(shop, own, card)
    given: dict[str, Any] = {
        "updateCustomer": {"customer": {"card": card}, "preferences": [{"kind": "DIET", "value": "vegan"}]},
        "deliverExpiryNotices": {"customer": {"card": card}, "channel": "INBOX"},
        "cancelRedemption": {"redemption": id},
        "holdRedemption": {"customer": {"card": card}, "reward": {"key": "print"}, "checkout": "c", "minutes": 5},
    }[mutation]
    name = f"{mutation[0].upper()}{mutation[1:]}"
    query = f"mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}"
    given = {"idempotencyKey": "k", **given}
    assert shop.execute(query, key=own, input=given)[mutation]["userErrors"] == []
    refused = shop.execute(query, key=stranger, input=given)[mutation]["userErrors"]
    assert [error["code"] for error in refused] in (["CUSTOMER_NOT_FOUND"], ["REDEMPTION_NOT_FOUND"])
    assert shop.execute(query, key=own, input=given)[mutation]["userErrors"] == []


def test_key_of_the_same_customer_repeats_a_request_also_after_a_merge(shop: Shop) -> None:
    card, own = member(shop)
    other, theirs = member(shop)
    made = issue(shop, own, card, again="1")
    query = "mutation($input: MergeCustomersInput!) { mergeCustomers(input: $input) { userErrors { code } } }"
    given = {"idempotencyKey": "m", "reason": "one", "survivor": {"card": other}, "merged": {"card": card}}
    assert shop.execute(query, role=Role.STAFF, input=given)["mergeCustomers"]["userErrors"] == []
    new = customer_key(shop.url, shop, card)
    for key in (own, new):
        again = issue(shop, key, card, again="1")
        assert again["redemption"]["id"] == made["redemption"]["id"], "a new key of the same person is answered alike"
    assert shop.available(other) == 400
    reused = [("IDEMPOTENCY_KEY_REUSED", ["input", "idempotencyKey"])]
    assert codes(issue(shop, theirs, other, again="1")) == reused, "they are one person now"


# Races


def test_one_of_many_tills_that_fulfil_at_once_hands_over(shop: Shop) -> None:
    card, own = member(shop)
    id = issued(shop, own, card)
    answers = shop.in_parallel([lambda: fulfil(shop, id)] * AT_ONCE)
    found = Counter("".join(code for code, _ in codes(answer)) for answer in answers)
    assert found == {"": 1, "ALREADY_FULFILLED": AT_ONCE - 1}
    assert shop.ledger(card) == [("EARN", 250), ("REDEEM", -100)]
    assert discrepancies_in(shop.url) == []


def test_cancelled_or_handed_over_but_never_both(shop: Shop) -> None:
    card, own = member(shop, "800.00")
    for _ in range(3):
        id = issued(shop, own, card)
        calls = [partial(fulfil, shop, id), partial(undo, shop, own, id)] * (AT_ONCE // 2)
        answers = shop.in_parallel(calls)
        done = ["undo" if number % 2 else "fulfil" for number, answer in enumerate(answers) if not codes(answer)]
        assert len(done) == 1
        (found, _, _) = state(shop, card, id)
        assert found == ("FULFILLED" if done == ["fulfil"] else "CANCELLED")
        if found == "FULFILLED":
            cancel(shop, id)
    assert discrepancies_in(shop.url) == []


def test_many_redemptions_of_a_customer_at_once_never_pay_more_than_there_is(shop: Shop) -> None:
    card, own = member(shop)
    answers = shop.in_parallel([lambda: issue(shop, own, card)] * AT_ONCE)
    assert Counter(answer["decision"]["outcome"] for answer in answers) == {"GRANTED": 2, "REFUSED": AT_ONCE - 2}
    assert shop.available(card) == 50
    assert discrepancies_in(shop.url) == []
