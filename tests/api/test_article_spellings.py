"""Articles and categories match clauses in any spelling, from tills and from files, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.access import Role
from app.graphql_server.limits.rate_limits import RateLimit
from tests.api.test_budgets_and_nth_items import CHECK, publish
from tests.api.test_late_events import at
from tests.api.test_refunds_by_amount_and_payment import refund
from tests.imports.import_runs import HEADER, import_file
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in

PLAIN = "Tea-1"
WIDE = "Ｔｅａ－１"
SPELLINGS = [PLAIN, WIDE, "T\u200bea\u00ad-1\u2060", " \u3000Tea-1\t"]
BUY = """mutation($input: RecordPurchaseInput!) { recordPurchase(input: $input) { userErrors { code path }
  decision { points { points } } purchase { lines { sku categories } } } }"""
CLAUSES = "{ terms { clauses { key conditions { statement } } } }"
REWARD = (
    "mutation($input: CreateRewardInput!) { createReward(input: $input) { reward { article } userErrors { code } } }"
)
START = {"effectiveFrom": "2020-01-01T00:00:00Z"}


@pytest.fixture
def blank(database_url: str) -> Iterator[Shop]:
    """A sandbox without terms; its ledger is verified at the end."""
    with open_shop(database_url, template="blank", rate_limit=RateLimit(10_000_000, 10_000_000)) as opened:
        yield opened
        assert discrepancies_in(opened.url) == []


def bonus(**condition: Any) -> dict[str, Any]:
    """Ten points under a condition on goods."""
    return {"key": "goods", "conditions": [condition], "effect": {"bonusPoints": {"points": 10}}}


def line(sku: str, *categories: str) -> dict[str, Any]:
    """A line of a receipt."""
    return {"sku": sku, "quantity": "1", "unitPrice": "5.00", "categories": list(categories)}


def buy(shop: Shop, card: str, *lines: Any, receipt: str | None = None, **more: Any) -> Any:
    """The points of a purchase and its stored lines."""
    purchase = {"externalId": receipt or uuid.uuid4().hex, "lines": list(lines), **more}
    input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
    payload = shop.execute(BUY, input=input)["recordPurchase"]
    assert payload["userErrors"] == []
    return payload["decision"]["points"][0]["points"], payload["purchase"]["lines"]


@pytest.mark.parametrize("spelled", SPELLINGS)
@pytest.mark.parametrize("kind", ["products", "categories"])
def test_clause_matches_articles_in_any_spelling(blank: Shop, kind: str, spelled: str) -> None:
    publish(blank, bonus(**{kind: {"include": [spelled]}}), **START)
    ((condition,),) = (
        clause["conditions"] for clause in blank.execute(CLAUSES)["terms"]["clauses"] if clause["key"] == "goods"
    )
    assert PLAIN in condition["statement"]
    card = blank.enrol()
    for count, written in enumerate(SPELLINGS):
        goods = line(written) if kind == "products" else line("x", "drinks", written)
        when = {"occurredAt": at(hours=count)}
        tried = blank.execute(CHECK, by={"card": card}, basket={"lines": [goods], **when})["basketCheck"]
        assert tried["decision"]["points"] == [{"points": 10}], written
        points, kept = buy(blank, card, goods, line("else"), receipt=f"R{count}", **when)
        assert points == 10, written
        assert kept[0] == {
            "sku": PLAIN if kind == "products" else "x",
            "categories": [] if kind == "products" else ["drinks", PLAIN],
        }
        payload = refund(blank, f"R{count}", lines=[{"line": 2}], occurredAt=at(hours=count, minutes=20))
        assert payload["decision"]["points"][0]["points"] == 0, "what the clause names is kept"
        payload = refund(blank, f"R{count}", lines=[{"line": 1}], occurredAt=at(hours=count, minutes=30))
        assert payload["decision"]["points"][0]["points"] == 10


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_exclusion_matches_articles_in_any_spelling(blank: Shop, spelled: str) -> None:
    publish(blank, bonus(products={"exclude": [spelled]}), **START)
    card = blank.enrol()
    assert [buy(blank, card, line(written))[0] for written in SPELLINGS] == [0, 0, 0, 0]
    assert buy(blank, card, line("Tea-2"))[0] == 10, "the next article is another one"
    assert buy(blank, card, line("tea-1"))[0] == 10, "capital and small letters are two articles"


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_imported_file_matches_clauses_in_any_spelling(blank: Shop, spelled: str, tmp_path: Path) -> None:
    publish(blank, bonus(products={"include": [spelled]}), **START)
    rows = [f"P{n},{sku},Tea,1,2026-03-01 10:0{n}:00,5.00,K-{n}\n" for n, sku in enumerate(SPELLINGS)]
    import_file(blank, HEADER + "".join(rows), folder=tmp_path)
    found = [blank.execute(BALANCE, by={"externalId": f"K-{n}"})["customer"]["wallet"]["balances"] for n in range(4)]
    assert found == [[{"available": 10}]] * 4


BALANCE = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { available } } } }"


@pytest.mark.parametrize("spelled", SPELLINGS)
def test_article_of_a_reward_matches_receipts_in_any_spelling(blank: Shop, spelled: str) -> None:
    input = {"idempotencyKey": "r", "key": "r", "name": "Tea", "description": "A cup", "article": spelled}
    made = blank.execute(REWARD, role=Role.OWNER, input=input)["createReward"]
    assert made == {"reward": {"article": PLAIN}, "userErrors": []}


@pytest.mark.parametrize("nothing", ["\u200b", "\u3000", "\x07", "\u00ad\t"])
def test_name_that_is_empty_after_normalisation_is_rejected(blank: Shop, nothing: str) -> None:
    publish(blank, bonus(products={"include": ["a"]}), **START)
    card = blank.enrol()
    for goods, field in ((line(nothing), "sku"), (line("a", nothing), "categories")):
        purchase = {"externalId": "R1", "lines": [goods]}
        input = {"idempotencyKey": uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
        (error,) = blank.execute(BUY, input=input)["recordPurchase"]["userErrors"]
        assert (error["code"], error["path"][4]) == ("INVALID_INPUT", field)


def test_respelled_list_is_no_change_of_the_terms(blank: Shop) -> None:
    publish(blank, bonus(products={"include": [PLAIN, "b"]}), **START)
    again = publish(blank, bonus(products={"include": ["b", WIDE, PLAIN]}))
    changes = blank.execute("query($v: Int!) { terms(version: $v) { changes { statement } } }", v=again["version"])
    assert changes["terms"]["changes"] == []
