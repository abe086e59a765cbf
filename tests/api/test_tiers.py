"""Tiers over HTTP: reached at once, kept for a year or for days of grace, and explained. On both databases."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import code_of, customer_key
from tests.shop import START, Clock, Shop, open_shop
from tests.transfers import join
from tests.verification import discrepancies_in

LEVEL = "{ key name points clause { key kind statement } }"
REASON = "verdict code statement observed required clause { key statement }"
TIER = f"""query($by: CustomerBy!) {{ customer(by: $by) {{ wallet {{ balances {{ qualifying }} }}
  tier {{ key name since holdsUntil qualifyingPoints period periodEnds tier {LEVEL}
    next {{ tier {{ key name points }} missing }} projected {{ at tier {{ key name }} }} reasons {{ {REASON} }} }}
  tierChanges {{ at before {{ key }} after {{ key }} qualifyingPoints
    decision {{ outcome decidedFor points {{ points }} terms {{ version }} reasons {{ {REASON} }} }} }} }} }}"""
PLAIN = (
    "query($by: CustomerBy!) { customer(by: $by) { tier { key since holdsUntil qualifyingPoints next { missing } } } }"
)
LEVELS = f"{{ terms {{ tiers {LEVEL} }} }}"
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) {
  terms { version } decision { outcome } userErrors { code path } } }"""
REWARD = "mutation($input: CreateRewardInput!) { createReward(input: $input) { userErrors { code } } }"
LEDGER = """query($by: CustomerBy!) { customer(by: $by) { ledger(first: 100) { nodes {
  type points occurredAt purchase { externalId } decision { points { points } } } } } }"""
DAY = timedelta(days=1)

Opening = Callable[..., AbstractContextManager[Shop]]


@pytest.fixture
def clock() -> Clock:
    """The shop's time: a Monday in March."""
    return Clock()


@pytest.fixture
def opening(database_url: str, clock: Clock) -> Opening:
    """Opens a shop with tiers; its ledger is verified at the end."""

    @contextmanager
    def opened(period: str = "CALENDAR_YEAR", grace: int = 30) -> Iterator[Shop]:
        with open_shop(database_url, clock=clock, template="blank") as shop:
            mug = {"idempotencyKey": "mug", "key": "mug", "name": "Mug", "description": "A mug."}
            shop.execute(REWARD, role=Role.OWNER, input=mug)
            publish(shop, *clauses(period, grace), start=datetime(2020, 1, 1, tzinfo=UTC))
            yield shop
        assert discrepancies_in(database_url) == []

    return opened


def clauses(period: str = "CALENDAR_YEAR", grace: int = 30, *, gold: int = 500) -> list[Any]:
    """A point a pound; double at gold, 5 more for each purchase from silver on; a mug for 50."""
    return [
        {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
        {"key": "silver", "effect": {"tier": {"tier": "silver", "name": "Silber", "points": 100}}},
        {"key": "gold", "effect": {"tier": {"tier": "gold", "name": "金卡", "points": gold}}},
        {"key": "kept", "effect": {"tierPeriod": {"period": period, "graceDays": grace}}},
        at_tier("double", "gold", {"pointsMultiplier": {"factor": "2"}}),
        at_tier("extra", "silver", {"bonusPoints": {"points": 5}}),
        {"key": "mug", "effect": {"rewardCost": {"reward": "mug", "points": 50}}},
    ]


def at_tier(key: str, tier: str, effect: Any) -> Any:
    """A clause for a tier and above."""
    return {"key": key, "conditions": [{"tierAtLeast": {"tier": tier}}], "effect": effect}


def publish(shop: Shop, *given: Any, start: datetime | None) -> Any:
    """Publish as the owner."""
    order = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(given)}
    if start is not None:
        order["effectiveFrom"] = start.isoformat()
    payload = shop.execute(PUBLISH, role=Role.OWNER, input=order)["publishTerms"]
    assert (payload["userErrors"], bool(payload["terms"])) == ([], True), payload
    return payload["terms"]


def tier(shop: Shop, card: str, *, language: str = "en") -> Any:
    """The tier of a card, which must equal the one shown to tills."""
    customer = shop.execute(TIER, by={"card": card}, language=language)["customer"]
    plain = shop.execute(PLAIN, by={"card": card})["customer"]["tier"]
    if plain is not None:
        whole = customer["tier"]
        missing = None if whole["next"] is None else {"missing": whole["next"]["missing"]}
        assert plain == {name: whole[name] for name in plain if name != "next"} | {"next": missing}
    return customer["tier"]


def changes(shop: Shop, card: str, *, language: str = "en") -> Any:
    """The tiers reached and lost, newest first."""
    return shop.execute(TIER, by={"card": card}, language=language)["customer"]["tierChanges"]


def buy(shop: Shop, card: str, pounds: int, *, at: datetime | None = None, receipt: str | None = None) -> int:
    """Buys for whole pounds; returns the points earned."""
    when = {} if at is None else {"occurredAt": at.isoformat()}
    payload = shop.buy(card, f"{pounds}.00", receipt=receipt, **when)
    assert payload["userErrors"] == [], payload
    return int(payload["decision"]["points"][0]["points"])


def moment(text: str | None) -> datetime | None:
    """An instant of an answer."""
    return None if text is None else datetime.fromisoformat(text)


def midnight(year: int, month: int, day: int) -> datetime:
    """The first instant of a winter day in London."""
    return datetime(year, month, day, tzinfo=UTC)


def test_purchase_that_reaches_a_tier_is_decided_at_the_tier_before(
    opening: Opening,
) -> None:
    with opening() as shop:
        card = shop.enrol()
        none = tier(shop, card)
        assert (none["key"], none["name"], none["since"], none["tier"], none["projected"]) == (None,) * 5
        assert (none["next"], none["period"]) == (
            {"tier": {"key": "silver", "name": "Silber", "points": 100}, "missing": 100},
            "CALENDAR_YEAR",
        )
        assert moment(none["periodEnds"]) == midnight(2091, 1, 1)
        assert buy(shop, card, 100) == 100, "no extra: silver is reached by this very purchase"
        silver = tier(shop, card)
        assert (silver["key"], silver["name"], silver["qualifyingPoints"]) == ("silver", "Silber", 100)
        assert silver["tier"]["clause"]["statement"] == "You reach tier “Silber” with 100 qualifying points."
        assert silver["next"] == {"tier": {"key": "gold", "name": "金卡", "points": 500}, "missing": 400}
        assert buy(shop, card, 400) == 405, "gold is reached by this very purchase"
        gold = tier(shop, card)
        assert (gold["key"], gold["holdsUntil"], gold["next"], gold["reasons"]) == ("gold", None, None, [])
        assert buy(shop, card, 10) == 25, "double, and 5 more"


def test_only_earning_clauses_give_qualifying_points(
    opening: Opening,
) -> None:
    with opening() as shop:
        card = shop.enrol()
        for pounds in (100, 400, 10, 20):
            buy(shop, card, pounds)
        assert shop.available(card) == 100 + 405 + 25 + 45
        assert tier(shop, card)["qualifyingPoints"] == 530
        for _ in range(11):
            assert shop.redeem(card, "mug")["decision"]["outcome"] == "GRANTED"
        assert shop.available(card) == 25
        after = tier(shop, card)
        assert (after["key"], after["qualifyingPoints"], after["holdsUntil"]) == ("gold", 530, None)


def test_calendar_year_tier_lasts_through_the_next_year_and_the_grace_days(opening: Opening, clock: Clock) -> None:
    with opening() as shop:
        card = shop.enrol()
        buy(shop, card, 500)
        first = tier(shop, card)
        assert (moment(first["projected"]["at"]), first["projected"]["tier"]["key"]) == (midnight(2091, 1, 1), "gold")
        clock.now = datetime(2091, 6, 1, 12, tzinfo=UTC)
        second = tier(shop, card)
        assert (second["key"], second["qualifyingPoints"], second["holdsUntil"]) == ("gold", 0, None)
        assert (moment(second["projected"]["at"]), second["projected"]["tier"]) == (midnight(2092, 1, 31), None)
        assert buy(shop, card, 120) == 245, "still gold"
        assert (tier(shop, card)["projected"]["tier"], tier(shop, card)["next"]) == (
            {"key": "silver", "name": "Silber"},
            None,
        )
        clock.now = datetime(2092, 1, 15, 12, tzinfo=UTC)
        current_tier = tier(shop, card)
        assert (current_tier["key"], moment(current_tier["holdsUntil"])) == ("gold", midnight(2092, 1, 31))
        (reason,) = current_tier["reasons"]
        assert (reason["code"], reason["verdict"], reason["observed"]) == ("TIER_KEPT", "APPLIED", "120")
        assert "no longer enough for the tier “金卡”" in reason["statement"]
        assert "until Thursday, 31 January 2092, 00:00" in reason["statement"]
        assert buy(shop, card, 10) == 25, "in the days of grace the tier counts"
        clock.now = midnight(2092, 1, 31)
        lost = tier(shop, card)
        assert (lost["key"], moment(lost["since"]), lost["holdsUntil"]) == ("silver", midnight(2092, 1, 31), None)
        assert lost["reasons"] == []
        assert buy(shop, card, 10) == 15, "silver now: no double"
        down, up = changes(shop, card)
        assert (up["before"], up["after"]["key"], up["qualifyingPoints"]) == (None, "gold", 500)
        assert (down["before"]["key"], down["after"]["key"], down["qualifyingPoints"]) == ("gold", "silver", 120)
        assert moment(down["at"]) == midnight(2092, 1, 31)
        assert [value["decision"]["reasons"][0]["code"] for value in (up, down)] == ["TIER_REACHED", "TIER_LOST"]
        assert [value["decision"]["outcome"] for value in (up, down)] == ["GRANTED", "REFUSED"]
        assert [value["decision"]["reasons"][0]["clause"]["key"] for value in (up, down)] == ["gold", "gold"]


def test_points_in_a_rolling_year_count_for_twelve_months(opening: Opening, clock: Clock) -> None:
    with opening("ROLLING_YEAR", 10) as shop:
        card = shop.enrol()
        buy(shop, card, 60)
        clock.now = START + 100 * DAY
        buy(shop, card, 50)
        held = tier(shop, card)
        assert (held["key"], held["periodEnds"]) == ("silver", None)
        # The 60 count to 5 March 2091; ten more days are given, from 6 March on.
        assert (moment(held["projected"]["at"]), held["projected"]["tier"]) == (midnight(2091, 3, 16), None)
        clock.now = datetime(2091, 3, 5, 23, 59, tzinfo=UTC)
        assert tier(shop, card)["qualifyingPoints"] == 110
        clock.now = midnight(2091, 3, 6)
        current_tier = tier(shop, card)
        assert (current_tier["key"], current_tier["qualifyingPoints"], moment(current_tier["holdsUntil"])) == (
            "silver",
            50,
            midnight(2091, 3, 16),
        )
        clock.now = midnight(2091, 3, 10)
        assert buy(shop, card, 50) == 55
        again = tier(shop, card)
        assert (again["key"], again["holdsUntil"], moment(again["since"])) == ("silver", None, moment(held["since"]))
        assert len(changes(shop, card)) == 1, "it was never lost"


def test_tier_period_since_joining_never_ends(opening: Opening, clock: Clock) -> None:
    with opening("SINCE_JOINING", 0) as shop:
        card = shop.enrol()
        buy(shop, card, 60)
        clock.now = START + 3000 * DAY
        assert buy(shop, card, 40) == 40
        held = tier(shop, card)
        assert (held["key"], held["qualifyingPoints"], held["projected"]) == ("silver", 100, None)
        assert (held["period"], held["periodEnds"]) == ("SINCE_JOINING", None)
        clock.now = START + 6000 * DAY
        assert buy(shop, card, 1) == 6


def test_refund_starts_the_days_of_grace_of_a_tier(opening: Opening, clock: Clock) -> None:
    with opening("SINCE_JOINING", 20) as shop:
        card = shop.enrol()
        buy(shop, card, 450, receipt="large")
        buy(shop, card, 60)
        clock.now = midnight(2090, 5, 1) + timedelta(hours=10)
        assert shop.refund("large")["decision"]["points"][0]["points"] == 450
        current_tier = tier(shop, card)
        # 1 May is the day of the refund, 21 May the last of twenty; summer time in London.
        assert (current_tier["key"], moment(current_tier["holdsUntil"])) == (
            "gold",
            datetime(2090, 5, 21, 23, tzinfo=UTC),
        )
        assert [reason["code"] for reason in current_tier["reasons"]] == ["TIER_KEPT"]
        assert (moment(current_tier["projected"]["at"]), current_tier["projected"]["tier"]) == (
            moment(current_tier["holdsUntil"]),
            None,
        )
        clock.now = datetime(2090, 5, 21, 22, 30, tzinfo=UTC)
        assert buy(shop, card, 10) == 25
        clock.now = datetime(2090, 5, 21, 23, tzinfo=UTC)
        assert tier(shop, card)["key"] is None
        assert buy(shop, card, 10) == 10


def test_refund_ends_a_tier_without_days_of_grace_at_once(opening: Opening) -> None:
    with opening("CALENDAR_YEAR", 0) as shop:
        card = shop.enrol()
        buy(shop, card, 120, receipt="gone")
        assert tier(shop, card)["key"] == "silver"
        shop.refund("gone")
        assert tier(shop, card)["key"] is None
        assert [change["after"] and change["after"]["key"] for change in changes(shop, card)] == [None, "silver"]
        assert buy(shop, card, 10) == 10


def test_late_purchase_moves_the_tier_forward_and_corrects_later_entries(opening: Opening, clock: Clock) -> None:
    with opening() as shop:
        card = shop.enrol()
        clock.now = START + 40 * DAY
        assert buy(shop, card, 450, at=START + 10 * DAY, receipt="a") == 450
        assert buy(shop, card, 40, at=START + 20 * DAY, receipt="b") == 45
        assert buy(shop, card, 100, at=START + 30 * DAY, receipt="c") == 105
        assert moment(tier(shop, card)["since"]) == START + 30 * DAY
        assert buy(shop, card, 60, at=START + 5 * DAY, receipt="late") == 60
        held = tier(shop, card)
        assert (held["key"], moment(held["since"])) == ("gold", START + 10 * DAY)
        entries = shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"]
        points_by_receipt = [(entry["purchase"]["externalId"], entry["points"]) for entry in reversed(entries)]
        assert points_by_receipt[:4] == [("a", 450), ("b", 45), ("c", 105), ("late", 60)]
        assert sorted(points_by_receipt[4:]) == [("b", 40), ("c", 100)], "at gold both are doubled"
        assert [entry["decision"]["points"][0]["points"] for entry in entries[:2]] in ([85, 205], [205, 85])
        assert shop.available(card) == 450 + 85 + 205 + 60
        assert [(change["after"]["key"], moment(change["at"])) for change in changes(shop, card)] == [
            ("gold", START + 10 * DAY),
        ]


def test_announced_tiers_apply_from_their_start_to_all_customers(database_url: str, clock: Clock) -> None:
    with open_shop(database_url, clock=clock, template="blank") as shop:
        publish(shop, clauses()[0], start=datetime(2020, 1, 1, tzinfo=UTC))
        old, quiet = shop.enrol(), shop.enrol()
        buy(shop, old, 300)
        assert tier(shop, old) is None
        assert changes(shop, old) == []
        start = START + 10 * DAY
        publish(shop, *clauses("SINCE_JOINING")[:6], start=start)
        joined = shop.enrol()
        clock.now = START + 9 * DAY
        assert buy(shop, joined, 120) == 120
        assert tier(shop, joined) is None
        assert discrepancies_in(database_url) == []
        clock.now = START + 11 * DAY
        assert [tier(shop, card)["key"] for card in (old, joined, quiet)] == ["silver", "silver", None]
        assert [moment(tier(shop, card)["since"]) for card in (old, joined)] == [start, start]
        (reached,) = changes(shop, joined)
        assert (reached["qualifyingPoints"], reached["decision"]["terms"]["version"]) == (120, 2)
        assert buy(shop, old, 10) == 15, "the tier counts though nobody looked in between"
        assert buy(shop, quiet, 100) == 100
        assert discrepancies_in(database_url) == []


def test_late_purchase_before_the_start_of_tiers_counts(database_url: str, clock: Clock) -> None:
    with open_shop(database_url, clock=clock, template="blank") as shop:
        publish(shop, clauses()[0], start=datetime(2020, 1, 1, tzinfo=UTC))
        publish(shop, *clauses("SINCE_JOINING")[:6], start=START + 10 * DAY)
        clock.now = START + 20 * DAY
        card = shop.enrol()
        assert buy(shop, card, 150, at=START + DAY) == 150
        held = tier(shop, card)
        assert (held["key"], moment(held["since"])) == ("silver", START + 10 * DAY)
        assert buy(shop, card, 10) == 15
        assert discrepancies_in(database_url) == []


def test_tiers_end_with_their_terms_and_lower_thresholds_apply_from_their_start(opening: Opening, clock: Clock) -> None:
    with opening() as shop:
        card, other = shop.enrol(), shop.enrol()
        buy(shop, card, 500)
        buy(shop, other, 300)
        clock.now = START + DAY
        publish(shop, *clauses(gold=250), start=clock.now + DAY)
        clock.now += 2 * DAY
        assert tier(shop, other)["key"] == "gold"
        assert (changes(shop, other)[0]["qualifyingPoints"], len(changes(shop, other))) == (300, 2)
        end = clock.now + 40 * DAY
        publish(shop, clauses()[0], start=end)
        clock.now = end + DAY
        assert tier(shop, card) is None
        assert changes(shop, card)[0]["after"] is None
        assert moment(changes(shop, card)[0]["at"]) == end
        assert buy(shop, card, 10) == 10


def test_household_customers_have_their_own_tiers(opening: Opening) -> None:
    with opening() as shop:
        host, member = shop.enrol(), shop.enrol()
        buy(shop, host, 80)
        buy(shop, member, 90)
        assert join(shop, member, host)["userErrors"] == []
        assert shop.available(host) == 170
        assert [tier(shop, card)["qualifyingPoints"] for card in (host, member)] == [80, 90]
        assert [tier(shop, card)["key"] for card in (host, member)] == [None, None]
        assert buy(shop, host, 20) == 20, "not at a tier: theirs are 80"
        assert [tier(shop, card)["key"] for card in (host, member)] == ["silver", None]
        assert buy(shop, member, 5) == 5
        assert buy(shop, host, 5) == 10
        assert [len(changes(shop, card)) for card in (host, member)] == [1, 0]


def test_tiers_of_the_terms_are_listed_lowest_first_with_their_clauses(opening: Opening) -> None:
    with opening() as shop:
        tiers = shop.execute(LEVELS)["terms"]["tiers"]
        assert [(value["key"], value["name"], value["points"]) for value in tiers] == [
            ("silver", "Silber", 100),
            ("gold", "金卡", 500),
        ]
        assert [value["clause"]["kind"] for value in tiers] == ["TIER", "TIER"]
        german = shop.execute(LEVELS, language="de")["terms"]["tiers"][1]["clause"]["statement"]
        assert german == "Die Stufe „金卡“ wird mit 500 Statuspunkten erreicht."


def test_tier_is_visible_only_to_its_customer_in_their_language(opening: Opening) -> None:
    with opening() as shop:
        card, other = shop.enrol(), shop.enrol()
        buy(shop, card, 100)
        own = customer_key(shop.url, shop, card)
        customer = shop.execute(TIER, role=None, key=own, by={"card": card}, language="de")["customer"]
        assert customer["tier"]["key"] == "silver"
        (reached,) = customer["tierChanges"][0]["decision"]["reasons"]
        assert "100 Statuspunkte" in reached["statement"]
        assert "die Stufe „Silber“ erreicht" in reached["statement"]
        assert shop.execute(TIER, role=None, key=own, by={"card": other})["customer"] is None
        assert code_of(shop, TIER, role=None, by={"card": card}) == "UNAUTHENTICATED"


def test_tiers_of_many_customers_are_loaded_together(opening: Opening) -> None:
    with opening() as shop:
        cards = [shop.enrol() for _ in range(12)]
        for index, card in enumerate(cards):
            buy(shop, card, 20 * index + 1)
        ids = [
            shop.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"card": text})["customer"]["id"]
            for text in cards
        ]
        query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Customer { tier { key projected { at } } tierChanges { at } } } }"
        nodes = shop.execute(query, ids=ids)["nodes"]
        assert [value["tier"]["key"] for value in nodes] == [None] * 5 + ["silver"] * 7
        assert [len(value["tierChanges"]) for value in nodes] == [0] * 5 + [1] * 7


def test_template_with_tiers_works_from_the_first_purchase(database_url: str, clock: Clock) -> None:
    with open_shop(database_url, clock=clock, template="tiered") as shop:
        assert [tier["name"] for tier in shop.execute(LEVELS)["terms"]["tiers"]] == ["Silver", "Gold", "Platinum"]
        card = shop.enrol()
        assert buy(shop, card, 300) == 300
        assert (shop.available(card), tier(shop, card)["key"]) == (0, "silver")
        assert buy(shop, card, 100) == 125
        refused = shop.redeem(card, "coffee")["decision"]
        assert refused["outcome"] == "REFUSED", "the points wait"
        clock.now = START + 15 * DAY
        assert shop.redeem(card, "coffee")["decision"]["outcome"] == "GRANTED"
        assert buy(shop, card, 600, receipt="coat") == 750
        assert tier(shop, card)["key"] == "gold"
        assert buy(shop, card, 100) == 150
        shop.refund("coat")
        assert tier(shop, card)["key"] == "gold", "for the days of grace"
        clock.now = START + 60 * DAY
        assert tier(shop, card)["key"] == "silver"
        assert buy(shop, card, 4) == 5, "which lets time pass in the account"
        assert shop.available(card) == 300 + 125 + 150 - 100
    assert discrepancies_in(database_url) == []
