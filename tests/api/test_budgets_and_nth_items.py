"""Counting clauses over HTTP on both databases: budgets that are never overspent, and every nth item."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.faults.test_tampering import Tampering
from tests.shop import Shop, create_program, open_shop
from tests.time_limits import eventually
from tests.verification import discrepancies_in

PUBLISH = "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version effectiveFrom } userErrors { code } } }"
EXPLAIN = "query($e: ID!) { explain(entry: $e) { agrees recomputedPoints } }"
CHECK = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
  decision { outcome points { points } reasons { code verdict observed required statement remedies { code quantity } } } } }"""


def budget(points: int, mode: str) -> Any:
    """Points for all customers together."""
    return {"budget": {"points": points, "mode": mode}}


def clause(key: str, effect: Any, *conditions: Any) -> Any:
    """A clause with its conditions."""
    return {"key": key, "conditions": list(conditions), "effect": effect}


def publish(shop: Shop, *clauses: Any, **more: Any) -> Any:
    """Publish as the owner."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), **more}
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    assert payload["userErrors"] == []
    return payload["terms"]


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms."""
    with open_shop(database_url, template="blank") as opened:
        yield opened


GIFT = {"bonusPoints": {"points": 30}}
SPEND = {"pointsPerAmount": {"points": 1, "per": "1.00"}}
JANUARY = {"effectiveFrom": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("mode", "outcomes", "given"),
    [
        ("PARTIAL", {"GRANTED": 16, "PARTLY_GRANTED": 1, "NOTHING_EARNED": 23}, 500),
        ("WHOLE", {"GRANTED": 16, "NOTHING_EARNED": 24}, 480),
    ],
)
def test_forty_concurrent_purchases_never_overspend_a_budget(
    blank: Shop, mode: str, outcomes: dict[str, int], given: int
) -> None:
    publish(blank, clause("gift", GIFT, budget(500, mode)), **JANUARY)
    cards = [blank.enrol() for _ in range(40)]
    answers = blank.in_parallel([lambda card=card: blank.buy(card, "5.00") for card in cards])
    assert Counter(answer["decision"]["outcome"] for answer in answers) == outcomes
    assert sum(blank.available(card) for card in cards) == given
    for bought in answers:
        if bought["decision"]["outcome"] == "NOTHING_EARNED":
            (reason,) = bought["decision"]["reasons"]
            assert (reason["code"], reason["clause"]["key"], reason["verdict"]) == ("BUDGET_USED_UP", "gift", "NOT_MET")
            assert [remedy["code"] for remedy in reason["remedies"]] == ["NONE"]
        if bought["decision"]["outcome"] == "PARTLY_GRANTED":
            limited, gives = bought["decision"]["reasons"]
            assert (limited["verdict"], limited["observed"], limited["required"]) == (
                "LIMITED",
                "20 points",
                "30 points",
            )
            assert limited["statement"] == "Of the points set aside for this, only 20 points were left."
            assert gives["statement"] == "20 points under clause 1."
    assert discrepancies_in(blank.url) == []


def test_concurrent_purchases_with_two_budgets_neither_deadlock_nor_overspend(blank: Shop) -> None:
    publish(
        blank,
        clause("zebra", GIFT, budget(200, "PARTIAL")),
        clause("ant", {"bonusPoints": {"points": 7}}, budget(100, "WHOLE")),
        clause("spend", SPEND),
        **JANUARY,
    )
    cards = [blank.enrol() for _ in range(4)]
    answers = blank.in_parallel([lambda n=n: blank.buy(cards[n % 4], "10.00") for n in range(40)])
    assert all(answer["userErrors"] == [] for answer in answers)
    assert sum(blank.available(card) for card in cards) == 200 + 98 + 400
    assert discrepancies_in(blank.url) == []


def test_repeated_purchase_uses_the_budget_once_and_its_refund_does_not_refill_it(blank: Shop) -> None:
    publish(blank, clause("gift", GIFT, budget(50, "PARTIAL")), **JANUARY)
    card = blank.enrol()
    first = blank.buy(card, "5.00", key="k", receipt="a")
    assert blank.buy(card, "5.00", key="k", receipt="a") == first
    assert blank.buy(card, "5.00", receipt="a")["entry"] == first["entry"]
    blank.refund("a")
    assert blank.available(card) == 0
    other = blank.enrol()
    assert blank.buy(other, "5.00")["decision"]["points"][0]["points"] == 20, "30 of 50 were given, and are not theirs"
    second = blank.buy(card, "5.00")
    assert second["decision"]["points"][0]["points"] == 30, "what came back is given to the same customer again"
    (checked, *_) = blank.execute(CHECK, by={"card": card}, basket={"lines": [line("1")]})["basketCheck"]["decision"][
        "reasons"
    ]
    assert (checked["code"], checked["observed"]) == ("BUDGET_USED_UP", "0 points")
    for entry, points in ((first["entry"]["id"], 30), (second["entry"]["id"], 30)):
        assert blank.execute(EXPLAIN, e=entry)["explain"] == {"agrees": True, "recomputedPoints": points}
    assert blank.ledger(card) == [("EARN", 30), ("CLAWBACK", -30), ("EARN", 30)]
    assert discrepancies_in(blank.url) == []


def line(quantity: str) -> Any:
    """Some items at a pound each."""
    return {"sku": "cup", "quantity": quantity, "unitPrice": "1.00"}


def test_budget_usage_of_a_clause_key_continues_in_later_versions(database_url: str) -> None:
    with open_shop(database_url, template="blank") as shop:
        publish(shop, clause("gift", GIFT, budget(40, "PARTIAL")), **JANUARY)
        card = shop.enrol()
        first = shop.buy(card, "5.00")["entry"]["id"]
        terms = publish(shop, clause("gift", GIFT, budget(80, "PARTIAL")))
        assert terms["version"] == 2, "a larger budget of a constant gift is better for everybody, and starts at once"
        entries = [shop.buy(card, "5.00")["entry"] for _ in range(3)]
        assert [entry["points"] for entry in entries] == [30, 20, 0]
        assert shop.execute(EXPLAIN, e=first)["explain"]["agrees"] is True
        late = shop.buy(card, "5.00", occurredAt="2026-02-01T12:00:00Z")
        assert (late["decision"]["terms"]["version"], late["decision"]["points"][0]["points"]) == (1, 0)
        assert discrepancies_in(database_url) == []


def test_tampered_budget_counter_is_found(blank: Shop) -> None:
    publish(blank, clause("gift", GIFT, budget(50, "PARTIAL")), **JANUARY)
    card = blank.enrol()
    blank.buy(card, "5.00")
    tampering = Tampering(blank)
    assert tampering.discrepancies_after() == []
    for change in ("UPDATE clause_budgets SET points_used = points_used - 1", "DELETE FROM clause_budgets"):
        (fault,) = tampering.discrepancies_after(change)
        assert fault.place == "budget gift"
    changed = "REPLACE(CAST(facts AS text), '\"gift\":50', '\"gift\":20')"
    cast = f"CAST({changed} AS json)" if "postgres" in blank.url else changed
    faults = tampering.discrepancies_after(f"UPDATE purchases SET facts = {cast}")
    assert {discrepancy.problem for discrepancy in faults} >= {
        "its events are not those that were recorded",
        "the terms of its time give other points",
    }


def test_budgets_are_separate_for_each_program(database_url: str) -> None:
    other = create_program(database_url, template="blank")
    with open_shop(database_url, template="blank") as ours:
        theirs = Shop(address=ours.address, program=other, client=ours.client)
        for shop in (ours, theirs):
            publish(shop, clause("gift", GIFT, budget(40, "PARTIAL")), **JANUARY)
            card = shop.enrol()
            assert [shop.buy(card, "5.00")["entry"]["points"] for _ in range(3)] == [30, 10, 0]
        assert discrepancies_in(database_url) == []


def test_every_nth_item_counts_kept_items_over_all_purchases(blank: Shop) -> None:
    cups = {"products": {"include": ["cup"]}}
    publish(blank, clause("tenth", GIFT, cups, {"everyNthItem": {"nth": 10}}), **JANUARY)
    card, other = blank.enrol(), blank.enrol()

    def bought(items: str, *, at: str, whose: str = card, **more: Any) -> int:
        given = [line(items), {"sku": "tea", "quantity": "3", "unitPrice": "1.00"}]
        points: int = blank.buy(whose, "", lines=given, occurredAt=at, **more)["entry"]["points"]
        return points

    assert bought("6", at="2026-03-01T12:00:00Z", receipt="six") == 0
    assert bought("9", at="2026-03-01T12:00:00Z", whose=other) == 0, "each customer has their own"
    data = blank.execute(CHECK, by={"card": card}, basket={"occurredAt": "2026-03-02T12:00:00Z", "lines": [line("1")]})
    reason = data["basketCheck"]["decision"]["reasons"][1]
    assert (reason["code"], reason["observed"], reason["required"]) == ("NOT_THE_NTH_ITEM", "7", "10")
    assert reason["remedies"] == [{"code": "ADD_QUANTITY", "quantity": 3}]
    # A basket that is only looked at counts nothing; one that comes late is counted where it belongs in time.
    assert bought("4", at="2026-03-03T12:00:00Z") == 30
    assert bought("3", at="2026-03-02T12:00:00Z") == 0
    blank.refund("six")
    assert bought("6", at="2026-03-04T12:00:00Z") == 0
    assert bought("1", at="2026-03-05T12:00:00Z") == 30, "6 + 3 + 4 + 6 + 1, returned ones included"
    assert discrepancies_in(blank.url) == []


PREVIEW = """mutation($input: PreviewTermsImpactInput!) { previewTermsImpact(input: $input) {
  preview { id } userErrors { code } } }"""
RESULT = """query($id: ID!) { impactPreview(id: $id) { state result { gainers losers pointsGained pointsLost } } }"""


def test_preview_starts_with_earlier_budget_usage_and_counters(blank: Shop) -> None:

    gift = clause("gift", GIFT, budget(100, "PARTIAL"))
    tenth = clause("tenth", {"bonusPoints": {"points": 5}}, {"everyNthItem": {"nth": 10}})
    publish(blank, gift, tenth, **JANUARY)
    card = blank.enrol()
    long_ago = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    lately = [(datetime.now(UTC) - timedelta(days=2, hours=-hour)).isoformat() for hour in range(3)]
    assert blank.buy(card, "", lines=[line("9")], occurredAt=long_ago)["entry"]["points"] == 30
    for at, points in zip(lately, (35, 30, 10), strict=True):
        assert blank.buy(card, "", lines=[line("1")], occurredAt=at)["entry"]["points"] == points

    def previewed(*clauses: Any) -> Any:
        input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), "days": 30}
        made = blank.execute(PREVIEW, role=Role.OWNER, input=input)["previewTermsImpact"]

        def result() -> Any:
            preview = blank.execute(RESULT, role=Role.OWNER, id=made["preview"]["id"])["impactPreview"]
            assert preview["state"] in ("QUEUED", "RUNNING", "DONE")
            return preview["result"] if preview["state"] == "DONE" else None

        return eventually(result)

    same = previewed(gift, tenth)
    assert (same["gainers"], same["losers"]) == (0, 0)
    more = previewed(clause("gift", GIFT, budget(115, "PARTIAL")), tenth)
    assert (int(more["pointsGained"]), int(more["pointsLost"])) == (15, 0)
    gone = previewed(tenth)
    assert int(gone["pointsLost"]) == 30 + 30 + 10, "what was left at the beginning, and not the 100 of the whole"
    other = previewed(gift, clause("tenth", {"bonusPoints": {"points": 5}}, {"everyNthItem": {"nth": 11}}))
    assert (int(other["pointsGained"]), int(other["pointsLost"])) == (0, 0), "the eleventh instead of the tenth"
