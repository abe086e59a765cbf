"""Changes of terms: checked, announced, withdrawn, and old prices for old points. On both databases."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.shop import START, Clock, Shop, open_shop
from tests.time_limits import usual_seconds
from tests.verification import discrepancies_in

"""A Monday, later than any program of these tests is made."""
SAID = "code statement example clause { number }"
CHECK = f"""query($clauses: [ClauseInput!]!, $from: DateTime) {{ termsCheck(clauses: $clauses, effectiveFrom: $from) {{
    effectOnCustomer earliestFrom changes {{ effectOnCustomer statement }} findings {{ {SAID} }}
    draft {{ effectiveFrom text(format: HTML) clauses {{ key statement }} }} userErrors {{ code path }} }} }}"""
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) {
    terms { version status effectiveFrom } decision { outcome reasons { code clause { key } remedies { from } } }
    userErrors { code path } } }"""
REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"
WITHDRAW = """mutation($input: WithdrawTermsInput!) { withdrawTerms(input: $input) {
    terms { version status } userErrors { code } } }"""
NOTICES = """query($by: CustomerBy!) { customer(by: $by) { notices { announcedAt effectiveFrom effectOnCustomer
    terms { version } changes { before { statement } after { statement } } } } }"""
ACCEPTED = "query($by: CustomerBy!) { customer(by: $by) { acceptedTermsVersion notices { announcedAt } } }"
EXPLAIN = """query($e: ID!) { explain(entry: $e) { recomputedPoints agrees decision {
    points { points unit { code } } terms { version } reasons { clause { key number statement } } } } }"""
OUTLOOK = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
    decision { points { points } } clauses { clause { key } applies points appliesFrom almostMet { code points } } } }"""


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


def clauses(*more: Any, coffee: int = 100, conditions: list[Any] | None = None) -> list[Any]:
    """The clauses of the shop."""
    return [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "coffee", "conditions": conditions, "effect": {"rewardCost": {"reward": "coffee", "points": coffee}}},
        *more,
    ]


def publish(shop: Shop, given: list[Any], **more: Any) -> Any:
    """Publish as the owner, under a key of its own."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": given, **more}
    return shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]


def test_better_change_starts_at_once_and_a_worse_one_only_with_notice(shop: Shop, clock: Clock) -> None:
    better = publish(shop, clauses(coffee=90))
    assert better["decision"]["outcome"] == "GRANTED"
    assert better["terms"]["status"] == "IN_FORCE"
    soon = (clock.now + timedelta(days=10)).isoformat()
    refused = publish(shop, clauses(coffee=95), effectiveFrom=soon)
    (reason,) = refused["decision"]["reasons"]
    assert (refused["terms"], reason["code"], reason["clause"]["key"]) == (None, "NOTICE_TOO_SHORT", "notice")
    assert reason["remedies"][0]["from"] == "2090-04-05T23:00:00Z"
    worse = publish(shop, clauses(coffee=95))
    assert (worse["terms"]["status"], worse["terms"]["effectiveFrom"]) == ("SCHEDULED", "2090-04-05T23:00:00Z")


def test_existing_customers_get_a_terms_notice_and_later_ones_do_not(shop: Shop) -> None:
    member = shop.enrol()
    publish(shop, clauses(coffee=120))
    newcomer = shop.enrol()
    (notice,) = shop.execute(NOTICES, by={"card": member})["customer"]["notices"]
    assert (notice["effectOnCustomer"], notice["effectiveFrom"]) == ("WORSE", "2090-04-05T23:00:00Z")
    (change,) = notice["changes"]
    assert change["before"]["statement"] == "You can have “Coffee” for 100 points."
    assert change["after"]["statement"] == "You can have “Coffee” for 120 points."
    assert shop.execute(NOTICES, by={"card": newcomer})["customer"]["notices"] == []


def test_customer_enrolled_after_an_announcement_accepts_the_announced_version(shop: Shop) -> None:
    publish(shop, clauses(coffee=120))
    newcomer = shop.enrol()
    customer = shop.execute(ACCEPTED, by={"card": newcomer})["customer"]
    assert customer == {"acceptedTermsVersion": 1, "notices": []}, "what was announced before joining needs no notice"
    publish(shop, clauses(coffee=130))
    assert len(shop.execute(ACCEPTED, by={"card": newcomer})["customer"]["notices"]) == 1


def test_old_decisions_are_unchanged_by_later_versions(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    entries = []
    # Each version is better than the one before it, so it counts at once; the last one says nearly nothing of the first.
    for version in range(1, 9):
        double = {"key": "double", "effect": {"pointsPerAmount": {"points": version + 1, "per": "1.00"}}}
        bought = shop.buy(card, "25.50")
        entries.append((bought["entry"]["id"], version, bought["decision"]))
        assert publish(shop, clauses(double, coffee=100 - version))["userErrors"] == []
        clock.now += timedelta(minutes=1)
    spent = shop.redeem(card)
    entries.append((spent["entry"]["id"], 9, spent["decision"]))
    assert publish(shop, [{"key": "visit", "effect": {"pointsPerVisit": {"points": 1}}}])["userErrors"] == []
    clock.now += timedelta(days=60)
    assert shop.execute("{ terms { version } }")["terms"]["version"] == 10
    earned = []
    for entry, version, decision in entries:
        explain = shop.execute(EXPLAIN, e=entry)["explain"]
        assert explain["agrees"] is True
        assert explain["decision"]["terms"]["version"] == version
        assert explain["decision"]["points"] == decision["points"]
        assert abs(explain["recomputedPoints"]) == decision["points"][0]["points"]
        in_force = shop.execute("query($v: Int) { terms(version: $v) { clauses { key number statement } } }", v=version)
        for reason in explain["decision"]["reasons"]:
            assert reason["clause"] in in_force["terms"]["clauses"], "no reason cites what was not in force"
        earned.append(explain["recomputedPoints"])
    assert [abs(value) for value in earned] == [26, 51, 77, 102, 128, 153, 179, 204, 92]


def test_announced_version_can_be_withdrawn_only_before_it_starts(shop: Shop, clock: Clock) -> None:
    member = shop.enrol()
    announced = publish(shop, clauses(coffee=120))["terms"]["version"]
    payload = shop.execute(WITHDRAW, role=Role.OWNER, input={"idempotencyKey": "w", "version": announced})[
        "withdrawTerms"
    ]
    assert payload["terms"] == {"version": announced, "status": "WITHDRAWN"}
    assert shop.execute(NOTICES, by={"card": member})["customer"]["notices"] == []
    again = publish(shop, clauses(coffee=120))["terms"]
    assert (again["version"], again["effectiveFrom"]) == (announced + 1, "2090-04-05T23:00:00Z"), "the same day is free"
    clock.now += timedelta(days=60)
    late = shop.execute(WITHDRAW, role=Role.OWNER, input={"idempotencyKey": "x", "version": announced + 1})
    assert late["withdrawTerms"]["userErrors"] == [{"code": "NOT_WITHDRAWABLE"}]


def test_old_points_keep_the_old_price_and_the_decision_says_so(shop: Shop, clock: Clock) -> None:
    card = shop.enrol()
    shop.buy(card, "50.00")
    publish(shop, clauses(coffee=200))
    clock.now += timedelta(days=31)
    shop.buy(card, "100.00")
    payload = shop.redeem(card, "coffee")
    # 50 of 100 pay half of the coffee, the other half costs 100 of 200.
    assert payload["decision"]["outcome"] == "GRANTED"
    assert payload["redemption"]["points"] == 150
    assert {reason["code"] for reason in payload["decision"]["reasons"]} == {"COST_PAID", "OLD_PRICE_KEPT"}
    assert payload["balances"][0]["available"] == 0
    assert discrepancies_in(shop.url) == []


def test_terms_check_returns_changes_findings_and_an_example(shop: Shop) -> None:
    never = {
        "key": "never",
        "conditions": [{"dates": {"last": "2020-01-01"}}],
        "effect": {"bonusPoints": {"points": 5}},
    }
    low = {"key": "cap", "effect": {"pointsCap": {"points": 3, "scope": "PURCHASE"}}}
    bonus = {"key": "bonus", "effect": {"bonusPoints": {"points": 5}}}
    twice = {"key": "twice", "effect": {"pointsPerAmount": {"points": 1, "per": "2.00"}}}
    terms_check = shop.execute(CHECK, role=Role.OWNER, clauses=clauses(never, low, bonus, twice))["termsCheck"]
    assert terms_check["userErrors"] == []
    assert terms_check["effectOnCustomer"] == "WORSE"
    assert {(finding["code"], finding["clause"]["number"]) for finding in terms_check["findings"]} >= {
        ("NEVER_HOLDS", "3"),
        ("CONTRADICTION", "5"),
        ("NEVER_COUNTS", "6"),
        ("REWARD_WITHOUT_PICTURE", "2"),
    }
    assert all(finding["example"] for finding in terms_check["findings"])
    assert "<ol>" in terms_check["draft"]["text"]
    soon = shop.execute(CHECK, role=Role.OWNER, clauses=clauses(coffee=500), **{"from": START.isoformat()})[
        "termsCheck"
    ]
    assert "NOTICE_TOO_SHORT" in {finding["code"] for finding in soon["findings"]}
    assert shop.execute("{ terms { version } }")["terms"]["version"] == 1, "nothing was published"


def test_quebec_preset_needs_no_days(shop: Shop) -> None:
    assert (
        publish(shop, clauses({"key": "notice", "effect": {"noticePeriod": {"preset": "CA_QC"}}}))["userErrors"] == []
    )
    terms_check = shop.execute(CHECK, role=Role.OWNER, clauses=clauses(coffee=120), **{"from": None})["termsCheck"]
    # Sixty whole local days after 6 March; the clocks go forward in between.
    assert terms_check["earliestFrom"] == "2090-05-05T23:00:00Z"
    said = shop.execute("{ terms { clauses { key statement } } }")["terms"]["clauses"]
    notice = next(value["statement"] for value in said if value["key"] == "notice")
    assert "60" in notice
    assert "90" in notice


def test_start_suggested_by_the_check_can_be_published(shop: Shop, clock: Clock) -> None:
    quebec = {"key": "notice", "effect": {"noticePeriod": {"days": 60, "preset": "CA_QC"}}}

    def checked(given: list[Any], start: datetime | None = None) -> Any:
        expected: dict[str, Any] = {"from": None if start is None else start.isoformat()}
        return shop.execute(CHECK, role=Role.OWNER, clauses=given, **expected)["termsCheck"]

    def too_long(found: Any) -> list[tuple[str, str]]:
        return [
            (finding["example"], finding["clause"]["number"])
            for finding in found["findings"]
            if "LONG" in finding["code"]
        ]

    assert publish(shop, clauses(quebec))["terms"]["status"] == "IN_FORCE"
    late = START + timedelta(days=200)
    found = checked(clauses(quebec, coffee=120), late)
    assert found["earliestFrom"] == "2090-05-05T23:00:00Z"
    assert [(text.split(";")[1][:40], number) for text, number in too_long(found)] == [
        (" announced today, it can start on 4 June", "3")
    ]
    last = datetime(2090, 6, 4, 22, 59, 59, tzinfo=UTC)
    assert too_long(checked(clauses(quebec, coffee=120), last)) == []
    assert len(too_long(checked(clauses(quebec, coffee=120), last + timedelta(seconds=1)))) == 1

    # Better, and with a clause more before the notice: what a draft is held to is the notice clause in force, number 3.
    visit = {"key": "visit", "effect": {"pointsPerVisit": {"points": 1}}}
    assert publish(shop, clauses(visit, quebec, coffee=90), effectiveFrom=late.isoformat())["terms"]["version"] == 3
    for start in (None, START + timedelta(days=70), late + timedelta(days=1)):
        found = checked(clauses(visit, quebec, coffee=120), start)
        assert found["earliestFrom"] is None
        ((example, number),) = too_long(found)
        assert example.startswith("It has to follow version 3, which starts on ")
        assert number == "3"
        sent = {} if start is None else {"effectiveFrom": start.isoformat()}
        assert publish(shop, clauses(visit, quebec, coffee=120), **sent)["terms"] is None
    # Nearer to it, there is one again, and it is kept.
    clock.now = late - timedelta(days=80)
    start = checked(clauses(visit, quebec, coffee=120))["earliestFrom"]
    assert publish(shop, clauses(visit, quebec, coffee=120))["terms"]["effectiveFrom"] == start


@pytest.mark.parametrize(
    ("effect", "conditions", "code", "path"),
    [
        ({"quoteValidity": {"minutes": 5}}, None, "NOT_ENFORCED_YET", ["effect"]),
        ({"rewardCost": {"reward": "yacht", "points": 5}}, None, "UNKNOWN_REWARD_IN_TERMS", ["effect"]),
        ({"bonusPoints": {"points": 5}}, [{"anyOf": {"conditions": []}}], "INVALID_INPUT", ["conditions", "0"]),
        (
            {"bonusPoints": {"points": 5}},
            [{"exceptWhen": {"conditions": [{"firstPurchase": True}]}}],
            "INVALID_INPUT",
            ["conditions", "0"],
        ),
    ],
)
def test_unenforceable_effect_is_rejected_with_its_path(
    shop: Shop, effect: Any, conditions: Any, code: str, path: list[str]
) -> None:
    given = clauses({"key": "x", "conditions": conditions, "effect": effect})
    (error,) = shop.execute(CHECK, role=Role.OWNER, clauses=given)["termsCheck"]["userErrors"]
    assert (error["code"], error["path"]) == (code, ["clauses", "2", *path])
    (error,) = publish(shop, given)["userErrors"]
    assert error["code"] == code


def test_deeply_nested_groups_are_rejected(shop: Shop) -> None:
    nested: Any = {"firstPurchase": True}
    for _ in range(4):
        nested = {"allOf": {"conditions": [nested]}}
    given = clauses({"key": "x", "conditions": [nested], "effect": {"bonusPoints": {"points": 5}}})
    (error,) = shop.execute(CHECK, role=Role.OWNER, clauses=given)["termsCheck"]["userErrors"]
    assert error["path"] == ["clauses", "2", "conditions"]


def test_visits_uses_and_caps_are_counted_across_purchases(shop: Shop, clock: Clock) -> None:
    publish(
        shop,
        clauses(
            {"key": "welcome", "conditions": [{"firstPurchase": True}], "effect": {"bonusPoints": {"points": 20}}},
            {
                "key": "third",
                "conditions": [{"everyNthVisit": {"nth": 3}}],
                "effect": {"pointsMultiplier": {"factor": "2"}},
            },
            {
                "key": "monthly",
                "conditions": [{"timesPerPeriod": {"times": 1, "period": "MONTH"}}],
                "effect": {"bonusPoints": {"points": 7}},
            },
        ),
    )
    card = shop.enrol()
    assert [shop.buy(card, "10.00")["decision"]["points"][0]["points"] for _ in range(4)] == [37, 10, 20, 10]
    clock.now += timedelta(days=31)
    assert shop.buy(card, "10.00")["decision"]["points"][0]["points"] == 17
    publish(shop, clauses({"key": "cap", "effect": {"pointsCap": {"points": 15, "scope": "DAY"}}}))
    clock.now += timedelta(days=40)
    first, second = shop.buy(card, "10.00"), shop.buy(card, "10.00")
    assert [value["decision"]["points"][0]["points"] for value in (first, second)] == [10, 5]
    assert second["decision"]["outcome"] == "PARTLY_GRANTED"
    assert [reason["verdict"] for reason in second["decision"]["reasons"]] == ["APPLIED", "LIMITED"]


def test_basket_check_says_when_a_clause_applies_and_what_is_almost_met(shop: Shop) -> None:
    evening = {"weekdaysAndHours": {"days": ["MONDAY"], "start": "17:00", "end": "19:00"}}
    publish(shop, clauses({"key": "evening", "conditions": [evening], "effect": {"bonusPoints": {"points": 5}}}))
    card = shop.enrol()
    shop.buy(card, "80.00")
    basket = {"lines": [{"sku": "tea", "quantity": "1", "unitPrice": "3.00"}]}
    basket_check = shop.execute(OUTLOOK, by={"card": card}, basket=basket)["basketCheck"]
    assert basket_check["decision"]["points"][0]["points"] == 3
    clauses_by_key = {clause["clause"]["key"]: clause for clause in basket_check["clauses"]}
    assert (clauses_by_key["spend"]["applies"], clauses_by_key["spend"]["points"]) == (True, 3)
    assert (clauses_by_key["evening"]["applies"], clauses_by_key["evening"]["appliesFrom"]) == (
        False,
        "2090-03-06T17:00:00Z",
    )
    assert clauses_by_key["coffee"]["almostMet"] == [{"code": "COLLECT_POINTS", "points": 20}]


def test_long_terms_check_does_not_block_tills(shop: Shop) -> None:
    card = shop.enrol()
    minutes = [f"{place // 60:02}:{place % 60:02}" for place in range(20)]
    hours = [
        {"weekdaysAndHours": {"days": ["MONDAY"], "start": "09:00", "end": f"10:{minute[3:]}"}}
        for minute in minutes[:19]
    ]
    closed = {"weekdaysAndHours": {"days": ["TUESDAY"]}}
    heavy = [
        {"key": f"x-{place}", "conditions": [*hours, closed], "effect": {"bonusPoints": {"points": 5}}}
        for place in range(40)
    ]
    usual = usual_seconds(lambda: shop.buy(card, "1.00"))
    with ThreadPoolExecutor() as pool:
        checking = pool.submit(shop.execute, CHECK, role=Role.OWNER, clauses=clauses(*heavy))
        waits = []
        while not checking.done():
            sold = time.monotonic()
            shop.buy(card, "1.00")
            waits.append(time.monotonic() - sold)
        terms_check = checking.result()["termsCheck"]
    assert "NEVER_HOLDS" in {finding["code"] for finding in terms_check["findings"]}
    # The check shares the interpreter with the till: each purchase gets its turns between slices of the check.
    assert max(waits, default=0) < 100 * usual
