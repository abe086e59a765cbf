"""Races over HTTP on both databases: no point is spent twice, and no last item is given twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from app.domain.access import Role
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.api import test_stamps as stamps
from tests.api.test_terms import PUBLISH, REWARD
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in


def test_forty_concurrent_redemptions_of_a_balance_for_one_grant_one(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    answers = shop.in_parallel([lambda: shop.redeem(card)] * 40)
    outcomes = Counter(answer["decision"]["outcome"] for answer in answers)
    assert outcomes == {"GRANTED": 1, "REFUSED": 39}
    for payload in answers:
        if payload["decision"]["outcome"] == "REFUSED":
            (reason,) = payload["decision"]["reasons"]
            assert (reason["code"], reason["clause"]["key"]) == ("INSUFFICIENT_POINTS", "coffee")
            assert reason["observed"] == "50 points"
            assert reason["remedies"][0]["points"] == 50
    assert shop.ledger(card) == [("EARN", 150), ("REDEEM", -100)]
    assert discrepancies_in(shop.url) == []


def test_fifty_concurrent_customers_get_five_items(database_url: str) -> None:
    with open_shop(database_url, template="blank") as shop:
        input = {"idempotencyKey": "r", "key": "print", "name": "Print", "description": "A signed print.", "stock": 5}
        assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["reward"] == {
            "key": "print",
            "stock": 5,
        }
        clauses = [
            {"key": "visit", "effect": {"pointsPerVisit": {"points": 10}}},
            {"key": "print", "effect": {"rewardCost": {"reward": "print", "points": 10}}},
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        cards = [shop.enrol() for _ in range(50)]
        for card in cards:
            shop.buy(card, "1.00")
        answers = shop.in_parallel([lambda card=card: shop.redeem(card, "print") for card in cards])
        granted = [
            answer
            for answer in answers
            if answer["decision"] is not None and answer["decision"]["outcome"] == "GRANTED"
        ]
        refused = [answer for answer in answers if answer["userErrors"]]
        assert (len(granted), len(refused)) == (5, 45)
        assert {(error["code"], error["message"]) for value in refused for error in value["userErrors"]} == {
            ("OUT_OF_STOCK", "This reward is sold out.")
        }
        assert sum(shop.available(card) for card in cards) == 45 * 10, "whoever got nothing paid nothing"
        assert discrepancies_in(database_url) == []


def test_ledger_verifies_after_concurrent_purchases_refunds_and_redemptions(shop: Shop) -> None:
    card = shop.enrol()
    for number in range(10):
        shop.buy(card, "30.00", receipt=f"R{number}")
    calls = [lambda n=n: shop.refund(f"R{n}") for n in range(10)]
    calls += [lambda: shop.redeem(card)] * 10
    calls += [lambda: shop.buy(card, "5.00")] * 10
    answers = shop.in_parallel(calls)
    assert all(answer["userErrors"] == [] for answer in answers)
    entries = shop.ledger(card)
    # What came late between the others is put into its place: the entries that this takes are corrections.
    assert Counter(kind for kind, _ in entries)["CLAWBACK"] >= 10
    assert sum(points for kind, points in entries if kind == "EARN") == 350
    # A refund that happened before a redemption and was recorded after it takes what that had been granted: the
    # redemption stands, and what it cost is owed until the next purchases have filled it.
    query = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { available owed } } } }"
    (balance,) = shop.execute(query, by={"card": card})["customer"]["wallet"]["balances"]
    assert balance["available"] - balance["owed"] == sum(points for _, points in entries)
    assert balance["available"] == 0 or balance["owed"] == 0
    assert discrepancies_in(shop.url) == []


@contextmanager
def stamp_shop(url: str) -> Iterator[Shop]:
    """A shop that gives a point a pound and a stamp a visit, and a meal for three stamps."""
    with open_shop(url, template="blank") as shop:
        input = {"idempotencyKey": "r", "key": "meal", "name": "Meal", "description": "A plate of the day."}
        assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []
        clauses = [
            {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
            {"key": "visit", "effect": {"stamps": {"stamps": 1}}},
            {"key": "meal", "effect": {"rewardCost": {"reward": "meal", "points": 3, "unit": "STAMPS"}}},
        ]
        terms = {"idempotencyKey": "t", "clauses": clauses, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=terms)["publishTerms"]["userErrors"] == []
        yield shop


def test_thirty_concurrent_redemptions_of_stamps_for_one_grant_one(database_url: str) -> None:
    with stamp_shop(database_url) as shop:
        card = shop.enrol()
        for _ in range(5):
            shop.buy(card, "6.00")
        answers = shop.in_parallel([lambda: stamps.redeem(shop, card)] * 30)
        assert Counter(answer["decision"]["outcome"] for answer in answers) == {"GRANTED": 1, "REFUSED": 29}
        for payload in answers:
            if payload["decision"]["outcome"] == "REFUSED":
                assert [reason["code"] for reason in payload["decision"]["reasons"]] == ["INSUFFICIENT_STAMPS"]
        assert stamps.stamp_ledger(shop, card) == [("REDEEM", -3), *[("EARN", 1)] * 5]
        assert stamps.stamps(shop, card) == (2, 0, 0)
        assert shop.available(card) == 30, "no points went"
        assert discrepancies_in(shop.url) == []


def test_concurrent_first_stamps_open_one_account(database_url: str) -> None:
    with stamp_shop(database_url) as shop:
        cards = [shop.enrol() for _ in range(3)]
        sold = shop.in_parallel([lambda card=card: stamps.buy(shop, card) for card in cards * 8])
        assert all(value["userErrors"] == [] for value in sold)
        assert accounts(shop.url) == {"points": 3, "stamps": 3}
        for card in cards:
            assert stamps.stamp_ledger(shop, card) == [("EARN", 1)] * 8
            assert stamps.stamps(shop, card) == (8, 0, 0)
        assert discrepancies_in(shop.url) == []


def accounts(url: str) -> dict[str, int]:
    """The number of accounts of each unit."""

    async def read(session: Session) -> dict[str, int]:
        rows = await session.rows("SELECT unit, count(*) AS n FROM accounts GROUP BY unit")
        return {row["unit"]: row["n"] for row in rows}

    async def run() -> dict[str, int]:
        database = open_database(url)
        await database.start()
        try:
            return await database.read_across_programs(read)
        finally:
            await database.stop()

    return asyncio.run(run())
