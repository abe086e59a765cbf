"""Liability by age, and breakage learnt from closed months, with numbers that can be checked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from app.domain.ledger.entries import EntryType
from app.domain.ledger.liability import Flow, closed_months, liability_of

YEAR = 12


def month(earned: int, *, redeemed: dict[int, int], expired: int = 0, at: int = 12, left: int = 0) -> list[Flow]:
    """A month in which so much was earned: redeemed by age, expired at an age, and what is left."""
    total = sum(redeemed.values()) + expired + left
    flows = [Flow(EntryType.EARN, earned, earned, 4, False, total)]
    flows += [Flow(EntryType.REDEEM, earned, earned + age, 4, False, -points) for age, points in redeemed.items()]
    return [*flows, Flow(EntryType.EXPIRE, earned, earned + at, 4, False, -expired)] if expired else flows


def closed(count: int) -> list[Flow]:
    """Closed months: of 100 points 40 are redeemed at once, 30 after four months, 10 after seven, 20 expire after
    twelve."""
    return [flow for place in range(count) for flow in month(place, redeemed={0: 40, 4: 30, 7: 10}, expired=20)]


def outstanding(*points: int, waits: bool = False) -> list[Flow]:
    """Points earned lately, by band of age."""
    now = 30 * YEAR
    return [Flow(EntryType.EARN, now, now, band, waits, each) for band, each in enumerate(points) if each]


def test_breakage_multiplies_points_by_the_expired_share_of_their_age() -> None:
    report = liability_of([*closed(12), *outstanding(1000, 600, 0, 0)], unit="points", held=100, customer_debt=7)
    assert [band.breakage_share for band in report.bands] == [
        Fraction(20, 100),
        Fraction(20, 60),
        Fraction(20, 30),
        Fraction(1),
        None,
    ]
    assert [band.points for band in report.bands] == [1000, 600, 0, 0, 0]
    assert report.expected_breakage == 200 + 200
    assert (report.outstanding, report.available, report.held, report.customer_debt, report.cohort_count) == (
        1600,
        1500,
        100,
        7,
        12,
    )


def test_breakage_needs_a_year_of_closed_months() -> None:
    report = liability_of([*closed(11), *outstanding(1000)], unit="points", held=0, customer_debt=0)
    assert (report.expected_breakage, report.cohort_count) == (None, 11)
    assert {band.breakage_share for band in report.bands} == {None}
    assert liability_of([], unit="points", held=0, customer_debt=0).expected_breakage == 0, "of nothing nothing breaks"


def test_one_unknown_age_band_makes_breakage_unknown() -> None:
    report = liability_of([*closed(12), *outstanding(1000, 0, 0, 0, 5)], unit="points", held=0, customer_debt=0)
    assert report.expected_breakage is None
    assert report.bands[0].breakage_share == Fraction(20, 100)


def test_month_is_closed_by_time_alone() -> None:
    # The second month has points left: the third is used up, and still it is not looked at.
    flows = [
        *month(0, redeemed={0: 50}, expired=50),
        *month(1, redeemed={0: 50}, left=50),
        *month(2, redeemed={0: 100}),
    ]
    assert closed_months(flows) == {0}


@pytest.mark.parametrize(("left", "is_closed"), [(0, True), (1, True), (2, False)])
def test_month_with_a_hundredth_left_is_closed(left: int, is_closed: bool) -> None:
    assert (closed_months(month(0, redeemed={0: 100 - left}, left=left)) == {0}) is is_closed


def test_breakage_uses_the_latest_two_years_of_closed_months() -> None:
    old = [flow for place in range(12) for flow in month(place, redeemed={}, expired=100)]
    late = [flow for place in range(12, 36) for flow in month(place, redeemed={0: 100})]
    report = liability_of([*old, *late, *outstanding(10)], unit="points", held=0, customer_debt=0)
    assert (report.cohort_count, report.expected_breakage) == (24, 0)


def test_undone_redemptions_and_clawbacks_are_no_redemptions() -> None:
    flows = closed(12)
    for place in range(12):
        flows += [
            Flow(EntryType.REDEEM, place, place + 1, 4, False, -10),
            Flow(EntryType.REVERSAL, place, place + 1, 4, False, 10),
            Flow(EntryType.EARN, place, place, 4, False, 30),
            Flow(EntryType.CLAWBACK, place, place + 1, 4, False, -30),
        ]
    report = liability_of([*flows, *outstanding(1000)], unit="points", held=0, customer_debt=0)
    assert report.expected_breakage == 200


def test_pending_points_have_an_age_too() -> None:
    report = liability_of([*outstanding(30), *outstanding(12, waits=True)], unit="points", held=5, customer_debt=0)
    assert (report.pending, report.available, report.held, report.outstanding) == (12, 25, 5, 42)
    assert report.bands[0].points == 42
