"""Points beyond the largest balance: the same refusal for a basket as for the purchase, on both databases."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from app.domain.amounts import MAX_POINTS
from tests.api.test_access import customer_key
from tests.api.test_impact_previews import READ
from tests.shop import BUY, Shop, open_shop
from tests.time_limits import eventually
from tests.verification import discrepancies_in

PUBLISH = (
    "mutation($input: PublishTermsInput!) { publishTerms(input: $input) { terms { version } userErrors { code } } }"
)
CHECK = """query($c: CustomerBy!, $b: BasketInput!) { basketCheck(customer: $c, basket: $b) {
    decision { points { points } reasons { statement observed } } clauses { points applies } } }"""
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1_000_000, "per": "0.01"}}}
"""A million points a penny: £21.47 come to the most that an account can hold."""


@pytest.fixture
def generous(database_url: str) -> Iterator[Shop]:
    """A shop without terms yet."""
    with open_shop(database_url, template="blank") as opened:
        yield opened


def publish(shop: Shop, *clauses: Any) -> None:
    """The first terms."""
    payload = shop.execute(PUBLISH, role=Role.OWNER, input={"idempotencyKey": uuid.uuid4().hex, "clauses": clauses})
    assert payload["publishTerms"]["userErrors"] == []


def basket(price: str) -> dict[str, Any]:
    """One line."""
    return {"lines": [{"sku": "thing", "quantity": "1", "unitPrice": price}]}


def refusal(shop: Shop, card: str, price: str, *, key: str | None = None) -> Any:
    """The one error of a basket check, which has no data."""
    body = shop.send(CHECK, key=key, c={"card": card}, b=basket(price)).json()
    assert body["data"] == {"basketCheck": None}
    (error,) = body["errors"]
    return error["extensions"]["code"], error["message"].split(":")[0]


TOO_MUCH = ("BAD_USER_INPUT", "AMOUNT_OUT_OF_RANGE at basket.lines")


def test_basket_beyond_the_largest_balance_is_rejected_like_its_purchase(generous: Shop) -> None:
    publish(generous, SPEND)
    card = generous.enrol()
    for price in ("21.48", "1000000000"):
        assert refusal(generous, card, price) == TOO_MUCH
        refused = generous.buy(card, price)
        assert [(error["code"], error["path"]) for error in refused["userErrors"]] == [
            ("AMOUNT_OUT_OF_RANGE", ["input", "purchase", "lines"])
        ]
    assert generous.ledger(card) == []


def test_current_balance_counts_towards_the_largest_balance(generous: Shop) -> None:
    publish(generous, SPEND)
    card = generous.enrol()
    generous.buy(card, "21.00")
    checked = generous.execute(CHECK, c={"card": card}, b=basket("0.47"))["basketCheck"]
    assert checked["decision"]["points"] == [{"points": 47_000_000}]
    assert refusal(generous, card, "0.48") == TOO_MUCH
    assert [error["code"] for error in generous.buy(card, "0.48")["userErrors"]] == ["AMOUNT_OUT_OF_RANGE"]
    assert generous.buy(card, "0.47")["balances"] == [{"available": 2_147_000_000, "lifetime": "2147000000"}]
    assert discrepancies_in(generous.url) == []


@pytest.mark.parametrize("price", ["21.48", "1000000000"])
def test_points_beyond_the_largest_number_are_rejected_even_under_a_cap(generous: Shop, price: str) -> None:
    publish(generous, SPEND, {"key": "cap", "effect": {"pointsCap": {"scope": "PURCHASE", "points": 100}}})
    card = generous.enrol()
    assert refusal(generous, card, price) == TOO_MUCH
    assert [error["code"] for error in generous.buy(card, price)["userErrors"]] == ["AMOUNT_OUT_OF_RANGE"]
    checked = generous.execute(CHECK, c={"card": card}, b=basket("21.47"))["basketCheck"]
    assert [clause["points"] for clause in checked["clauses"]][:1] == [2_147_000_000]
    assert generous.buy(card, "21.47")["balances"] == [{"available": 100, "lifetime": "100"}]


def test_rejection_does_not_reveal_the_balance_of_another_customer(generous: Shop) -> None:
    publish(generous, SPEND)
    mine, other = generous.enrol(), generous.enrol()
    own = customer_key(generous.url, generous, mine)
    assert refusal(generous, mine, "30.00", key=own) == TOO_MUCH
    assert generous.execute(CHECK, key=own, c={"card": other}, b=basket("30.00")) == {"basketCheck": None}
    assert generous.execute(CHECK, key=own, c={"card": "NOBODY99"}, b=basket("30.00")) == {"basketCheck": None}


def test_preview_of_a_draft_with_excessive_points_has_a_result(generous: Shop) -> None:
    publish(generous, {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}})
    card = generous.enrol()
    input = {"idempotencyKey": "b", "customer": {"card": card}, "purchase": {"externalId": "r", **basket("1000000.00")}}
    generous.execute(BUY, input=input)
    query = "mutation($input: PreviewTermsImpactInput!) { previewTermsImpact(input: $input) { preview { id } } }"
    draft = {"idempotencyKey": "p", "clauses": [SPEND]}
    id = generous.execute(query, role=Role.OWNER, input=draft)["previewTermsImpact"]["preview"]["id"]

    def ended() -> Any:
        found = generous.execute(READ, role=Role.OWNER, id=id)["impactPreview"]
        return found if found["state"] not in ("QUEUED", "RUNNING") else None

    found = eventually(ended)
    assert found["state"] == "DONE"
    assert found["result"]["mostGaining"] == [{"difference": MAX_POINTS - 1_000_000}]
    assert found["result"]["liabilityAfter"] == str(MAX_POINTS)
