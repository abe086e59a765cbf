"""publicTerms: the terms of a program for anybody, over the API and without a key, on both databases."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.cli.command import ROOT
from tests.shop import Shop, create_program, open_shop

TERMS = """query($program: String!, $version: Int, $locale: Locale) {
  publicTerms(program: $program, version: $version) {
    program { slug name currencyCode timeZone } version status effectiveFrom text(locale: $locale)
    clauses { number kind statement(locale: $locale) } highlights { number }
    changes { before { number } after { number } effectOnCustomer statement(locale: $locale) }
    versions { version status effectiveFrom } } }"""
PUBLISH = "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { userErrors { code } } }"
CLAUSES = [
    {"key": "points-per-spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}},
    {"key": "coffee", "effect": {"rewardCost": {"reward": "coffee", "points": 120}}},
]


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A program that is not listed."""
    with open_shop(database_url) as opened:
        yield opened


def public(shop: Shop, *, role: Role | None = None, program: str = "shop", language: str = "en", **more: Any) -> Any:
    """The terms as the API gives them to anybody."""
    return shop.execute(TERMS, role=role, language=language, program=program, **more)["publicTerms"]


def publish(shop: Shop, *, start: str = "2099-01-01T00:00:00Z") -> None:
    """Announces a dearer coffee, and no mug."""
    input = {"idempotencyKey": uuid.uuid4().hex, "clauses": CLAUSES, "effectiveFrom": start}
    assert shop.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []


def test_anybody_reads_the_terms_without_a_key(shop: Shop) -> None:
    found = public(shop)
    assert found["program"] == {
        "slug": "shop",
        "name": "Shop",
        "currencyCode": "GBP",
        "timeZone": "Europe/London",
    }
    assert (found["version"], found["status"], found["effectiveFrom"]) == (1, "IN_FORCE", "2020-01-01T00:00:00Z")
    own = shop.execute("{ terms { text clauses { number kind statement printed } } }")["terms"]
    assert found["text"] == own["text"]
    printed = [clause for clause in own["clauses"] if clause.pop("printed")]
    assert found["clauses"] == printed
    assert [clause["number"] for clause in found["highlights"]] == ["1", "2", "6"]
    assert found["changes"] == []
    assert found["versions"] == [{"version": 1, "status": "IN_FORCE", "effectiveFrom": "2020-01-01T00:00:00Z"}]
    for role in Role.OWNER, Role.TILL:
        assert public(shop, role=role) == found


def test_every_version_is_read_with_what_it_changed(shop: Shop) -> None:
    publish(shop)
    assert public(shop)["version"] == 1
    found = public(shop, version=2)
    assert (found["version"], found["status"]) == (2, "SCHEDULED")
    assert [(change["effectOnCustomer"], change["statement"]) for change in found["changes"]] == [
        ("WORSE", "Before: You can have “Coffee” for 100 points. Now: You can have “Coffee” for 120 points."),
        ("WORSE", "Removed: You can have “Mug” for 500 points."),
    ]
    assert [(change["before"], change["after"]) for change in found["changes"]] == [
        ({"number": "2"}, {"number": "2"}),
        ({"number": "3"}, None),
    ]
    assert [version["status"] for version in found["versions"]] == ["SCHEDULED", "IN_FORCE"]


@pytest.mark.parametrize(
    ("program", "version"),
    [("nobody", None), ("shop", 2), ("shop", 0), ("shop", -1), ("shop", 2_147_483_647), ("", None), ("Shop", None), ("x" * 5000, None)],
)  # fmt: skip
def test_unknown_program_or_version_is_null(shop: Shop, program: str, version: int | None) -> None:
    assert public(shop, program=program, version=version) is None


def test_language_of_each_field_is_its_own(shop: Shop) -> None:
    german = public(shop, locale="de")
    assert german["clauses"][1]["statement"] == "„Coffee“ gibt es für 100 Punkte."
    assert public(shop, language="zh-TW")["clauses"][1]["statement"] == "「Coffee」以 100 點兌換。"
    query = """{ publicTerms(program: "shop") { en: text de: text(locale: "de") } }"""
    both = shop.execute(query, role=None, language="en")["publicTerms"]
    assert both["en"].startswith("Terms and conditions, version 1")
    assert both["de"].startswith("Teilnahmebedingungen, Fassung 1")


def test_each_program_has_its_own_terms(shop: Shop, database_url: str) -> None:
    other = create_program(database_url, template="stamps")
    publish(shop)
    assert public(shop, program=other.program.slug)["versions"] == [
        {"version": 1, "status": "IN_FORCE", "effectiveFrom": "2020-01-01T00:00:00Z"}
    ]
    assert public(shop, program=other.program.slug, version=2) is None
    assert "stamp" in public(shop, program=other.program.slug)["text"]


def test_program_without_terms_has_none(shop: Shop, database_url: str) -> None:
    blank = create_program(database_url, template="blank")
    assert public(shop, program=blank.program.slug) is None


def test_nothing_else_is_answered_without_a_key(shop: Shop) -> None:
    body = shop.send('{ publicTerms(program: "shop") { version } program { name } }', role=None).json()
    assert [error["extensions"]["code"] for error in body["errors"]] == ["UNAUTHENTICATED"]
    assert body["data"] == {"publicTerms": {"version": 1}, "program": None}


def test_query_of_the_docs_is_answered_without_a_key(database_url: str) -> None:
    (query,) = re.findall(r"```graphql\n(.*?)```", (ROOT / "docs" / "pages.md").read_text(encoding="utf-8"), re.DOTALL)
    program = create_program(database_url, name="The Teapot")
    with open_shop(database_url, program=program) as shop:
        found = shop.execute(query, role=None)["publicTerms"]
        assert (found["version"], found["status"], len(found["clauses"])) == (1, "IN_FORCE", 9)
