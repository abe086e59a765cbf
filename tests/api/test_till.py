"""A till's day over HTTP, on both databases: enrol, buy, check, redeem, refund, and refusals with their reasons."""

from __future__ import annotations

import pytest

from app.domain.access import Role
from tests.shop import BUY, DECISION, ENROL, Shop


def test_purchase_earns_by_a_numbered_clause(shop: Shop) -> None:
    card = shop.enrol()
    bought = shop.buy(card, "61.50")
    assert bought["decision"]["outcome"] == "GRANTED"
    assert bought["decision"]["points"] == [{"points": 62, "unit": {"code": "points"}}]
    assert bought["balances"] == [{"available": 62, "lifetime": "62"}]
    (reason,) = bought["decision"]["reasons"]
    assert reason["clause"]["number"] == "1"
    assert reason["clause"]["statement"].startswith("You earn 1 point for every £1 you spend")
    assert (reason["verdict"], reason["code"]) == ("APPLIED", "POINTS_EARNED")
    assert bought["entry"]["type"] == "EARN"
    assert shop.ledger(card) == [("EARN", 62)]


def test_redemption_pays_from_the_balance(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "130.00")
    redeemed = shop.redeem(card)
    assert redeemed["decision"]["outcome"] == "GRANTED"
    assert redeemed["redemption"]["points"] == 100
    assert redeemed["redemption"]["state"] == "FULFILLED"
    assert redeemed["balances"] == [{"available": 30}]
    assert shop.ledger(card) == [("EARN", 130), ("REDEEM", -100)]


@pytest.mark.parametrize(
    ("language", "clause", "statement", "remedy"),
    [
        (
            "en",
            "You can have “Coffee” for 100 points.",
            "“Coffee” costs 100 points; you have 61 points.",
            "Collect 39 more points.",
        ),
        (
            "de",
            "„Coffee“ gibt es für 100 Punkte.",
            "„Coffee“ kostet 100 Punkte; Sie haben 61 Punkte.",
            "Noch 39 Punkte sammeln.",
        ),
        ("zh-CN", "“Coffee”需 100 积分兑换。", "“Coffee”需 100 积分，您现有 61 积分。", "再累积 39 积分即可。"),
        ("zh-TW", "「Coffee」以 100 點兌換。", "「Coffee」需 100 點，您現有 61 點。", "再集 39 點即可。"),
    ],
)
def test_refusal_names_its_clause_and_remedy_in_the_requested_language(
    shop: Shop, language: str, clause: str, statement: str, remedy: str
) -> None:
    card = shop.enrol()
    shop.buy(card, "61.00")
    refused = shop.redeem(card, language=language)
    assert refused["decision"]["outcome"] == "REFUSED"
    (reason,) = refused["decision"]["reasons"]
    assert reason["code"] == "INSUFFICIENT_POINTS"
    assert reason["clause"]["key"] == "coffee"
    assert reason["clause"]["statement"] == clause
    assert reason["statement"] == statement
    assert [(remedy["code"], remedy["statement"], remedy["points"]) for remedy in reason["remedies"]] == [
        ("COLLECT_POINTS", remedy, 39)
    ]
    assert refused["redemption"] is None
    assert shop.ledger(card) == [("EARN", 61)]


def test_two_locales_in_one_request_do_not_mix(shop: Shop) -> None:
    terms = shop.execute('{ terms { a: text(locale: "de") b: text(locale: "zh-Hant") c: text } }')["terms"]
    assert terms["a"].startswith("Teilnahmebedingungen")
    assert terms["b"].startswith("會員條款")
    assert terms["c"].startswith("Terms and conditions, version 1")


def test_line_refunds_claw_back_what_the_kept_goods_would_not_earn(shop: Shop) -> None:
    card = shop.enrol()
    lines = [
        {"sku": "cup", "quantity": "3", "unitPrice": "10.00"},
        {"sku": "pot", "quantity": "1", "unitPrice": "20.40"},
    ]
    shop.buy(card, "", receipt="R-1", lines=lines)
    assert shop.available(card) == 50
    first = shop.refund("R-1", lines=[{"line": 1, "quantity": "1"}])
    assert first["cash"] == {"amount": "10.00", "currencyCode": "GBP"}
    assert first["balances"] == [{"available": 40}]
    rest = shop.refund("R-1")
    assert rest["cash"] == {"amount": "40.40", "currencyCode": "GBP"}
    assert rest["balances"] == [{"available": 0}]
    again = shop.refund("R-1")
    assert [error["code"] for error in again["userErrors"]] == ["NOTHING_TO_REFUND"]
    assert shop.ledger(card) == [("EARN", 50), ("CLAWBACK", -10), ("CLAWBACK", -40)]


def test_refund_of_spent_points_takes_the_rest_and_shows_the_shortfall(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "120.00", receipt="R-2")
    shop.redeem(card)
    refunded = shop.refund("R-2")
    assert refunded["decision"]["outcome"] == "PARTLY_GRANTED"
    assert refunded["shortfall"] == 100
    assert refunded["decision"]["reasons"][0]["code"] == "CLAMPED_TO_BALANCE"
    assert refunded["balances"] == [{"available": 0}]


def test_basket_check_predicts_the_purchase(shop: Shop) -> None:
    card = shop.enrol()
    lines = [{"sku": "thing", "quantity": "1", "unitPrice": "12.49"}]
    checked = shop.execute(
        "query($c: CustomerBy!, $b: BasketInput!) { basketCheck(customer: $c, basket: $b) { decision { points { points } reasons { statement } } } }",
        c={"card": card},
        b={"lines": lines},
    )["basketCheck"]["decision"]
    assert shop.available(card) == 0
    bought = shop.buy(card, "12.49")["decision"]
    assert [point["points"] for point in checked["points"]] == [point["points"] for point in bought["points"]] == [12]
    assert [reason["statement"] for reason in checked["reasons"]] == [
        reason["statement"] for reason in bought["reasons"]
    ]


def test_offers_list_available_rewards_first_and_name_what_is_missing(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "150.00")
    data = shop.execute(
        "query($c: CustomerBy!) { rewards(for: $c) { nodes { reward { key stock } cost available missingPoints } } }",
        c={"card": card},
    )
    assert data["rewards"]["nodes"] == [
        {"reward": {"key": "coffee", "stock": None}, "cost": 100, "available": True, "missingPoints": 0},
        {"reward": {"key": "mug", "stock": 50}, "cost": 500, "available": False, "missingPoints": 350},
    ]


def test_old_entry_is_explained_with_the_same_points(shop: Shop) -> None:
    card = shop.enrol()
    entry = shop.buy(card, "61.50")["entry"]["id"]
    data = shop.execute(
        "query($e: ID!) { explain(entry: $e) { recomputedPoints agrees decision { outcome reasons { statement } } } }",
        e=entry,
    )
    assert data["explain"]["recomputedPoints"] == 62
    assert data["explain"]["agrees"] is True


def test_ledger_pages_both_ways_without_gaps(shop: Shop) -> None:
    card = shop.enrol()
    for price in range(1, 8):
        shop.buy(card, f"{price}.00")
    query = "query($c: CustomerBy!, $a: String) { customer(by: $c) { ledger(first: 3, after: $a) { nodes { points } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"
    seen, after = [], None
    for _ in range(3):
        page = shop.execute(query, c={"card": card}, a=after)["customer"]["ledger"]
        seen += [node["points"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert page["pageInfo"]["hasNextPage"] is False
    backwards = shop.execute(
        "query($c: CustomerBy!, $b: String) { customer(by: $c) { ledger(last: 2, before: $b) { nodes { points } pageInfo { hasPreviousPage } } } }",
        c={"card": card},
        b=after,
    )["customer"]["ledger"]
    assert [node["points"] for node in backwards["nodes"]] == [3, 2]


def test_customer_is_found_by_any_identity_in_any_spelling(shop: Shop) -> None:
    input = {
        "idempotencyKey": "many",
        "identities": [
            {"card": "12 34-5678"},
            {"phone": "020 7946 0018"},
            {"email": "Ann@Example.ORG"},
            {"token": "t0k"},
            {"externalId": "crm:7"},
        ],
    }
    id = shop.execute(ENROL, input=input)["enrolCustomer"]["customer"]["id"]
    for by in (
        {"id": id},
        {"card": "12345678"},
        {"phone": "+44 20 7946 0018"},
        {"email": "ann@example.org"},
        {"token": "t0k"},
        {"externalId": "crm:7"},
    ):
        data = shop.execute("query($by: CustomerBy!) { customer(by: $by) { id } }", by=by)
        assert data["customer"] == {"id": id}
    taken = shop.execute(ENROL, input={"idempotencyKey": "other", "identities": [{"phone": "+442079460018"}]})
    assert taken["enrolCustomer"]["userErrors"] == [
        {
            "code": "IDENTITY_TAKEN",
            "message": "This already belongs to another member.",
            "path": ["input", "identities", "0"],
        }
    ]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"currencyCode": "EUR"}, "RATE_MISSING", ["input", "purchase", "currencyCode"]),
        ({"occurredAt": "2999-01-01T00:00:00Z"}, "CLOCK_SKEW", ["input", "purchase", "occurredAt"]),
        ({"occurredAt": "2019-01-01T00:00:00Z"}, "NO_TERMS_IN_FORCE", ["input", "purchase", "occurredAt"]),
        ({"lines": []}, "INVALID_INPUT", ["input", "purchase", "lines"]),
        (
            {"lines": [{"sku": "a", "quantity": "-1", "unitPrice": "1"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "quantity"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "0", "unitPrice": "1"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "quantity"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "9999999999", "unitPrice": "1"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "quantity"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "-0.01"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "unitPrice"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "0.001"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "unitPrice"],
        ),
        (
            {"lines": [{"sku": "", "quantity": "1", "unitPrice": "1"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "sku"],
        ),
        (
            {"lines": [{"sku": "x" * 201, "quantity": "1", "unitPrice": "1"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "sku"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "1", "discount": "2"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "discount"],
        ),
        (
            {"lines": [{"sku": "a", "quantity": "1", "unitPrice": "1", "taxRate": "19"}]},
            "INVALID_INPUT",
            ["input", "purchase", "lines", "0", "taxRate"],
        ),
        ({"lines": [{"sku": "a", "quantity": "1000000", "unitPrice": "1000000000"}]}, "INVALID_INPUT", None),
    ],
)
def test_invalid_purchase_is_rejected_with_its_path_and_not_stored(
    shop: Shop, change: dict[str, object], code: str, path: list[str] | None
) -> None:
    card = shop.enrol()
    refused = shop.buy(card, "1.00", **change)
    (error,) = refused["userErrors"]
    assert error["code"] == code
    assert path is None or error["path"] == path
    assert refused["decision"] is None
    assert shop.ledger(card) == []


def test_unknown_and_malformed_cards_are_rejected(shop: Shop) -> None:
    assert [error["code"] for error in shop.buy("NOBODY99", "1.00")["userErrors"]] == ["CUSTOMER_NOT_FOUND"]
    assert [error["code"] for error in shop.buy("?", "1.00")["userErrors"]] == ["INVALID_IDENTITY"]
    assert shop.execute('{ customer(by: { card: "NOBODY99" }) { id } }') == {"customer": None}


def test_telephone_number_with_an_extension_is_rejected(shop: Shop) -> None:
    def enrol(key: str, phone: str) -> list[tuple[str, list[str]]]:
        payload = shop.execute(ENROL, input={"idempotencyKey": key, "identities": [{"phone": phone}]})["enrolCustomer"]
        return [(error["code"], error["path"]) for error in payload["userErrors"]]

    malformed = [("INVALID_IDENTITY", ["input", "identities", "0"])]
    assert enrol("a", "+49 30 1234567 ext. 5") == malformed
    assert enrol("b", "+49 30 1234567") == []
    assert enrol("c", "+49 30 1234567 ext. 5") == malformed
    look = shop.send("query($by: CustomerBy!) { customer(by: $by) { id } }", by={"phone": "+49 30 1234567 ext. 5"})
    assert look.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_repeated_receipt_is_recorded_once_and_a_different_one_with_its_number_is_rejected(
    shop: Shop,
) -> None:
    card = shop.enrol()
    first = shop.buy(card, "10.00", receipt="R-9")
    second = shop.buy(card, "10.00", receipt="R-9")
    assert second["entry"]["id"] == first["entry"]["id"]
    assert second["purchase"]["id"] == first["purchase"]["id"]
    other = shop.buy(card, "11.00", receipt="R-9")
    assert [error["code"] for error in other["userErrors"]] == ["RECEIPT_DIFFERS"]
    assert shop.ledger(card) == [("EARN", 10)]


def test_price_as_a_json_number_is_rejected(shop: Shop) -> None:
    card = shop.enrol()
    input = {
        "idempotencyKey": "k",
        "customer": {"card": card},
        "purchase": {"externalId": "r", "lines": [{"sku": "a", "quantity": 1, "unitPrice": 2.5}]},
    }
    body = shop.send(BUY, input=input).json()
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in body
    assert DECISION not in str(body)
    assert shop.ledger(card) == []


def test_only_the_owner_publishes_terms_and_creates_rewards(shop: Shop) -> None:
    query = 'mutation { createReward(input: { idempotencyKey: "r", key: "tea", name: "Tea", description: "A cup." }) { reward { key } userErrors { code } } }'
    for role in (Role.TILL, Role.STAFF):
        assert shop.send(query, role=role).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert shop.execute(query, role=Role.OWNER)["createReward"]["reward"] == {"key": "tea"}
