"""Points by line of a receipt over HTTP: at the till, in a basket check, and explained later. On both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.shop import Shop, open_shop

LINES = "lines { number points { points unit { code } } excluded { code statement clauses { key } } }"
BUY = f"""mutation($input: RecordPurchaseInput!) {{ recordPurchase(input: $input) {{
    decision {{ points {{ points }} {LINES} }} entry {{ id decision {{ {LINES} }} }} userErrors {{ code }} }} }}"""
AMEND = f"""mutation($input: AmendPurchaseInput!) {{ amendPurchase(input: $input) {{
    decision {{ points {{ points }} {LINES} }} entry {{ id }} userErrors {{ code }} }} }}"""
REFUND = f"""mutation($input: RecordRefundInput!) {{ recordRefund(input: $input) {{ decision {{ {LINES} }} userErrors {{ code }} }} }}"""
CHECK = f"""query($by: CustomerBy!, $basket: BasketInput!) {{ basketCheck(customer: $by, basket: $basket) {{
    decision {{ points {{ points }} {LINES} }} }} }}"""
EXPLAIN = f"query($entry: ID!) {{ explain(entry: $entry) {{ agrees decision {{ {LINES} }} }} }}"
LEDGER = f"query($by: CustomerBy!) {{ customer(by: $by) {{ ledger {{ nodes {{ type decision {{ {LINES} }} }} }} }} }}"
PUBLISH = """mutation($input: PublishTermsInput!) { publishTerms(input: $input) { userErrors { code path } } }"""

CLAUSES = [
    {
        "key": "spend",
        "conditions": [{"products": {"exclude": ["mug"]}}],
        "effect": {"pointsPerAmount": {"points": 20, "per": "1.00"}},
    },
    {
        "key": "stamp",
        "conditions": [{"categories": {"include": ["tea"]}}],
        "effect": {"stamps": {"stamps": 1, "per": "ITEM"}},
    },
]
RECEIPT = [
    {"sku": "leaf", "quantity": "2", "unitPrice": "16.67", "categories": ["tea"]},
    {"sku": "cup", "quantity": "1", "unitPrice": "33.33"},
    {"sku": "pot", "quantity": "1", "unitPrice": "33.33"},
    {"sku": "mug", "quantity": "1", "unitPrice": "8.00"},
    {"sku": "post", "quantity": "1", "unitPrice": "4.00", "kind": "SHIPPING"},
]
SHARES = [[667, 2], [667, 0], [666, 0], [0, 0], [0, 0]]


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A sandbox in which mugs and shipping earn nothing, and tea brings stamps."""
    with open_shop(database_url, template="blank") as opened:
        input = {"idempotencyKey": "terms", "clauses": CLAUSES, "effectiveFrom": "2026-01-01T00:00:00Z"}
        assert opened.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []
        yield opened


def shares(found: Any) -> list[list[int]]:
    """Points and stamps of every line of a decision."""
    assert [line["number"] for line in found["lines"]] == list(range(1, len(found["lines"]) + 1))
    return [[unit["points"] for unit in line["points"]] for line in found["lines"]]


def codes(found: Any) -> list[str | None]:
    """The codes of the exclusion of each line."""
    return [line["excluded"] and line["excluded"]["code"] for line in found["lines"]]


def bought(shop: Shop, card: str, *, receipt: str, key: str | None = None, **more: Any) -> Any:
    """Records the receipt."""
    purchase = {"externalId": receipt, "lines": RECEIPT, **more}
    input = {"idempotencyKey": key or uuid.uuid4().hex, "customer": {"card": card}, "purchase": purchase}
    return shop.execute(BUY, input=input)["recordPurchase"]


def test_points_by_line_agree_in_the_basket_check_the_purchase_and_the_explanation(shop: Shop) -> None:
    card = shop.enrol()
    tried = shop.execute(CHECK, by={"card": card}, basket={"lines": RECEIPT})["basketCheck"]["decision"]
    payload = bought(shop, card, receipt="r1", key="once")
    again = bought(shop, card, receipt="r1", key="once")
    explained = shop.execute(EXPLAIN, entry=payload["entry"]["id"])["explain"]
    assert explained["agrees"]
    ledger = shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"]
    decisions = [payload["decision"], again["decision"], payload["entry"]["decision"], explained["decision"]]
    for found in (tried, *decisions, *(value["decision"] for value in ledger)):
        assert shares(found) == SHARES
        assert codes(found) == [None, None, None, "GOODS_NOT_COUNTED", "KIND_NOT_COUNTED"]
    mug, post = payload["decision"]["lines"][3]["excluded"], payload["decision"]["lines"][4]["excluded"]
    assert [clause["key"] for clause in mug["clauses"]] == ["spend", "stamp"]
    assert [clause["key"] for clause in post["clauses"]] == ["counted-amounts"]
    assert [sum(column) for column in zip(*SHARES, strict=True)] == [point["points"] for point in tried["points"]]


def test_old_entry_shows_points_by_line_before_the_correction(shop: Shop) -> None:
    card = shop.enrol()
    payload = bought(shop, card, receipt="r1")
    purchase = {"externalId": "r1", "lines": [*RECEIPT[:1], {"sku": "pot", "quantity": "1", "unitPrice": "50.00"}]}
    input = {"idempotencyKey": "amend", "purchase": purchase, "reason": "a typo"}
    amended = shop.execute(AMEND, role=Role.OWNER, input=input)["amendPurchase"]
    assert amended["userErrors"] == []
    assert shares(amended["decision"]) == [[667, 2], [1000, 0]]
    assert shares(shop.execute(EXPLAIN, entry=payload["entry"]["id"])["explain"]["decision"]) == SHARES
    later = {"idempotencyKey": "later", "purchase": {**purchase, "lines": RECEIPT[1:2]}, "reason": "another typo"}
    assert shares(shop.execute(AMEND, role=Role.OWNER, input=later)["amendPurchase"]["decision"]) == [[667, 0]]
    sent_again = bought(shop, card, receipt="r1", key="another")
    assert (sent_again["userErrors"], shares(sent_again["decision"])) == ([], SHARES)
    again = shop.execute(AMEND, role=Role.OWNER, input=input)["amendPurchase"]["decision"]
    assert shares(again) == [[667, 2], [1000, 0]], "answered as it was"
    assert shares(shop.execute(EXPLAIN, entry=payload["entry"]["id"])["explain"]["decision"]) == SHARES


EXCHANGE = f"""mutation($input: RecordExchangeInput!) {{ recordExchange(input: $input) {{ decision {{ points {{ points }} {LINES} }}
    entry {{ id }} userErrors {{ code path }} }} }}"""


def test_lines_of_an_exchange_share_the_amount_paid_on_top(shop: Shop) -> None:
    card = shop.enrol()
    bought(shop, card, receipt="r1")
    input = {
        "idempotencyKey": "swap",
        "refund": {"purchase": {"externalId": "r1"}, "lines": [{"line": 2}]},
        "purchase": {
            "externalId": "r2",
            "lines": [
                {"sku": "jug", "quantity": "1", "unitPrice": "40.00"},
                {"sku": "mug", "quantity": "1", "unitPrice": "10.00"},
            ],
        },
    }
    payload = shop.execute(EXCHANGE, input=input)["recordExchange"]
    assert payload["userErrors"] == []
    found = shares(payload["decision"])
    assert [sum(column) for column in zip(*found, strict=True)] == [
        point["points"] for point in payload["decision"]["points"]
    ]
    assert found[0][0] > 0
    assert found[1] == [0, 0]


def test_only_purchases_have_lines(shop: Shop) -> None:
    card = shop.enrol()
    bought(shop, card, receipt="r1")
    input = {"idempotencyKey": "back", "purchase": {"externalId": "r1"}}
    assert shop.execute(REFUND, input=input)["recordRefund"]["decision"]["lines"] is None
    ledger = shop.execute(LEDGER, by={"card": card})["customer"]["ledger"]["nodes"]
    assert [(value["type"], value["decision"]["lines"] is None) for value in ledger][::-1] == [
        ("EARN", False),
        ("CLAWBACK", True),
    ]


@pytest.mark.parametrize(
    ("language", "mug", "post"),
    [
        ("en", "This item does not count towards clause 1 or 2.", "Delivery does not count."),
        ("de", "Dieser Artikel zählt nicht für Ziffer 1 oder 2.", "Versandkosten zählen nicht."),
        ("zh-Hans", "此商品不适用第 1 或 2 条。", "运费不计入。"),
        ("zh-Hant", "此商品不適用第 1 或 2 項。", "運費不計入。"),
    ],
)
def test_excluded_line_is_explained_in_every_language(shop: Shop, language: str, mug: str, post: str) -> None:
    card = shop.enrol()
    decision = shop.execute(CHECK, by={"card": card}, basket={"lines": RECEIPT}, language=language)["basketCheck"][
        "decision"
    ]
    assert [line["excluded"]["statement"] for line in decision["lines"][3:]] == [mug, post]
    free = {"lines": [{"sku": "cup", "quantity": "1", "unitPrice": "0.00"}]}
    decision = shop.execute(CHECK, by={"card": card}, basket=free, language=language)["basketCheck"]["decision"]
    assert codes(decision) == ["NOTHING_PAID"]
    assert decision["lines"][0]["excluded"]["statement"] not in ("", mug, post)
