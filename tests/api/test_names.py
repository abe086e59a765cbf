"""Names printed in terms: deceptive ones are refused, others are trimmed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.domain.access import Role
from tests.cli.command import troth
from tests.shop import Shop

REWARD = """mutation($input: CreateRewardInput!) { createReward(input: $input) {
    reward { key name description } userErrors { code path } } }"""
OPEN = """mutation($input: CreateLocationInput!) { createLocation(input: $input) { userErrors { code path } } }"""
CHECK = """query($clauses: [ClauseInput!]!) { termsCheck(clauses: $clauses) {
    draft { clauses { statement } } userErrors { code path } } }"""


def create(shop: Shop, **change: str) -> Any:
    """Creates a reward."""
    input = {"idempotencyKey": uuid.uuid4().hex, "key": "tea", "name": "Tea", "description": "A cup.", **change}
    return shop.execute(REWARD, role=Role.OWNER, input=input)["createReward"]


@pytest.mark.parametrize("text", [" ", "\u202e", "Mug\u202etac", "Mug\nFree", "\u200b", "Mug\x1b[2J", "\u3164"])
def test_reward_with_a_blank_or_deceptive_name_is_rejected(shop: Shop, text: str) -> None:
    refused = create(shop, name=text)
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "name"]}]
    assert refused["reward"] is None
    if "\n" not in text:
        assert create(shop, description=text)["userErrors"] == [
            {"code": "INVALID_INPUT", "path": ["input", "description"]}
        ]
    assert create(shop)["userErrors"] == []


def test_reward_name_is_trimmed(shop: Shop) -> None:
    done = create(shop, name=" Tea\u3000", description="\nA cup.\nAny size. ")
    assert done["reward"] == {"key": "tea", "name": "Tea", "description": "A cup.\nAny size."}


@pytest.mark.parametrize("mark", "“”„«»「」")
def test_names_with_quotation_marks_are_rejected(shop: Shop, mark: str) -> None:
    refused = create(shop, name=f"a{mark} and b")
    assert refused["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "name"]}]
    assert create(shop, name='5" plate', description=f"The {mark} plate.")["userErrors"] == []
    input = {"idempotencyKey": uuid.uuid4().hex, "key": "pier", "timeZone": "Europe/London"}
    opened = shop.execute(OPEN, role=Role.OWNER, input={**input, "name": f"a{mark} and b"})["createLocation"]
    assert opened["userErrors"] == [{"code": "INVALID_INPUT", "path": ["input", "name"]}]
    assert shop.execute(OPEN, role=Role.OWNER, input={**input, "name": "Pier 7"})["createLocation"]["userErrors"] == []


def test_names_in_clauses_are_normalised(shop: Shop) -> None:
    def checked(kind: str, name: str) -> Any:
        clause = {
            "key": "tea",
            "conditions": [{kind: {"include": [name]}}],
            "effect": {"pointsPerVisit": {"points": 3}},
        }
        return shop.execute(CHECK, role=Role.OWNER, clauses=[clause])["termsCheck"]

    for kind in ("categories", "products"):
        refused = checked(kind, " ")
        assert refused["userErrors"] == [{"code": "INVALID_INPUT", "path": ["clauses", "0", "conditions", "0"]}]
        for name in (" tea ", "tea\u202e", "te\u200ba"):
            taken = checked(kind, name)
            assert taken["userErrors"] == []
            assert "“tea”" in taken["draft"]["clauses"][0]["statement"], "what cannot be seen is left out"


def test_padded_article_codes_match_clauses(shop: Shop) -> None:
    card = shop.enrol()
    lines = [{"sku": "tea   ", "quantity": "1", "unitPrice": "1.00", "categories": [" drinks"]}]
    bought = shop.buy(card, "", receipt="R", lines=lines)
    look = "query($id: ID!) { node(id: $id) { ... on Purchase { lines { sku categories } } } }"
    assert shop.execute(look, id=bought["purchase"]["id"])["node"]["lines"] == [
        {"sku": "tea", "categories": ["drinks"]}
    ]
    blank = shop.buy(card, "", lines=[{"sku": " ", "quantity": "1", "unitPrice": "1.00"}])
    assert [(error["code"], error["path"][-1]) for error in blank["userErrors"]] == [("INVALID_INPUT", "sku")]


@pytest.mark.parametrize("name", [" ", "Caf\u202eé", "Shop\nFree"])
def test_program_needs_a_visible_name(sqlite_url: str, name: str) -> None:
    assert "the name of a program" in troth("init", "--name", name, url=sqlite_url, code=1)
