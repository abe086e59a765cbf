"""Locations over HTTP on both databases: opened by the owner, with their own local time, and named in the terms."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from app.store.database.connect import open_database
from tests.shop import DECISION, Shop, create_program, open_shop
from tests.verification import discrepancies_in

OPEN = """mutation($input: CreateLocationInput!) { createLocation(input: $input) {
  location { id key name timeZone address } userErrors { code path } } }"""
PUBLISH = (
    "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { userErrors { code path detail: message } } }"
)
LISTED = """query($first: Int, $after: String, $last: Int, $before: String) { program { locations(
  first: $first, after: $after, last: $last, before: $before) {
    nodes { key } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } } }"""
BUY = f"""mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{ {DECISION}
  purchase {{ id location {{ key }} }} entry {{ id }} }} }}"""
CHECK = """query($by: CustomerBy!, $basket: BasketInput!) { basketCheck(customer: $by, basket: $basket) {
  decision { points { points } reasons { code statement remedies { code statement choices locations { key name id } } } }
  clauses { applies appliesFrom reasons { code observed statement } } } }"""
EXPLAIN = "query($e: ID!) { explain(entry: $e) { agrees recomputedPoints } }"
EVENING = {"weekdaysAndHours": {"days": ["WEDNESDAY"], "start": "18:00", "end": "20:00"}}


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms."""
    with open_shop(database_url, template="blank") as opened:
        yield opened


def create_location(shop: Shop, key: str, name: str, zone: str, **more: Any) -> Any:
    """Opens a location as the owner."""
    input = {"idempotencyKey": f"open-{key}", "key": key, "name": name, "timeZone": zone, **more}
    return shop.execute(OPEN, role=Role.OWNER, input=input)["createLocation"]


def publish(shop: Shop, *clauses: Any) -> list[Any]:
    """Publishes as the owner, in force since January."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses), "effectiveFrom": "2026-01-01T00:00:00Z"}
    errors: list[Any] = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"]
    return errors


def bought(shop: Shop, card: str, *, at: str, receipt: str | None = None, **more: Any) -> Any:
    """A purchase of £10.00."""
    purchase = {
        "externalId": receipt or uuid.uuid4().hex,
        "occurredAt": at,
        "lines": [{"sku": "tea", "quantity": "1", "unitPrice": "10.00"}],
        **more,
    }
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
    return shop.execute(BUY, input=input)["recordPurchase"]


def clause(key: str, effect: Any, *conditions: Any) -> Any:
    """A clause with its conditions."""
    return {"key": key, "conditions": list(conditions), "effect": effect}


BONUS = {"bonusPoints": {"points": 7}}


def test_purchase_is_decided_by_the_local_time_of_its_location(blank: Shop) -> None:
    taipei = create_location(blank, "taipei", "Taipei Main", "Asia/Taipei")["location"]["id"]
    assert publish(blank, clause("evening", BONUS, EVENING)) == []
    card = blank.enrol()
    # 10:30 in London, 18:30 in Taipei.
    morning = "2026-03-04T10:30:00Z"
    payload = bought(blank, card, at=morning, receipt="T", locationId=taipei)
    assert payload["decision"]["points"][0]["points"] == 7
    assert payload["purchase"]["location"] == {"key": "taipei"}
    assert blank.execute(EXPLAIN, e=payload["entry"]["id"])["explain"] == {"agrees": True, "recomputedPoints": 7}
    here = bought(blank, card, at=morning)
    assert (here["decision"]["outcome"], here["purchase"]["location"]) == ("NOTHING_EARNED", None)
    # 20:30 in Taipei: the words read the clock on that wall, and the window opens there in a week.
    late = bought(blank, card, at="2026-03-04T12:30:00Z", locationId=taipei)["decision"]["reasons"][0]
    assert late["observed"] == "Wednesday, 4 March 2026, 20:30"
    assert late["remedies"][0]["from"] == "2026-03-11T10:00:00Z"
    assert late["remedies"][0]["statement"] == "Valid from 18:00 on 11 March."
    (qualification,) = basket(blank, card, at="2026-03-04T12:30:00Z", locationId=taipei)["clauses"]
    assert qualification["appliesFrom"] == "2026-03-11T10:00:00Z"
    assert qualification["reasons"][0]["observed"] == "Wednesday, 4 March 2026, 20:30"
    blank.refund("T")
    assert blank.available(card) == 0, "what is kept of it is judged by the same clock"
    assert discrepancies_in(blank.url) == []


def test_limits_and_caps_use_the_calendar_of_the_location(blank: Shop) -> None:
    auckland = create_location(blank, "auckland", "Queen Street", "Pacific/Auckland")["location"]["id"]
    once = {"timesPerPeriod": {"times": 1, "period": "DAY"}}
    cap = {"key": "cap", "effect": {"pointsCap": {"points": 10, "scope": "DAY"}}}
    spend = clause("spend", {"pointsPerAmount": {"points": 1, "per": "1.00"}})
    assert publish(blank, clause("once", BONUS, once), spend, cap) == []
    card = blank.enrol()
    # 10:00 and 12:00 in London are one day there; in Auckland, 13 hours ahead, midnight lies between them.
    for place, second in ((auckland, 10), (None, 0)):
        card = blank.enrol()
        first = bought(blank, card, at="2026-03-04T10:00:00Z", locationId=place)["decision"]
        again = bought(blank, card, at="2026-03-04T12:00:00Z", locationId=place)["decision"]
        assert [value["points"][0]["points"] for value in (first, again)] == [10, second]
    assert discrepancies_in(blank.url) == []


def test_last_valid_day_uses_the_program_calendar(blank: Shop, database_url: str) -> None:
    auckland = create_location(blank, "auckland", "Queen Street", "Pacific/Auckland")["location"]["id"]
    assert publish(blank, clause("visit", {"pointsPerVisit": {"points": 1}}), expiring()) == []
    card = blank.enrol()
    bought(blank, card, at="2026-03-04T12:00:00Z", locationId=auckland)

    async def last_days() -> list[str]:
        database = open_database(database_url)
        await database.start()
        rows = await database.read_across_programs(lambda session: session.rows("SELECT valid_until FROM lots"))
        await database.stop()
        return [str(row["valid_until"]) for row in rows]

    assert asyncio.run(last_days()) == ["2027-03-04"], "it was the fifth in Auckland already"


def expiring() -> Any:
    """Points are valid for a year."""
    return {"key": "valid", "effect": {"pointsValidity": {"months": 12}}}


def basket(shop: Shop, card: str, *, at: str, **more: Any) -> Any:
    """The points that a basket of £10.00 would earn."""
    lines = [{"sku": "tea", "quantity": "1", "unitPrice": "10.00"}]
    return shop.execute(CHECK, by={"card": card}, basket={"occurredAt": at, "lines": lines, **more})["basketCheck"]


def test_basket_check_names_the_locations_where_a_clause_holds(blank: Shop) -> None:
    ids = {
        key: create_location(blank, key, name, "Europe/London")["location"]["id"]
        for key, name in (("harbour", "Harbour Street"), ("station", "Central Station"), ("mall", "The Mall"))
    }
    only = {"locations": {"locations": ["station", "harbour"]}}
    never = {"exceptWhen": {"conditions": [{"locations": {"locations": ["mall"]}}]}}
    assert publish(blank, clause("there", BONUS, only), clause("not-there", BONUS, never)) == []
    card = blank.enrol()
    decision = basket(blank, card, at="2026-03-04T12:00:00Z", locationId=ids["mall"])["decision"]
    elsewhere, other = decision["reasons"]
    assert (elsewhere["code"], other["code"]) == ("OTHER_LOCATION", "EXCEPTION_APPLIES")
    assert elsewhere["statement"] == "Only valid at “Harbour Street” or “Central Station”."
    (remedy,) = elsewhere["remedies"]
    assert (remedy["code"], remedy["choices"]) == ("USE_LOCATION", ["harbour", "station"])
    assert remedy["statement"] == "Buy at “Harbour Street” or “Central Station”."
    assert [(location["name"], location["id"]) for location in remedy["locations"]] == [
        ("Harbour Street", ids["harbour"]),
        ("Central Station", ids["station"]),
    ]
    (remedy,) = other["remedies"]
    assert (remedy["statement"], remedy["locations"]) == ("Buy at another location.", None)
    assert basket(blank, card, at="2026-03-04T12:00:00Z", locationId=ids["harbour"])["decision"]["points"] == [
        {"points": 14}
    ]
    redeemed = blank.execute("{ terms { clauses(kind: EARNING) { statement } } }")["terms"]["clauses"]
    assert redeemed[0]["statement"] == "You get 7 extra points at “Harbour Street” or “Central Station”."


def test_an_unknown_or_foreign_location_writes_nothing(database_url: str) -> None:
    other = create_program(database_url)
    with open_shop(database_url) as shop:
        foreign = Shop(address=shop.address, program=other, client=shop.client)
        theirs = create_location(foreign, "theirs", "Theirs", "Europe/Paris")["location"]["id"]
        card = shop.enrol()
        shop.buy(card, "150.00")
        lines = [{"sku": "tea", "quantity": "1", "unitPrice": "10.00"}]
        for bad in (theirs, "nonsense", "TG9jYXRpb246MDFhMjBiZDQtNzA2Ny03NmQ4LWE3ODUtYWFiNWZmZThhMzdm", ""):
            payload = shop.buy(card, "10.00", receipt="R", locationId=bad)
            assert [(error["code"], error["path"]) for error in payload["userErrors"]] == [
                ("LOCATION_NOT_FOUND", ["input", "purchase", "locationId"])
            ]
            spent = shop.redeem(card, basket={"locationId": bad, "lines": lines})
            assert [(error["code"], error["path"]) for error in spent["userErrors"]] == [
                ("LOCATION_NOT_FOUND", ["input", "basket", "locationId"])
            ]
            refused = shop.send(CHECK, by={"card": card}, basket={"locationId": bad, "lines": lines}).json()["errors"]
            assert refused[0]["extensions"]["code"] == "BAD_USER_INPUT"
            assert refused[0]["message"].startswith("LOCATION_NOT_FOUND at basket.locationId")
            offers = "query($b: BasketInput) { rewards(basket: $b) { nodes { cost } } }"
            refused = shop.send(offers, b={"locationId": bad, "lines": lines}).json()["errors"]
            assert refused[0]["message"].startswith("LOCATION_NOT_FOUND at basket.locationId")
        assert shop.ledger(card) == [("EARN", 150)]
        assert shop.execute("query($i: ID!) { node(id: $i) { id } }", i=theirs) == {"node": None}
        assert foreign.execute("query($i: ID!) { node(id: $i) { id } }", i=theirs) == {"node": {"id": theirs}}
        assert shop.execute(LISTED)["program"]["locations"]["nodes"] == []


def test_location_is_opened_once_and_only_by_the_owner(blank: Shop) -> None:
    given = {"address": "1 Quay", "key": "quay", "name": "The Quay", "timeZone": "Europe/Lisbon"}
    first = create_location(blank, "quay", "The Quay", "Europe/Lisbon", address="1 Quay")
    assert {name: first["location"][name] for name in given} == given
    assert create_location(blank, "quay", "The Quay", "Europe/Lisbon", address="1 Quay") == first
    for changed, code, path in (
        ({"name": "Other"}, "LOCATION_TAKEN", "key"),
        ({"key": "other"}, "LOCATION_TAKEN", "name"),
        ({"key": "Not a key"}, "INVALID_INPUT", "key"),
        ({"key": "b", "name": ""}, "INVALID_INPUT", "name"),
        ({"key": "b", "name": " b"}, "INVALID_INPUT", "name"),
        ({"key": "b", "name": "b", "timeZone": "Europe/Atlantis"}, "INVALID_INPUT", "timeZone"),
        ({"key": "b", "name": "b", "timeZone": "../../etc/passwd"}, "INVALID_INPUT", "timeZone"),
        ({"key": "b", "name": "b", "address": "x" * 501}, "INVALID_INPUT", "address"),
    ):
        input = {"idempotencyKey": uuid.uuid4().hex, **given, **changed}
        (error,) = blank.execute(OPEN, role=Role.OWNER, input=input)["createLocation"]["userErrors"]
        assert (error["code"], error["path"]) == (code, ["input", path])
    for role in (Role.STAFF, Role.TILL):
        body = blank.send(OPEN, role=role, input={"idempotencyKey": "x", **given}).json()
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert [node["key"] for node in blank.execute(LISTED)["program"]["locations"]["nodes"]] == ["quay"]


def test_locations_are_paginated_in_order_of_opening(blank: Shop) -> None:
    keys = [f"place-{number}" for number in range(5)]
    blank.in_parallel(
        [lambda key=key: create_location(blank, key, f"Place {key}", "Europe/London") for key in keys[:4]]
    )
    create_location(blank, keys[4], "The last", "Europe/London")
    everything = blank.execute(LISTED)["program"]["locations"]
    order = [node["key"] for node in everything["nodes"]]
    assert (sorted(order), order[-1]) == (keys, keys[4])
    page = blank.execute(LISTED, first=2)["program"]["locations"]
    assert [node["key"] for node in page["nodes"]] == order[:2]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, False)
    following = blank.execute(LISTED, first=3, after=page["pageInfo"]["endCursor"])["program"]["locations"]
    assert [node["key"] for node in following["nodes"]] == order[2:]
    assert (following["pageInfo"]["hasNextPage"], following["pageInfo"]["hasPreviousPage"]) == (False, True)
    last = blank.execute(LISTED, last=2)["program"]["locations"]
    assert ([node["key"] for node in last["nodes"]], last["pageInfo"]["hasPreviousPage"]) == (order[3:], True)
    before = blank.execute(LISTED, last=2, before=last["pageInfo"]["startCursor"])["program"]["locations"]
    assert [node["key"] for node in before["nodes"]] == order[1:3]


def test_terms_with_an_unknown_location_are_rejected_with_their_path(blank: Shop) -> None:
    create_location(blank, "harbour", "Harbour Street", "Europe/London")
    inside = {
        "anyOf": {
            "conditions": [{"locations": {"locations": ["harbour", "ghost"]}}, {"channels": {"channels": ["ONLINE"]}}]
        }
    }
    (error,) = publish(blank, clause("first", BONUS), clause("there", BONUS, inside))
    assert (error["code"], error["path"]) == (
        "UNKNOWN_LOCATION_IN_TERMS",
        ["input", "clauses", "1", "conditions", "0"],
    )
    assert blank.execute("{ terms(version: 1) { version } }") == {"terms": None}


def test_terms_name_the_calendar_of_limits_when_locations_differ_in_zone(blank: Shop) -> None:
    create_location(blank, "here", "Harbour Street", "Europe/London")
    often = [{"timesPerPeriod": {"times": 1, "period": period}} for period in ("MONTH", "DAY")]
    cap = {"key": "cap", "effect": {"pointsCap": {"points": 50, "scope": "MONTH"}}}
    given = [clause("monthly", BONUS, often[0]), clause("daily", BONUS, often[1]), cap]
    statements = "{ terms { clauses { key statement } } }"

    def said() -> dict[str, str]:
        clauses = blank.execute(statements)["terms"]["clauses"]
        return {value["key"]: value["statement"] for value in clauses}

    assert publish(blank, *given) == []
    assert said()["monthly"] == "You get 7 extra points, at most once per calendar month."
    create_location(blank, "taipei", "Taipei Main", "Asia/Taipei")
    assert publish_now(blank, *given) == []
    after = said()
    assert after["monthly"] == "You get 7 extra points, at most once per calendar month (by the calendar in London)."
    assert after["daily"] == "You get 7 extra points, at most once a day (by the calendar of the location)."
    assert after["cap"] == "You earn at most 50 points per calendar month (by the calendar in London)."


def publish_now(shop: Shop, *clauses: Any) -> list[Any]:
    """Publish as the owner, from now on."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": list(clauses)}
    errors: list[Any] = shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"]
    return errors
