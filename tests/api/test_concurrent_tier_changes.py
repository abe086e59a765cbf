"""Concurrent purchases of which one reaches a tier: the next one is decided at that tier, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.domain.access import Role
from tests.api.test_tiers import PUBLISH, REWARD, clauses
from tests.shop import Shop, open_shop
from tests.verification import discrepancies_in


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """A shop where points are doubled from 500 on."""
    with open_shop(database_url, template="blank") as opened:
        mug = {"idempotencyKey": "mug", "key": "mug", "name": "Mug", "description": "A mug."}
        opened.execute(REWARD, role=Role.OWNER, input=mug)
        input = {"idempotencyKey": "t", "clauses": clauses(), "effectiveFrom": "2020-01-01T00:00:00Z"}
        assert opened.execute(PUBLISH, role=Role.OWNER, input=input)["publishTerms"]["userErrors"] == []
        yield opened


def test_purchase_waiting_for_the_account_sees_the_tier_reached_meanwhile(shop: Shop) -> None:
    for _ in range(8):
        card = shop.enrol()
        shop.buy(card, "450.00")
        calls = [lambda card=card: shop.buy(card, "60.00") for _ in range(6)]
        earned = sorted(value["decision"]["points"][0]["points"] for value in shop.in_parallel(calls))
        # One reaches gold and is judged at silver: 60 + 5. All that come after it: 120 + 5. Late ones are judged anew.
        assert earned[-1] == 125
        assert shop.available(card) == 450 + 65 + 5 * 125
    assert discrepancies_in(shop.url) == []
