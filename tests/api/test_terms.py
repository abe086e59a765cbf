"""Terms over HTTP: published as typed clauses, checked, with notice, and deciding."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.access import Role
from tests.shop import DECISION, Shop, open_shop

PUBLISH = f"""mutation($input: PublishTermsInput!) {{ publishTerms(input: $input) {{ {DECISION}
  terms {{ version status effectiveFrom clauses {{ key number kind statement conditions {{ kind statement }} }} changes {{ effectOnCustomer before {{ key }} after {{ key }} statement }} }} }} }}"""
REWARD = """mutation($input: CreateRewardInput!) { createReward(input: $input) { reward { key stock } userErrors { code path message } } }"""

CLAUSES = [
    {
        "key": "happy-hour",
        "conditions": [
            {
                "weekdaysAndHours": {
                    "days": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
                    "start": "17:00",
                    "end": "19:00",
                }
            },
            {"minimumSpend": {"amount": "20.00"}},
        ],
        "effect": {"pointsPerAmount": {"points": 2, "per": "1.00"}},
    },
    {
        "key": "tea",
        "conditions": [{"categories": {"include": ["tea"]}}],
        "effect": {"pointsPerFullAmount": {"points": 5, "per": "10.00"}},
    },
    {"key": "visit", "effect": {"pointsPerVisit": {"points": 3}}},
    {
        "key": "cake",
        "conditions": [
            {"dates": {"first": "2026-06-01", "last": "2026-06-30"}},
            {"products": {"exclude": ["voucher"]}},
        ],
        "effect": {"rewardCost": {"reward": "cake", "points": 10}},
    },
]


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms."""
    with open_shop(database_url, template="blank") as opened:
        yield opened


def publish(shop: Shop, clauses: object, *, key: str = "p", **more: object) -> dict[str, object]:
    """Publish as the owner."""
    input = {"idempotencyKey": key, "clauses": clauses, **more}
    payload: dict[str, object] = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]
    return payload


def cake(shop: Shop) -> None:
    """Creates the reward."""
    input = {"idempotencyKey": "cake", "key": "cake", "name": "Cake", "description": "A slice of the cake of the day."}
    assert shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]["userErrors"] == []


def test_clauses_are_numbered_and_standard_ones_are_added(blank: Shop) -> None:
    cake(blank)
    payload = publish(blank, CLAUSES, effectiveFrom="2026-01-01T00:00:00Z")
    assert payload["userErrors"] == []
    clauses = payload["terms"]["clauses"]
    assert [(clause["number"], clause["key"], clause["kind"]) for clause in clauses[:4]] == [
        ("1", "happy-hour", "EARNING"),
        ("2", "tea", "EARNING"),
        ("3", "visit", "EARNING"),
        ("4", "cake", "REWARD"),
    ]
    assert [clause["kind"] for clause in clauses[4:]] == ["POLICY"] * 7
    for part in ("2 points for every £1", "Monday to Friday", "17:00", "19:00", "at least £20"):
        assert part in clauses[0]["statement"]
    assert "You can have “Cake” for 10 points" in clauses[3]["statement"]
    assert [condition["kind"] for condition in clauses[3]["conditions"]] == ["dates", "products"]


def test_every_failed_condition_is_listed_with_its_remedy(blank: Shop) -> None:
    cake(blank)
    publish(blank, CLAUSES, effectiveFrom="2026-01-01T00:00:00Z")
    card = blank.enrol()
    basket = {"occurredAt": "2026-05-01T12:00:00Z", "lines": [{"sku": "voucher", "quantity": "1", "unitPrice": "5.00"}]}
    refused = blank.redeem(card, "cake", basket=basket)["decision"]
    assert refused["outcome"] == "REFUSED"
    assert [(reason["clause"]["key"], reason["code"], reason["verdict"]) for reason in refused["reasons"]] == [
        ("cake", "OUTSIDE_DATES", "NOT_MET"),
        ("cake", "NO_ELIGIBLE_PRODUCT", "NOT_MET"),
        ("cake", "INSUFFICIENT_POINTS", "NOT_MET"),
    ]
    dates, products, points = [reason["remedies"][0] for reason in refused["reasons"]]
    assert dates["code"] == "COME_AT"
    assert dates["from"] == "2026-05-31T23:00:00Z", "midnight in London"
    assert products["code"] == "ADD_PRODUCT"
    assert points["points"] == 10


def test_best_clause_counts_and_the_others_are_explained(blank: Shop) -> None:
    cake(blank)
    publish(blank, CLAUSES, effectiveFrom="2026-01-01T00:00:00Z")
    card = blank.enrol()
    tuesday = "2026-03-03T17:00:00Z"
    lines = [{"sku": "sencha", "categories": ["tea"], "quantity": "3", "unitPrice": "10.00"}]
    bought = blank.buy(card, "", lines=lines, occurredAt=tuesday)["decision"]
    assert bought["points"][0]["points"] == 60
    results = {
        reason["clause"]["key"]: reason["code"] for reason in bought["reasons"] if reason["code"] != "CONDITION_MET"
    }
    assert results == {"happy-hour": "POINTS_EARNED", "tea": "BETTER_CLAUSE_APPLIED", "visit": "BETTER_CLAUSE_APPLIED"}
    later = blank.buy(card, "", lines=lines, occurredAt="2026-03-03T19:00:00Z")["decision"]
    assert later["points"][0]["points"] == 15
    window = next(reason for reason in later["reasons"] if reason["code"] == "OUTSIDE_TIME_WINDOW")
    assert window["remedies"][0]["from"] == "2026-03-04T17:00:00Z"


@pytest.mark.parametrize(
    ("clauses", "path"),
    [
        ([], ["input", "clauses"]),
        ([{"key": "Not a key", "effect": {"pointsPerVisit": {"points": 1}}}], ["input", "clauses", "0", "key"]),
        ([{"key": "a", "effect": {"pointsPerVisit": {"points": 0}}}], ["input", "clauses", "0", "effect"]),
        ([{"key": "a", "effect": {"pointsPerAmount": {"points": 1, "per": "0"}}}], ["input", "clauses", "0", "effect"]),
        (
            [{"key": "a", "effect": {"pointsPerAmount": {"points": 1, "per": "0.001"}}}],
            ["input", "clauses", "0", "effect", "pointsPerAmount", "per"],
        ),
        (
            [
                {"key": "a", "effect": {"pointsPerVisit": {"points": 1}}},
                {"key": "a", "effect": {"pointsPerVisit": {"points": 1}}},
            ],
            ["input", "clauses", "1", "key"],
        ),
        (
            [
                {
                    "key": "a",
                    "conditions": [{"weekdaysAndHours": {"days": []}}],
                    "effect": {"pointsPerVisit": {"points": 1}},
                }
            ],
            ["input", "clauses", "0", "conditions", "0"],
        ),
        (
            [
                {
                    "key": "a",
                    "conditions": [{"weekdaysAndHours": {"days": ["MONDAY"], "start": "09:00", "end": "09:00"}}],
                    "effect": {"pointsPerVisit": {"points": 1}},
                }
            ],
            ["input", "clauses", "0", "conditions", "0"],
        ),
        (
            [{"key": "a", "conditions": [{"dates": {}}], "effect": {"pointsPerVisit": {"points": 1}}}],
            ["input", "clauses", "0", "conditions", "0"],
        ),
        (
            [
                {
                    "key": "a",
                    "conditions": [{"dates": {"first": "2026-02-01", "last": "2026-01-01"}}],
                    "effect": {"pointsPerVisit": {"points": 1}},
                }
            ],
            ["input", "clauses", "0", "conditions", "0"],
        ),
        (
            [
                {
                    "key": "a",
                    "conditions": [{"products": {"include": ["x"], "exclude": ["x"]}}],
                    "effect": {"pointsPerVisit": {"points": 1}},
                }
            ],
            ["input", "clauses", "0", "conditions", "0"],
        ),
        (
            [
                {
                    "key": "a",
                    "conditions": [{"minimumSpend": {"amount": "5.00"}}],
                    "effect": {"noticePeriod": {"days": 3}},
                }
            ],
            ["input", "clauses", "0", "conditions"],
        ),
    ],
)
def test_invalid_draft_is_rejected_with_its_path_and_not_published(
    blank: Shop, clauses: object, path: list[str]
) -> None:
    refused = publish(blank, clauses)
    (error,) = refused["userErrors"]
    assert (error["code"], error["path"]) == ("INVALID_INPUT", path)
    assert blank.execute("{ terms(version: 1) { version } }") == {"terms": None}


def test_price_of_an_unknown_reward_is_rejected(blank: Shop) -> None:
    refused = publish(blank, [{"key": "x", "effect": {"rewardCost": {"reward": "ghost", "points": 1}}}])
    assert refused["userErrors"][0]["code"] == "UNKNOWN_REWARD_IN_TERMS"


def test_change_without_notice_is_refused_with_the_clause_and_earliest_date(shop: Shop) -> None:
    clauses = [{"key": "points-per-spend", "effect": {"pointsPerAmount": {"points": 1, "per": "2.00"}}}]
    soon = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    refused = publish(shop, clauses, effectiveFrom=soon)
    assert refused["decision"]["outcome"] == "REFUSED"
    (reason,) = refused["decision"]["reasons"]
    assert (reason["code"], reason["clause"]["key"]) == ("NOTICE_TOO_SHORT", "notice")
    earliest = datetime.fromisoformat(reason["remedies"][0]["from"])
    assert timedelta(days=30) <= earliest - datetime.now(UTC) <= timedelta(days=31, hours=2)
    assert refused["terms"] is None
    granted = publish(shop, clauses, key="again", effectiveFrom=reason["remedies"][0]["from"])
    assert granted["decision"]["outcome"] == "GRANTED"
    terms = granted["terms"]
    assert (terms["version"], terms["status"]) == (2, "SCHEDULED")
    changed = {(change["before"] or change["after"])["key"]: change["effectOnCustomer"] for change in terms["changes"]}
    assert changed == {"points-per-spend": "WORSE", "coffee": "WORSE", "mug": "WORSE"}
    assert shop.execute("{ terms { version status } }") == {"terms": {"version": 1, "status": "IN_FORCE"}}


def test_each_version_decides_events_of_its_own_time(database_url: str) -> None:
    with open_shop(database_url) as shop:
        card = shop.enrol()
        publish(shop, [{"key": "points-per-spend", "effect": {"pointsPerAmount": {"points": 3, "per": "1.00"}}}])
        program = shop.program
        assert shop.buy(card, "10.00", key="first", receipt="a")["balances"][0]["available"] == 10
    later = datetime.now(UTC) + timedelta(days=40)
    with open_shop(database_url, program=program, clock=lambda: later) as shop:
        assert shop.execute("{ terms { version status } }") == {"terms": {"version": 2, "status": "IN_FORCE"}}
        assert shop.execute("{ terms(version: 1) { status } }") == {"terms": {"status": "SUPERSEDED"}}
        assert shop.buy(card, "10.00", receipt="b")["decision"]["terms"] == {"version": 2}
        assert shop.available(card) == 40
        past = (later - timedelta(days=39)).isoformat()
        late = shop.buy(card, "10.00", receipt="c", occurredAt=past)
        assert (late["decision"]["terms"], late["decision"]["points"][0]["points"]) == ({"version": 1}, 10)
        replayed = shop.buy(card, "10.00", key="first", receipt="a")
        assert replayed["decision"]["terms"] == {"version": 1}
        assert replayed["balances"][0]["available"] == 10, "as it was answered then"
        refunded = shop.refund("a")
        assert refunded["balances"][0]["available"] == 40, "by the terms of the purchase"
