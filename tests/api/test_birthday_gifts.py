"""Birthday gifts: once for each birthday, by its calendar year. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.domain.access import Role
from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_customer_profiles import REWARD, enrolled, update
from tests.shop import Shop, open_shop, real_now
from tests.transfers import error_codes, merge
from tests.verification import discrepancies_in

WEEK = {"birthdayWindow": {"before": 7, "after": 7}}
GIFT = {"key": "gift", "conditions": [WEEK], "effect": {"bonusPoints": {"points": 50}}}
STAMP = {"key": "stamp", "conditions": [WEEK], "effect": {"stamps": {"stamps": 2}}}
SPEND = {"key": "spend", "effect": {"pointsPerAmount": {"points": 1, "per": "1.00"}}}
COFFEE = {"key": "coffee", "conditions": [WEEK], "effect": {"rewardCost": {"reward": "coffee", "points": 1}}}


@pytest.fixture
def shop(database_url: str) -> Iterator[Shop]:
    """Fifty points, two stamps and a coffee in the week of a birthday; the ledger is verified at the end."""
    with open_shop(database_url, template="blank") as opened:
        input = {"idempotencyKey": "coffee", "key": "coffee", "name": "Coffee", "description": "A cup."}
        assert error_codes(opened.execute(REWARD, role=Role.OWNER, input=input)["createReward"]) == []
        publish(opened, SPEND, GIFT, STAMP, COFFEE, effectiveFrom="2020-01-01T00:00:00Z")
        yield opened
        assert discrepancies_in(database_url) == []


def bought(shop: Shop, card: str, at: str, **more: Any) -> list[int]:
    """Points and stamps of a purchase for a pound."""
    payload = shop.buy(card, "1.00", occurredAt=f"{at}T10:00:00Z", **more)
    return [point["points"] for point in payload["decision"]["points"]]


def test_birthday_gift_without_a_limit_is_given_once(shop: Shop) -> None:
    card = enrolled(shop, birthday="1990-05-10")
    assert bought(shop, card, "2024-05-03") == [51, 2]
    assert [bought(shop, card, f"2024-05-{day:02}") for day in (4, 10, 11, 17)] == [[1, 0]] * 4
    assert bought(shop, card, "2025-05-10") == [51, 2]


def test_edited_birthday_does_not_free_a_used_year(shop: Shop) -> None:
    card = enrolled(shop, birthday="1990-05-10")
    assert bought(shop, card, "2024-05-10") == [51, 2]
    for birthday, day in (("1991-06-15", "2024-06-15"), ("1989-12-30", "2024-12-30")):
        update(shop, card, birthday=None)
        assert error_codes(update(shop, card, birthday=birthday)) == []
        assert bought(shop, card, day) == [1, 0]
    assert bought(shop, card, "2025-01-02") == [1, 0], "this is still the birthday of 30 December"
    assert bought(shop, card, "2025-12-29") == [51, 2]


def test_refunded_birthday_gift_is_given_again_to_a_late_purchase(shop: Shop) -> None:
    card = enrolled(shop, birthday="1990-05-10")
    assert bought(shop, card, "2024-05-10", receipt="R") == [51, 2]
    assert error_codes(shop.refund("R", occurredAt="2024-05-11T10:00:00Z")) == []
    assert bought(shop, card, "2024-05-12") == [51, 2]
    assert bought(shop, card, "2024-05-09") == [51, 2], "it comes first, and so that of the tenth had none"
    assert shop.available(card) == 51 + 1, "nor has the twelfth"


def test_merged_customer_brings_the_used_birthday_gift(shop: Shop) -> None:
    today = real_now().date()
    merged, survivor = (enrolled(shop, birthday=today.replace(year=1992).isoformat()) for _ in range(2))
    assert [point["points"] for point in shop.buy(merged, "1.00")["decision"]["points"]] == [51, 2]
    assert error_codes(merge(shop, merged, survivor)) == []
    assert [point["points"] for point in shop.buy(survivor, "1.00")["decision"]["points"]] == [1, 0]


def test_birthday_reward_is_redeemed_once(shop: Shop) -> None:
    card = enrolled(shop, birthday="1990-05-10")
    bought(shop, card, "2024-05-03")
    outcomes = []
    for day in (4, 5):
        payload = shop.redeem(card, "coffee", basket={"occurredAt": f"2024-05-{day:02}T10:00:00Z", "lines": []})
        outcomes.append((payload["decision"]["outcome"], [reason["code"] for reason in payload["decision"]["reasons"]]))
    assert outcomes == [("GRANTED", ["CONDITION_MET", "COST_PAID"]), ("REFUSED", ["USED_UP", "COST_PAID"])]
