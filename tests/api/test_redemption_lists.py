"""The redemptions of a customer, in pages, and the access keys behind purchases and redemptions; on both databases."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_access import customer_key
from tests.shop import BUY, REDEEM, Shop
from tests.transfers import join, merge

LIST = """query($by: CustomerBy!, $state: RedemptionState, $first: Int, $after: String, $last: Int, $before: String) {
  customer(by: $by) { redemptions(state: $state, first: $first, after: $after, last: $last, before: $before) {
    nodes { id state } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""
HOLD = """mutation($input: HoldRedemptionInput!) { holdRedemption(input: $input) {
  redemption { id state actor { key } } userErrors { code } } }"""
ACTORS = """query($by: CustomerBy!) { customer(by: $by) { redemptions { nodes { actor { key role label } } }
  ledger { nodes { purchase { actor { key role label } } redemption { actor { key } } } } } }"""


def redeem(shop: Shop, card: str) -> str:
    """Redeems a coffee; returns the redemption's id."""
    redemption_id: str = shop.redeem(card)["redemption"]["id"]
    return redemption_id


def hold(shop: Shop, card: str) -> str:
    """Holds a coffee; returns the redemption's id."""
    sent = {
        "idempotencyKey": uuid.uuid4().hex,
        "customer": {"card": card},
        "reward": {"key": "coffee"},
        "checkout": uuid.uuid4().hex,
        "minutes": 5,
    }
    redemption_id: str = shop.execute(HOLD, input=sent)["holdRedemption"]["redemption"]["id"]
    return redemption_id


def listed(shop: Shop, card: str, **arguments: Any) -> Any:
    """A page of the redemptions."""
    page = shop.execute(LIST, by={"card": card}, **arguments)["customer"]["redemptions"]
    assert [edge["node"]["id"] for edge in page["edges"]] == [node["id"] for node in page["nodes"]]
    return page


def ids(page: Any) -> list[str]:
    """The ids on a page."""
    return [node["id"] for node in page["nodes"]]


def test_redemptions_are_listed_newest_first_with_what_is_held(shop: Shop) -> None:
    card, other = shop.enrol(), shop.enrol()
    assert listed(shop, card)["nodes"] == []
    shop.buy(card, "500.00")
    shop.buy(other, "500.00")
    first, second, held, last = redeem(shop, card), redeem(shop, card), hold(shop, card), redeem(shop, card)
    redeem(shop, other)
    assert ids(listed(shop, card)) == [last, held, second, first]
    assert listed(shop, card, state="HELD")["nodes"] == [{"id": held, "state": "HELD"}]
    assert ids(listed(shop, card, state="FULFILLED")) == [last, second, first]
    assert listed(shop, card, state="EXPIRED")["nodes"] == []


def test_redemptions_are_read_in_pages_from_either_end(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "900.00")
    expected = [redeem(shop, card) for _ in range(5)][::-1]
    assert ids(listed(shop, card)) == expected
    forwards, after = [], None
    for more in (True, True, False):
        page = listed(shop, card, first=2, after=after)
        assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (more, after is not None)
        forwards += ids(page)
        after = page["pageInfo"]["endCursor"]
    assert forwards == expected
    backwards: list[str] = []
    before = None
    for more in (True, True, False):
        page = listed(shop, card, last=2, before=before)
        assert (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"]) == (more, before is not None)
        backwards = ids(page) + backwards
        before = page["pageInfo"]["startCursor"]
    assert backwards == expected
    middle = listed(shop, card)["edges"]
    assert ids(listed(shop, card, after=middle[0]["cursor"], before=middle[4]["cursor"])) == expected[1:4]


@pytest.mark.parametrize("arguments", [{"after": "djE6MQ"}, {"before": "x"}, {"first": 0}, {"first": 1, "last": 1}])
def test_wrong_page_of_redemptions_is_bad_input(shop: Shop, arguments: dict[str, Any]) -> None:
    answer = shop.send(LIST, by={"card": shop.enrol()}, **arguments).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


def test_redemptions_of_a_merged_customer_are_the_survivors_and_a_household_shares_none(shop: Shop) -> None:
    survivor, merged, member = shop.enrol(), shop.enrol(), shop.enrol()
    for card in (survivor, merged, member):
        shop.buy(card, "200.00")
    theirs, own, members = redeem(shop, merged), redeem(shop, survivor), redeem(shop, member)
    assert merge(shop, merged, survivor)["userErrors"] == []
    assert ids(listed(shop, survivor)) == ids(listed(shop, merged)) == [own, theirs]
    assert join(shop, member, survivor)["userErrors"] == []
    assert ids(listed(shop, member)) == [members]
    key = customer_key(shop.url, shop, member)
    page = shop.execute(LIST, key=key, by={"card": member})["customer"]["redemptions"]
    assert ids(page) == [members]
    assert shop.execute(LIST, key=key, by={"card": survivor})["customer"] is None


def test_owner_sees_the_key_behind_a_purchase_and_a_redemption(shop: Shop) -> None:
    card = shop.enrol()
    shop.buy(card, "500.00")
    redeem(shop, card)
    hold(shop, card)
    sold = {"externalId": uuid.uuid4().hex, "lines": [{"sku": "x", "quantity": "1", "unitPrice": "1.00"}]}
    shop.execute(BUY, role=Role.STAFF, input={"idempotencyKey": "s", "customer": {"card": card}, "purchase": sold})
    shop.execute(
        REDEEM,
        role=Role.OWNER,
        input={"idempotencyKey": "o", "customer": {"card": card}, "reward": {"key": "coffee"}},
    )
    seen = shop.execute(ACTORS, role=Role.OWNER, by={"card": card})["customer"]
    assert [node["actor"]["role"] for node in seen["redemptions"]["nodes"]] == ["OWNER", "TILL", "TILL"]
    assert all(
        node["actor"]["key"].replace("-", "") in shop.program.token(Role(node["actor"]["role"]))
        for node in seen["redemptions"]["nodes"]
    )
    purchases = [node["purchase"]["actor"]["role"] for node in seen["ledger"]["nodes"] if node["purchase"]]
    assert purchases == ["STAFF", "TILL"]
    for role in (Role.STAFF, Role.TILL):
        hidden = shop.execute(ACTORS, role=role, by={"card": card})["customer"]
        assert {str(node["actor"]) for node in hidden["redemptions"]["nodes"]} == {"None"}
        assert {str(node["purchase"]["actor"]) for node in hidden["ledger"]["nodes"] if node["purchase"]} == {"None"}
