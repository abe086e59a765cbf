"""Customer profiles over HTTP on both databases: updated and read by permitted roles, and used in decisions."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from app.store.database.connect import open_database
from app.store.database.session import Session
from tests.api.test_access import PUBLISH, REWARD, code_of, customer_key
from tests.api.test_impact_previews import PREVIEW, ended_preview
from tests.shop import BUY, ENROL, REDEEM, Shop, create_program, open_shop
from tests.verification import discrepancies_in

UPDATE = """mutation($input: UpdateCustomerInput!) { updateCustomer(input: $input) {
    customer { birthday segments preferences { kind value } } userErrors { code path } } }"""
LOOK = "query($by: CustomerBy!) { customer(by: $by) { birthday segments preferences { kind value } } }"
CHECK = """query($c: CustomerBy!, $b: BasketInput!) { basketCheck(customer: $c, basket: $b) {
    decision { points { points } reasons { clause { key } code remedies { code from statement choices } } }
    clauses { clause { key } applies appliesFrom } } }"""
EXPLAIN = """query($e: ID!) { explain(entry: $e) { agrees recomputedPoints decision { reasons { code
    remedies { code from statement } } } } }"""
BIRTHDAY = "1991-05-10"
VEGAN = {"kind": "DIET", "value": "vegan"}
CLAUSES: list[Any] = [
    {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {
        "key": "gift",
        "conditions": [
            {"birthdayWindow": {"before": 7, "after": 7}},
            {"timesPerPeriod": {"times": 1, "period": "YEAR"}},
        ],
        "effect": {"bonusPoints": {"points": 50}},
    },
    {
        "key": "student",
        "conditions": [{"segments": {"segments": ["student"]}}, {"ageAtLeast": {"years": 18}}],
        "effect": {"bonusPoints": {"points": 5}},
    },
    {
        "key": "green",
        "conditions": [{"preferences": {"preference": "DIET", "values": ["vegan", "vegetarian"]}}],
        "effect": {"bonusPoints": {"points": 3}},
    },
    {
        "key": "not-for-staff",
        "conditions": [{"exceptWhen": {"conditions": [{"segments": {"segments": ["staff"]}}]}}],
        "effect": {"bonusPoints": {"points": 1}},
    },
    {
        "key": "coffee",
        "conditions": [{"birthdayWindow": {}}, {"ageAtLeast": {"years": 120}}],
        "effect": {"rewardCost": {"reward": "coffee", "points": 10}},
    },
]


@pytest.fixture
def birthdays(database_url: str) -> Iterator[Shop]:
    """A shop whose terms depend on the customer's profile."""
    with open_shop(database_url, template="blank") as shop:
        reward = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        shop.execute(REWARD, role=Role.OWNER, input=reward)
        input = {"idempotencyKey": "terms", "clauses": CLAUSES, "effectiveFrom": "2024-01-01T00:00:00Z"}
        assert shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []
        yield shop


def enrolled(shop: Shop, **more: Any) -> str:
    """A customer with a profile."""
    card = uuid.uuid4().hex[:12].upper()
    input = {"idempotencyKey": f"enrol-{card}", "identities": [{"card": card}], **more}
    assert shop.execute(ENROL, input=input)["enrolCustomer"]["userErrors"] == []
    return card


def update(shop: Shop, card: str, *, role: Role | None = Role.STAFF, token: str | None = None, **change: Any) -> Any:
    """Updates a profile."""
    input = {"idempotencyKey": change.pop("key", uuid.uuid4().hex), "customer": {"card": card}, **change}
    return shop.execute(UPDATE, role=role, key=token, input=input)["updateCustomer"]


def read_profile(shop: Shop, card: str, *, role: Role | None = Role.STAFF, token: str | None = None) -> Any:
    """The visible profile of a customer."""
    return shop.execute(LOOK, role=role, key=token, by={"card": card})["customer"]


def remedies(decision: Any, clause: str) -> list[tuple[str, str | None]]:
    """Codes and moments of the remedies of a clause."""
    reasons = [reason for reason in decision["reasons"] if reason["clause"]["key"] == clause]
    return [(way["code"], way["from"]) for reason in reasons for way in reason["remedies"]]


def test_profile_is_visible_to_permitted_roles_only(shop: Shop, database_url: str) -> None:
    card = enrolled(shop, birthday=BIRTHDAY, preferences=[VEGAN, {"kind": "SIZE", "value": " M "}])
    other = customer_key(database_url, shop, enrolled(shop))
    update(shop, card, segments=["vip", "student"])
    preferences = [VEGAN, {"kind": "SIZE", "value": "M"}]
    whole = {"birthday": BIRTHDAY, "segments": ["student", "vip"], "preferences": preferences}
    own = customer_key(database_url, shop, card)
    for seen in (
        read_profile(shop, card),
        read_profile(shop, card, role=Role.OWNER),
        read_profile(shop, card, token=own),
    ):
        assert seen == whole
    assert read_profile(shop, card, role=Role.TILL) == {"birthday": None, "segments": None, "preferences": preferences}
    assert read_profile(shop, card, token=other) is None


def test_update_replaces_given_fields_keeps_omitted_ones_and_clears_nulls(shop: Shop) -> None:
    card = enrolled(shop, birthday=BIRTHDAY, preferences=[VEGAN])
    assert update(shop, card, segments=["vip"])["customer"] == {
        "birthday": BIRTHDAY,
        "segments": ["vip"],
        "preferences": [VEGAN],
    }
    changed = update(shop, card, birthday="1992-02-29", preferences=[], key="k")
    assert changed["customer"] == {"birthday": "1992-02-29", "segments": ["vip"], "preferences": []}
    assert update(shop, card, birthday=None, segments=None)["customer"] == {
        "birthday": None,
        "segments": [],
        "preferences": [],
    }
    again = update(shop, card, birthday="1992-02-29", preferences=[], key="k")
    assert (again["userErrors"], again["customer"]["birthday"]) == ([], None), "carried out once, and read as it is now"
    for other in ({"birthday": None, "preferences": []}, {"preferences": []}):
        assert update(shop, card, key="k", **other)["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED"
    nothing = update(shop, card, key="n", birthday=None)
    assert nothing["userErrors"] == []
    assert update(shop, card, key="n")["userErrors"][0]["code"] == "IDEMPOTENCY_KEY_REUSED", "null is not left out"


def test_each_role_changes_what_it_needs_and_no_more(shop: Shop, database_url: str) -> None:
    card, other = enrolled(shop), enrolled(shop)
    own = customer_key(database_url, shop, card)

    def refused(key: str | None = None, role: Role = Role.TILL, **change: Any) -> str:
        input = {"idempotencyKey": "x", "customer": {"card": card}, **change}
        return code_of(shop, UPDATE, role=role, key=key, input=input)

    for change in ({"birthday": BIRTHDAY}, {"segments": ["vip"]}, {"locale": "de"}, {"birthday": None}):
        assert refused(**change) == "FORBIDDEN"
    assert refused(key=own, segments=["vip"]) == "FORBIDDEN"
    assert update(shop, card, role=Role.TILL, preferences=[VEGAN])["userErrors"] == []
    assert update(shop, other, token=own, preferences=[VEGAN])["userErrors"] == [
        {"code": "CUSTOMER_NOT_FOUND", "path": ["input", "customer"]}
    ]
    assert update(shop, card, token=own, birthday=BIRTHDAY, locale="de")["userErrors"] == []
    assert update(shop, card, token=own, birthday=BIRTHDAY, preferences=[])["userErrors"] == []
    for birthday in ("1991-05-11", None):
        assert update(shop, card, token=own, birthday=birthday, preferences=[VEGAN])["userErrors"] == [
            {"code": "BIRTHDAY_KNOWN", "path": ["input", "birthday"]}
        ]
    assert read_profile(shop, card) == {"birthday": BIRTHDAY, "segments": [], "preferences": []}
    assert read_profile(shop, other) == {"birthday": None, "segments": [], "preferences": []}
    assert update(shop, card, role=Role.OWNER, birthday="1991-05-11")["userErrors"] == []


def test_concurrent_birthday_updates_leave_one_birthday(shop: Shop, database_url: str) -> None:
    card = enrolled(shop)
    own = customer_key(database_url, shop, card)
    birthdays = [f"1991-05-{day}" for day in range(10, 20)]
    answers = shop.in_parallel([lambda day=day: update(shop, card, token=own, birthday=day) for day in birthdays])
    codes = sorted("".join(error["code"] for error in answer["userErrors"]) for answer in answers)
    assert codes == ["", *["BIRTHDAY_KNOWN"] * 9]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"birthday": "2999-01-01"}, ["birthday"]),
        ({"segments": ["vip", "V I P"]}, ["segments", "1"]),
        ({"segments": [f"s-{n}" for n in range(51)]}, ["segments"]),
        ({"preferences": [VEGAN, {"kind": "SIZE", "value": " "}]}, ["preferences", "1", "value"]),
        ({"preferences": [{"kind": "SIZE", "value": "x" * 61}]}, ["preferences", "0", "value"]),
        ({"preferences": [{"kind": "SIZE", "value": str(n)} for n in range(51)]}, ["preferences"]),
    ],
)
def test_invalid_profile_is_rejected_with_its_path_and_changes_nothing(
    shop: Shop, change: dict[str, Any], path: list[str]
) -> None:
    card = enrolled(shop, birthday=BIRTHDAY)
    refused = update(shop, card, **change)
    assert refused == {"customer": None, "userErrors": [{"code": "INVALID_INPUT", "path": ["input", *path]}]}
    assert read_profile(shop, card) == {"birthday": BIRTHDAY, "segments": [], "preferences": []}
    if "segments" not in change:
        input = {"idempotencyKey": "e", "identities": [{"card": "NOBODY"}], **change}
        (error,) = shop.execute(ENROL, input=input)["enrolCustomer"]["userErrors"]
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["input", *path])
        assert read_profile(shop, "NOBODY") is None


def test_purchase_is_decided_and_explained_by_the_same_profile(birthdays: Shop) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY, preferences=[{"kind": "DIET", "value": "VEGAN"}])
    update(birthdays, card, segments=["student"])
    bought = birthdays.buy(card, "10.00", occurredAt="2026-05-03T10:00:00Z")
    assert bought["decision"]["points"][0]["points"] == 10 + 50 + 5 + 3 + 1
    update(birthdays, card, birthday="1990-10-01", preferences=[], segments=["staff"])
    later = birthdays.buy(card, "10.00", occurredAt="2026-05-04T10:00:00Z")
    assert later["decision"]["points"][0]["points"] == 10
    for entry, points in ((bought["entry"], 69), (later["entry"], 10)):
        explained = birthdays.execute(EXPLAIN, e=entry["id"])["explain"]
        assert (explained["agrees"], explained["recomputedPoints"]) == (True, points)
    assert discrepancies_in(birthdays.url) == []


def test_refund_of_a_birthday_purchase_is_decided_like_the_purchase(birthdays: Shop) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY)
    birthdays.buy(card, "10.00", occurredAt="2026-05-10T10:00:00Z", receipt="r")
    assert birthdays.available(card) == 61
    update(birthdays, card, birthday=None)
    refund = birthdays.refund("r", occurredAt="2026-07-01T10:00:00Z")
    assert refund["entry"]["points"] == -61
    assert discrepancies_in(birthdays.url) == []


def test_birthday_gift_is_given_once_a_calendar_year_despite_edits(birthdays: Shop) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY)

    def given(day: str) -> int:
        points: int = birthdays.buy(card, "1.00", occurredAt=f"{day}T10:00:00Z")["decision"]["points"][0]["points"]
        return points

    assert given("2025-05-10") == 1 + 50 + 1
    assert given("2026-05-10") == 52
    assert given("2026-05-11") == 2
    update(birthdays, card, birthday="1991-06-15")
    assert given("2026-06-15") == 2
    update(birthdays, card, birthday=None)
    update(birthdays, card, birthday="1991-07-01")
    assert given("2026-07-01") == 2


def test_remedy_names_the_birthday_to_permitted_roles_only(birthdays: Shop, database_url: str) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY)
    own = customer_key(database_url, birthdays, card)
    basket = {"occurredAt": "2026-03-01T10:00:00Z", "lines": [{"sku": "a", "quantity": "1", "unitPrice": "1.00"}]}

    def checked(**who: Any) -> Any:
        return birthdays.execute(CHECK, c={"card": card}, b=basket, **who)["basketCheck"]

    opens = "2026-05-02T23:00:00Z"
    for seen in (checked(role=Role.STAFF), checked(role=Role.OWNER), checked(key=own)):
        assert remedies(seen["decision"], "gift") == [("WAIT_FOR_BIRTHDAY", opens)]
        assert {clause["clause"]["key"]: clause["appliesFrom"] for clause in seen["clauses"]}["gift"] == opens
    at_till = checked(role=Role.TILL)
    assert remedies(at_till["decision"], "gift") == [("WAIT_FOR_BIRTHDAY", None)]
    assert {clause["clause"]["key"]: clause["appliesFrom"] for clause in at_till["clauses"]}["gift"] is None
    assert "2111-05" not in str(at_till), "nor when 120 years are over"
    unknown = birthdays.execute(CHECK, c={"card": enrolled(birthdays)}, b=basket)["basketCheck"]["decision"]
    assert remedies(unknown, "gift") == [("PROVIDE_BIRTHDAY", None)]
    assert [code for code, _ in remedies(unknown, "student")] == ["ASK_STAFF", "PROVIDE_BIRTHDAY"]
    assert [code for code, _ in remedies(unknown, "green")] == ["STATE_PREFERENCE"]


def append_only_rows(url: str) -> str:
    """All rows of the append-only tables as one text."""

    async def rows(session: Session) -> str:
        tables = ("idempotency_keys", "purchases", "redemptions", "refunds", "entries", "clause_uses")
        found = [row for table in tables for row in await session.rows(f"SELECT * FROM {table}")]
        return "\n".join(str(tuple(row)) for row in found)

    async def run() -> str:
        database = open_database(url)
        await database.start()
        try:
            return await database.read_across_programs(rows)
        finally:
            await database.stop()

    return asyncio.run(run())


def test_append_only_tables_hold_no_birthday_segment_or_preference(birthdays: Shop) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY, preferences=[{"kind": "DIET", "value": "Vegan-XYZ"}])
    update(birthdays, card, segments=["secret-group"], preferences=[{"kind": "SIZE", "value": "Size-XYZ"}])
    birthdays.buy(card, "50.00", occurredAt="2026-03-01T10:00:00Z")
    input = {
        "idempotencyKey": "r",
        "customer": {"card": card},
        "reward": {"key": "coffee"},
        "basket": {"occurredAt": "2026-03-01T10:00:00Z", "lines": []},
    }
    first = birthdays.execute(REDEEM, role=Role.STAFF, input=input)
    decision = first["redeemReward"]["decision"]
    assert decision["outcome"] == "REFUSED"
    assert remedies(decision, "coffee") == [("WAIT_FOR_BIRTHDAY", None), ("WAIT_FOR_BIRTHDAY", None)]
    assert birthdays.execute(REDEEM, role=Role.STAFF, input=input) == first, "the same answer for ever"
    birthdays.buy(card, "50.00", occurredAt="2026-05-10T10:00:00Z")
    kept = append_only_rows(birthdays.url)
    for secret in ("1991-05", "05-09T23", "2111-05", "2026-05-02", "Vegan-XYZ", "secret-group", "Size-XYZ"):
        assert secret not in kept, secret
    assert '"birthday 7 7":true' in kept.replace(" :", ":").replace(": ", ":"), "only what the terms asked"


def test_repeated_purchase_gets_the_identical_response(birthdays: Shop) -> None:
    card = enrolled(birthdays, birthday=BIRTHDAY)
    lines = [{"sku": "a", "quantity": "1", "unitPrice": "10.00"}]
    purchase = {"externalId": "r", "occurredAt": "2026-03-01T10:00:00Z", "lines": lines}
    input = {"idempotencyKey": "k", "customer": {"card": card}, "purchase": purchase}
    first = birthdays.execute(BUY, role=Role.STAFF, input=input)
    assert birthdays.execute(BUY, role=Role.STAFF, input=input) == first
    same = birthdays.execute(BUY, role=Role.STAFF, input={**input, "idempotencyKey": "other"})
    assert same["recordPurchase"]["decision"] == first["recordPurchase"]["decision"]


def test_impact_preview_uses_member_profiles(birthdays: Shop) -> None:
    first, other = enrolled(birthdays, preferences=[VEGAN]), enrolled(birthdays)
    birthdays.buy(first, "10.00")
    birthdays.buy(other, "10.00")
    draft = [*CLAUSES[:3], {**CLAUSES[3], "effect": {"bonusPoints": {"points": 30}}}, *CLAUSES[4:]]
    asked = birthdays.execute(PREVIEW, role=Role.OWNER, input={"idempotencyKey": "p", "clauses": draft})
    result = ended_preview(birthdays, asked["previewTermsImpact"]["preview"]["id"])["result"]
    assert [(value["difference"]) for value in result["mostGaining"]] == [27]
    assert (result["gainers"], result["losers"]) == (1, 0)


def test_program_cannot_update_customers_of_another(shop: Shop, database_url: str) -> None:
    card = enrolled(shop, birthday=BIRTHDAY)
    found = shop.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"card": card})["customer"]["id"]
    theirs = Shop(address=shop.address, program=create_program(database_url), client=shop.client)
    input = {"idempotencyKey": "x", "customer": {"id": found}, "birthday": "1980-01-01", "segments": ["vip"]}
    refused = theirs.execute(UPDATE, role=Role.OWNER, input=input)["updateCustomer"]
    assert refused["userErrors"][0]["code"] == "CUSTOMER_NOT_FOUND"
    assert read_profile(shop, card) == {"birthday": BIRTHDAY, "segments": [], "preferences": []}
