"""Every old entry is decided again by the rules of its time, without the stored results. On both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.api.test_terms_changes import REWARD, WITHDRAW, clauses, publish
from tests.faults.test_tampering import Tampering
from tests.shop import Clock, Shop, open_shop
from tests.verification import discrepancies_in

EXPLAIN = """query($e: ID!) { explain(entry: $e) { recomputedPoints agrees entry { type points }
    decision { points { points } } } }"""
LEDGER = "query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { id type points } } } }"
LINES = [
    {"sku": "cup", "quantity": "3", "unitPrice": "9.99", "discount": "1.00"},
    {"sku": "tea", "quantity": "0.333", "unitPrice": "41.00", "taxRate": "0.19", "taxIncluded": False},
]


@pytest.fixture
def clock() -> Clock:
    """The shop's time."""
    return Clock()


@pytest.fixture
def shop(database_url: str, clock: Clock) -> Iterator[Shop]:
    """A live shop: a point a pound, coffee at 100."""
    with open_shop(database_url, clock=clock, kind=ProgramKind.LIVE, template="blank") as opened:
        coffee = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        opened.execute(REWARD, role=Role.OWNER, input=coffee)
        publish(opened, clauses())
        yield opened


def explained(shop: Shop, card: str) -> list[Any]:
    """The explanation of every entry of a card, oldest first."""
    entries = shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"]
    return [shop.execute(EXPLAIN, e=entry["id"])["explain"] for entry in reversed(entries)]


def summarised(found: list[Any]) -> list[tuple[str, int, int, bool]]:
    """Type, stored points, recomputed points, and whether they agree."""
    return [
        (value["entry"]["type"], value["entry"]["points"], value["recomputedPoints"], value["agrees"])
        for value in found
    ]


def test_refund_decision_considers_earlier_refunds_and_the_balance_at_its_time(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=LINES)
    shop.buy(card, "90.00", receipt="R-2")
    shop.refund("R-1", lines=[{"line": 2, "quantity": "0.1"}])
    shop.redeem(card)
    shop.refund("R-1", lines=[{"line": 1, "quantity": "2"}])
    shop.refund("R-2", lines=[{"line": 1, "quantity": "0.5"}])
    shop.buy(card, "500.00")
    shop.refund("R-1")
    shop.refund("R-2")
    summary = summarised(explained(shop, card))
    assert [(kind, points) for kind, points, _, _ in summary] == [
        ("EARN", 43),
        ("EARN", 90),
        ("CLAWBACK", -4),
        ("REDEEM", -100),
        ("CLAWBACK", -20),
        ("CLAWBACK", -9),
        ("EARN", 500),
        ("CLAWBACK", -19),
        ("CLAWBACK", -45),
    ], "the third one found 9 of 45 points, the last ones all that was due since"
    assert all(points == again and agrees for _, points, again, agrees in summary)
    assert discrepancies_in(shop.url) == []


def test_explained_redemption_uses_the_prices_and_lots_of_its_time(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "170.00")
    announced = publish(shop, clauses(coffee=150))["terms"]["version"]
    withdrawn = {"idempotencyKey": "w", "version": announced}
    assert shop.execute(WITHDRAW, role=Role.OWNER, input=withdrawn)["withdrawTerms"]["userErrors"] == []
    publish(shop, clauses(coffee=200))
    clock.now += timedelta(days=31)
    shop.buy(card, "500.00", receipt="late")
    for _ in range(3):
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
    shop.refund("late")
    clock.now += timedelta(days=400)
    publish(shop, clauses(coffee=40))
    summary = summarised(explained(shop, card))
    # 100 old points; then the 70 old ones left are worth 0.7 of a coffee and 0.3 of 200 come on top; then 200.
    assert [points for kind, points, _, _ in summary if kind == "REDEEM"] == [-100, -130, -200]
    assert all(points == again and agrees for _, points, again, agrees in summary)
    assert discrepancies_in(shop.url) == []


def test_random_history_is_explained_with_the_same_decisions(shop: Shop, clock: Clock) -> None:
    dice = random.Random(8)
    cards = [shop.enrol() for _ in range(3)]
    sold: list[str] = []
    for step in range(60):
        clock.now += timedelta(hours=dice.randrange(1, 30))
        card = dice.choice(cards)
        what = dice.random()
        if what < 0.5 or not sold:
            receipt = f"R-{step}"
            shop.buy(
                card,
                f"{dice.randrange(1, 9000) / 100:.2f}" if what < 0.25 else "",
                receipt=receipt,
                **({} if what < 0.25 else {"lines": LINES}),
            )
            sold.append(receipt)
        elif what < 0.8:
            quantity = f"{dice.randrange(1, 400) / 1000:.3f}"
            shop.refund(dice.choice(sold), lines=[{"line": 1, "quantity": quantity}])
        elif what < 0.95:
            shop.redeem(card)
        else:
            publish(shop, clauses(coffee=dice.randrange(30, 90)))
    found = [value for card in cards for value in explained(shop, card)]
    assert {value["entry"]["type"] for value in found} == {"EARN", "CLAWBACK", "REDEEM"}
    assert [value for value in found if not value["agrees"]] == []
    assert discrepancies_in(shop.url) == []


def test_explanation_does_not_trust_stored_results(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "200.00", receipt="R-1")
    shop.redeem(card)
    shop.refund("R-1", lines=[{"line": 1, "quantity": "0.25"}])
    wrong = {"EARN": 207, "REDEEM": -93, "CLAWBACK": -43}
    right = {"EARN": 200, "REDEEM": -100, "CLAWBACK": -50}
    for kind, points in wrong.items():
        field = f"'\"points\":{abs(right[kind])}', '\"points\":{abs(points)}'"
        column = "decision" if shop.url.startswith("sqlite") else "decision::text"
        json = f"replace({column}, {field})"
        Tampering(shop).change(
            f"UPDATE entries SET points = {points}, decision = {json if column == 'decision' else f'({json})::json'} WHERE type = '{kind}'"
        )
    Tampering(shop).change("UPDATE purchases SET earned = 207")
    Tampering(shop).change("UPDATE redemptions SET points = 93")
    Tampering(shop).change("UPDATE refunds SET clawed_back = 43, clawback_due = 43")
    for value in explained(shop, card):
        kind = value["entry"]["type"]
        assert value["entry"]["points"] == wrong[kind]
        assert (value["agrees"], value["decision"]["points"]) == (False, [{"points": abs(wrong[kind])}])
        if kind != "CLAWBACK":
            assert value["recomputedPoints"] == right[kind]
    assert value["recomputedPoints"] == -50
    sentences = [discrepancy.problem for discrepancy in discrepancies_in(shop.url)]
    assert sentences.count("its movements do not add up to its points") == 3
    assert sentences.count("the terms of its time give other points") == 2
    assert sentences.count("its events are not those that were recorded") == 1


def test_explained_refunds_follow_the_order_of_the_ledger(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "", receipt="R-1", lines=[{"sku": "a", "quantity": "3", "unitPrice": "0.50"}])
    for _ in range(3):
        shop.refund("R-1", lines=[{"line": 1, "quantity": "1"}])
    Tampering(shop).change(
        "UPDATE refunds SET recorded_at = (SELECT max(p.recorded_at) FROM purchases p) WHERE id = (SELECT id FROM refunds ORDER BY id DESC LIMIT 1)"
    )
    summary = summarised(explained(shop, card))
    assert [points for _, points, _, _ in summary] == [2, -1, 0, -1]
    assert all(agrees for _, _, _, agrees in summary)
    assert [discrepancy.problem for discrepancy in discrepancies_in(shop.url)] == [
        "its events are not those that were recorded"
    ]
