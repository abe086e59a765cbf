"""Points keep the price of the day they were earned for as long as the terms say; mixed points are priced in proportion."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.engine.old_prices import OldPrices, RewardCharge, protects_lower_prices
from app.domain.ledger.lots import Draw, Lot
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit
from tests.builders import a_clause, some_terms

WINTER, SPRING, SUMMER = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7))


def version(number: int, start: datetime, *, cost: int, days: int = 180, unit: Unit = Unit.POINTS) -> Terms:
    """Terms with a coffee at this price."""
    coffee = RewardCost("coffee", cost, unit=unit)
    terms = some_terms(a_clause(), ("coffee", (), coffee), ("old", (), OldPriceProtection(days)), version=number)
    return replace(terms, effective_from=start)


def lot(name: str, points: int, earned: datetime) -> Lot:
    """Points that never expire."""
    return Lot(name, points, points, earned, earned, None, name)


def charge(lots: list[Lot], *versions: Terms, at: datetime = SUMMER) -> RewardCharge | None:
    """The price of a coffee at a moment."""
    return OldPrices(terms=versions[-1], earlier_terms=tuple(versions[:-1]), lots=tuple(lots), at=at).charge("coffee")


CHEAP, DEAR = version(1, WINTER, cost=80), version(2, SPRING, cost=100)


def test_points_from_before_a_rise_pay_the_old_price() -> None:
    assert charge([lot("a", 90, WINTER)], CHEAP, DEAR) == RewardCharge(80, (Draw("a", 80),), 0)


def test_points_from_after_a_rise_pay_the_new_price() -> None:
    assert charge([lot("a", 90, SPRING)], CHEAP, DEAR) is None


def test_mixed_points_are_priced_in_proportion_cheapest_first() -> None:
    # 40 of 80 pay half of the coffee; the other half costs 50 of 100.
    lots = [lot("new", 60, SPRING), lot("old", 40, WINTER)]
    assert charge(lots, CHEAP, DEAR) == RewardCharge(90, (Draw("old", 40), Draw("new", 50)), 0)


def test_missing_points_are_counted_at_the_current_price() -> None:
    assert charge([lot("old", 40, WINTER), lot("new", 10, SPRING)], CHEAP, DEAR) == RewardCharge(90, (), 40)


def test_old_price_ends_with_its_last_day() -> None:
    short = version(2, SPRING, cost=100, days=30)
    old = [lot("a", 90, WINTER)]
    # Thirty local days after 1 April end with 1 May in London, an hour ahead of UTC.
    assert charge(old, CHEAP, short, at=datetime(2026, 5, 1, 22, 59, 59, tzinfo=UTC)) is not None
    assert charge(old, CHEAP, short, at=datetime(2026, 5, 1, 23, 0, tzinfo=UTC)) is None


def test_price_in_stamps_is_no_price_in_points() -> None:
    stamps = version(1, WINTER, cost=3, unit=Unit.STAMPS)
    assert not protects_lower_prices(DEAR, earlier_terms=(stamps,))
    assert not protects_lower_prices(replace(stamps, version=2), earlier_terms=(version(1, WINTER, cost=2),))
    assert charge([lot("a", 90, WINTER)], stamps, DEAR) is None
    between = version(2, SPRING, cost=3, unit=Unit.STAMPS)
    later = version(3, SUMMER, cost=100, days=30)
    assert charge([lot("a", 90, WINTER)], CHEAP, between, later) == RewardCharge(80, (Draw("a", 80),), 0)


def test_without_the_clause_all_points_pay_the_new_price() -> None:
    assert charge([lot("a", 90, WINTER)], CHEAP, version(2, SPRING, cost=100, days=0)) is None


def test_period_of_the_old_price_starts_with_the_first_rise() -> None:
    middle, now = version(2, SPRING, cost=100, days=60), version(3, SUMMER, cost=120, days=60)
    first, second = lot("a", 200, WINTER), lot("b", 200, SPRING)
    assert charge([first], CHEAP, middle, now, at=SUMMER) is None, "80 ended 60 days after 1 April"
    assert charge([second], CHEAP, middle, now, at=SUMMER) == RewardCharge(100, (Draw("b", 100),), 0)


@given(
    lots=st.lists(st.tuples(st.integers(1, 120), st.booleans()), max_size=6),
    prices=st.tuples(st.integers(1, 100), st.integers(1, 100)),
)
def test_price_never_exceeds_the_current_one_and_draws_add_up(
    lots: list[tuple[int, bool]], prices: tuple[int, int]
) -> None:
    cheap, dear = sorted(prices)
    own = [lot(str(number), points, WINTER if old else SPRING) for number, (points, old) in enumerate(lots)]
    found = charge(own, version(1, WINTER, cost=cheap), version(2, SPRING, cost=dear))
    if found is None:
        return
    assert cheap - 1 <= found.cost <= dear
    held = sum(lot.points for lot in own)
    if found.missing:
        assert found.draws == ()
        assert found.cost == held + found.missing
    else:
        assert sum(draw.points for draw in found.draws) == found.cost <= held
