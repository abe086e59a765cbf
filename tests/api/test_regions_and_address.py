"""Terms over HTTP in each reader's format: by the region of the request or of the program, and with Sie or du."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from app.domain.access import Role
from app.domain.programs.program import ProgramKind
from tests.shop import Shop, open_shop

TEXT = "{ program { terms { text } } }"
UPDATE = "mutation($input: UpdateProgramInput!) { updateProgram(input: $input) { userErrors { code } } }"


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A British program of points, whose terms start with 2020."""
    with open_shop(database_url, kind=ProgramKind.SANDBOX) as opened:
        yield opened


def text(shop: Shop, language: str) -> str:
    """The terms as a till reads them."""
    found: str = shop.execute(TEXT, language=language)["program"]["terms"]["text"]
    return found


def test_dates_follow_the_readers_region_or_else_the_programs(shop: Shop) -> None:
    day = "1 January 2020"
    assert f"valid from {day}" in text(shop, "en")
    assert f"valid from {day}" in text(shop, "en-GB,en;q=0.9")
    assert "valid from January 1, 2020" in text(shop, "en-US,en;q=0.9")
    assert "in your favor" in text(shop, "en-US")
    assert "1\N{NO-BREAK SPACE}£" in text(shop, "de")


def test_locale_argument_of_a_field_sets_its_region(shop: Shop) -> None:
    terms = shop.execute('{ terms { gb: text(locale: "en-GB") us: text(locale: "en-US") } }')["terms"]
    assert "1 January 2020" in terms["gb"]
    assert "January 1, 2020" in terms["us"]


def test_german_terms_use_the_chosen_form_of_address(shop: Shop) -> None:
    assert "Wenn Sie Ware zurückgeben" in text(shop, "de")
    chosen = {"idempotencyKey": uuid.uuid4().hex, "formOfAddress": "INFORMAL"}
    assert shop.execute(UPDATE, role=Role.OWNER, input=chosen)["updateProgram"]["userErrors"] == []
    assert "Wenn du Ware zurückgibst" in text(shop, "de")


def test_unprinted_clauses_are_marked_and_come_last(shop: Shop) -> None:
    terms = shop.execute("{ program { terms { text clauses { number printed statement } } } }")["program"]["terms"]
    shown = [clause for clause in terms["clauses"] if clause["printed"]]
    hidden = [clause for clause in terms["clauses"] if not clause["printed"]]
    assert [clause["number"] for clause in shown] == [str(n) for n in range(1, len(shown) + 1)]
    assert all(f"{clause['number']}. {clause['statement']}" in terms["text"] for clause in shown)
    assert [clause["number"] for clause in hidden] == [str(len(shown) + 1)]
    assert all(clause["statement"] not in terms["text"] for clause in hidden)
