"""Days follow the location of a purchase, longer periods the program zone. On both databases."""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.api.test_budgets_and_nth_items import publish
from tests.api.test_locations import clause, create_location
from tests.api.test_refunded_goods_stop_counting import sums_by_receipt
from tests.shop import Shop, create_program, open_shop
from tests.verification import discrepancies_in

SPEND = clause("spend", {"pointsPerAmount": {"points": 1, "per": "1.00"}})


def earned(shop: Shop, card: str, at: str, place: str) -> list[int]:
    """Points, and stamps if any, of a purchase for 100.00 at a location."""
    payload = shop.buy(card, "100.00", occurredAt=at, locationId=place)
    return [amount["points"] for amount in payload["decision"]["points"]]


def test_year_follows_the_program_zone(database_url: str) -> None:
    berlin = create_program(database_url, template="blank", zone="Europe/Berlin")
    with open_shop(database_url, program=berlin) as shop:
        place = create_location(shop, "tokyo", "Ginza", "Asia/Tokyo")["location"]["id"]
        cap = clause("cap", {"pointsCap": {"points": 100, "scope": "YEAR"}})
        tier = clause("silver", {"tier": {"tier": "silver", "name": "Silver", "points": 1000}})
        year = clause("period", {"tierPeriod": {"period": "CALENDAR_YEAR", "graceDays": 0}})
        publish(shop, SPEND, cap, tier, year, effectiveFrom="2020-01-01T00:00:00Z")
        card = shop.enrol()
        assert earned(shop, card, "2025-12-31T12:00:00Z", place) == [100]
        assert earned(shop, card, "2025-12-31T16:00:00Z", place) == [0], "it is still the old year in Berlin"
        query = "query($by: CustomerBy!) { customer(by: $by) { wallet { balances { qualifying } } } }"
        balances = shop.execute(query, by={"card": card})["customer"]["wallet"]["balances"]
        assert balances[0]["qualifying"] == 0, "nothing of the new year"
        assert earned(shop, card, "2025-12-31T23:30:00Z", place) == [100]
        assert discrepancies_in(database_url) == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_year_follows_the_program_zone_in_any_order_of_arrival(database_url: str, order: tuple[int, ...]) -> None:
    berlin = create_program(database_url, template="blank", zone="Europe/Berlin")
    with open_shop(database_url, program=berlin) as shop:
        place = create_location(shop, "tokyo", "Ginza", "Asia/Tokyo")["location"]["id"]
        cap = clause("cap", {"pointsCap": {"points": 100, "scope": "YEAR"}})
        publish(shop, SPEND, cap, effectiveFrom="2020-01-01T00:00:00Z")
        card = shop.enrol()
        moments = ("2025-12-31T12:00:00Z", "2025-12-31T16:00:00Z", "2025-12-31T23:30:00Z")
        for number in order:
            payload = shop.buy(card, "100.00", receipt=str(number), occurredAt=moments[number], locationId=place)
            assert payload["userErrors"] == []
        assert sums_by_receipt(shop, card) == {"0": 100, "1": 0, "2": 100}
        assert discrepancies_in(database_url) == []


def test_day_follows_the_location_zone(database_url: str) -> None:
    new_york = create_program(database_url, template="blank", zone="America/New_York")
    with open_shop(database_url, program=new_york) as shop:
        place = create_location(shop, "la", "Sunset", "America/Los_Angeles")["location"]["id"]
        once = {"timesPerPeriod": {"times": 1, "period": "DAY"}}
        publish(shop, clause("stamp", {"stamps": {"stamps": 1}}, once), effectiveFrom="2020-01-01T00:00:00Z")
        card = shop.enrol()
        # Monday 20:00 and 21:30, then Tuesday 12:00, all Pacific.
        moments = ("2026-03-03T04:00:00Z", "2026-03-03T05:30:00Z", "2026-03-03T20:00:00Z")
        assert [earned(shop, card, at, place)[-1] for at in moments] == [1, 0, 1]
        assert discrepancies_in(database_url) == []
