"""Every figure, day and clause in a response is the right one, over HTTP and on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.scheduled_shop import DAY, START, advance, deliver, inbox, pending, scheduled_shop, validity, visit
from tests.api.test_stamps import ADJUST
from tests.shop import Shop
from tests.verification import discrepancies_in

ENTRIES = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes { type points decision {
  outcome reasons { code observed required clause { number } statement } } } } } }"""
PREVIEW = """query($purchase: PurchaseBy!) { refundPreview(purchase: $purchase) {
  decision { outcome reasons { code observed required } } } }"""


def entries(shop: Shop, card: str) -> list[Any]:
    """The customer's ledger with its decisions, oldest first."""
    ledger: list[Any] = shop.execute(ENTRIES, by={"card": card})["customer"]["ledger"]["nodes"]
    return ledger[::-1]


@pytest.mark.parametrize("late", [0, 20])
def test_expiry_entry_names_the_real_last_day(database_url: str, late: int) -> None:
    """Ten days are left when the notice is read: a notice that is read 20 days after the last day puts it off by 30."""
    with scheduled_shop(database_url, visit(), validity(days=100, noticeFrom=30, noticeUntil=10)) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        promised = START.date() + timedelta(days=100)
        advance(shop, START + (100 + late - 20) * DAY)
        waiting = inbox(shop, card)[0]["lots"][0]["lastDay"]
        assert waiting == max(promised, promised + timedelta(days=late - 10)).isoformat()
        read = START.date() + timedelta(days=80 + late)
        last = max(promised, read + timedelta(days=10))
        payload = deliver(shop, card)
        assert payload["notices"][0]["lots"][0]["lastDay"] == last.isoformat()
        advance(shop, START + 200 * DAY)
        (notice,) = inbox(shop, card)
        assert notice["lots"][0]["lastDay"] == last.isoformat()
        said = f"{last.day} {last:%B %Y}"
        assert said in notice["lots"][0]["statement"]
        expired = entries(shop, card)[-1]
        (reason,) = expired["decision"]["reasons"]
        assert (expired["type"], reason["code"], reason["required"]) == ("EXPIRE", "POINTS_EXPIRED", said)
        assert said in reason["statement"]
        assert discrepancies_in(database_url) == []


def test_late_notice_extends_points_of_december_to_11_march(database_url: str) -> None:
    clauses = (visit(), validity(days=299, noticeFrom=60, noticeUntil=30))
    with scheduled_shop(database_url, *clauses) as shop:
        card = shop.enrol()
        shop.buy(card, "10.00")
        advance(shop, datetime(2091, 2, 9, 12, tzinfo=UTC))
        assert shop.available(card) == 100
        assert [lot["lastDay"] for lot in deliver(shop, card)["notices"][0]["lots"]] == ["2091-03-11"]
        advance(shop, datetime(2091, 3, 11, 23, 59, tzinfo=UTC))
        assert shop.available(card) == 100
        advance(shop, datetime(2091, 3, 12, tzinfo=UTC))
        assert shop.available(card) == 0
        (reason,) = entries(shop, card)[-1]["decision"]["reasons"]
        assert (reason["code"], reason["required"]) == ("POINTS_EXPIRED", "11 March 2091")
        for said in (reason["statement"], inbox(shop, card)[0]["lots"][0]["statement"]):
            assert "11 March 2091" in said
            assert "December" not in said
        assert discrepancies_in(database_url) == []


def test_refund_below_zero_names_the_balance_and_the_debt(database_url: str) -> None:
    below = {"key": "refunds", "effect": {"refundPolicy": {"mode": "ALLOW_NEGATIVE"}}}
    spend = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
    with scheduled_shop(database_url, spend, below) as shop:
        card = shop.enrol()
        shop.buy(card, "60.00", receipt="R-1")
        assert shop.redeem(card)["decision"]["outcome"] == "GRANTED"
        tried = shop.execute(PREVIEW, purchase={"externalId": "R-1"})["refundPreview"]["decision"]
        payload = shop.refund("R-1")["decision"]
        for decision in (tried, payload):
            first = decision["reasons"][0]
            assert (first["code"], first["observed"], first["required"]) == ("BELOW_ZERO", "10 points", "50 points")
            assert decision["outcome"] == "GRANTED", "all of it is taken, and owed where it was not there"
        shop.buy(card, "70.00", receipt="R-2")
        whole = shop.refund("R-2")["decision"]["reasons"][0]
        assert (whole["code"], whole["observed"], whole["required"]) == ("BELOW_ZERO", "20 points", "50 points")
        assert discrepancies_in(database_url) == []


REDEEM = """mutation($input: RedeemRewardInput!) { redeemReward(input: $input) { decision {
  reasons { code observed required clause { key } remedies { code from points } } } } }"""
OFFERED = """query($by: CustomerBy!) { rewards(for: $by) { nodes { available missingPoints decision {
  reasons { code observed required clause { key } remedies { code from points } } } } } }"""
TRIED = """query($by: CustomerBy!) { basketCheck(customer: $by, basket: {lines: []}) { clauses {
  clause { key } applies appliesFrom reasons { code observed required clause { key } remedies { code from points } } } } }"""


@pytest.mark.parametrize(
    ("bought", "given", "price", "expected_reasons"),
    [
        # All that the coffee costs is pending: the remedy is to wait, and nothing else.
        (["120.00"], 0, 100, [("STILL_PENDING", "pending", "120 points", [("COME_AT", 10, None)])]),
        (["120.00"], 0, 50, [("STILL_PENDING", "pending", "120 points", [("COME_AT", 10, None)])]),
        # Twenty are there, and forty come on the tenth day.
        (["40.00"], 20, 50, [("STILL_PENDING", "pending", "40 points", [("COME_AT", 10, None)])]),
        # Nothing that waits is enough: what is missing even then, and when the rest comes.
        (
            ["30.00"],
            5,
            50,
            [
                ("INSUFFICIENT_POINTS", "coffee", "5 points", [("COLLECT_POINTS", None, 15)]),
                ("STILL_PENDING", "pending", "30 points", [("COME_AT", 10, None)]),
            ],
        ),
        # Two purchases on different days: the second one is what it takes.
        (["30.00", "40.00"], 0, 50, [("STILL_PENDING", "pending", "70 points", [("COME_AT", 12, None)])]),
        ([], 5, 50, [("INSUFFICIENT_POINTS", "coffee", "5 points", [("COLLECT_POINTS", None, 45)])]),
    ],
)
def test_pending_points_are_not_missing_points(
    database_url: str,
    bought: list[str],
    given: int,
    price: int,
    expected_reasons: list[tuple[str, str, str, list[Any]]],
) -> None:
    spend = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
    with scheduled_shop(database_url, spend, pending(9), price=price) as shop:
        card = shop.enrol()
        if given:
            gift = {"idempotencyKey": "gift", "customer": {"card": card}, "points": given, "reason": "A gift"}
            assert shop.execute(ADJUST, role=Role.OWNER, input=gift)["adjustPoints"]["userErrors"] == []
        for index, amount in enumerate(bought):
            if index:
                advance(shop, START + 2 * DAY)
            shop.buy(card, amount)
        midnight = START.replace(hour=0)
        expected = [
            (
                code,
                clause,
                observed,
                [
                    (remedy, None if days is None else (midnight + days * DAY).isoformat(), points)
                    for remedy, days, points in remedies
                ],
            )
            for code, clause, observed, remedies in expected_reasons
        ]
        offered = shop.execute(OFFERED, by={"card": card})["rewards"]["nodes"][0]
        input = {"idempotencyKey": "now", "customer": {"card": card}, "reward": {"key": "coffee"}}
        redeemed = shop.execute(REDEEM, input=input)["redeemReward"]["decision"]
        (tried,) = [
            clause
            for clause in shop.execute(TRIED, by={"card": card})["basketCheck"]["clauses"]
            if clause["clause"]["key"] == "coffee"
        ]
        for reasons in (offered["decision"]["reasons"], redeemed["reasons"], tried["reasons"]):
            assert [reason_of(reason) for reason in reasons] == expected
        waits = [days for _, _, _, remedies in expected_reasons for code, days, _ in remedies if code == "COME_AT"]
        missing = any(code == "INSUFFICIENT_POINTS" for code, *_ in expected_reasons)
        wanted = None if missing else (midnight + waits[0] * DAY).isoformat()
        assert moment(tried["appliesFrom"]) == wanted
        if wanted is not None:
            advance(shop, midnight + waits[0] * DAY - timedelta(minutes=1))
            assert shop.redeem(card)["decision"]["outcome"] == "REFUSED"
            advance(shop, midnight + waits[0] * DAY)
            assert shop.redeem(card)["decision"]["outcome"] == "GRANTED", "waiting was enough"
        assert discrepancies_in(database_url) == []


def moment(text: str | None) -> str | None:
    """An instant in one spelling."""
    return None if text is None else datetime.fromisoformat(text).isoformat()


def reason_of(reason: Any) -> tuple[str, str, str, list[tuple[str, str | None, int | None]]]:
    """A reason's code, clause and figure, and its remedies."""
    remedies = [(remedy["code"], moment(remedy["from"]), remedy["points"]) for remedy in reason["remedies"]]
    return reason["code"], reason["clause"]["key"], reason["observed"], remedies
