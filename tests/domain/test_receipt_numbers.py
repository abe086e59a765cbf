"""The identity of receipts with one number: business days in local time, whatever the settings were meanwhile."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.purchases.receipt_numbers import (
    PROGRAM_WIDE,
    Numbering,
    ReceiptNumbers,
    ReceiptOrigin,
    ReceiptReference,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "Africa/Cairo",
)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "zone", "starts", "day"),
    [
        ("2026-03-01T22:50:00", "Europe/Berlin", "04:00", "2026-03-01"),
        ("2026-03-02T02:59:59", "Europe/Berlin", "04:00", "2026-03-01"),
        ("2026-03-02T03:00:00", "Europe/Berlin", "04:00", "2026-03-02"),
        ("2026-03-01T23:00:00", "Europe/Berlin", "00:00", "2026-03-02"),
        ("2026-03-01T23:00:00", "America/Los_Angeles", "00:00", "2026-03-01"),
        # Both passes of the hour that comes twice are before three o'clock, and the hour that is skipped is in no day.
        ("2026-10-25T00:30:00", "Europe/Berlin", "03:00", "2026-10-24"),
        ("2026-10-25T01:30:00", "Europe/Berlin", "03:00", "2026-10-24"),
        ("2026-10-25T02:00:00", "Europe/Berlin", "03:00", "2026-10-25"),
        ("2026-03-29T00:59:59", "Europe/Berlin", "02:30", "2026-03-28"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "02:30", "2026-03-29"),
    ],
)
def test_business_day_starts_at_local_time(instant: str, zone: str, starts: str, day: str) -> None:
    numbering = Numbering(ReceiptNumbers.PER_DAY, time.fromisoformat(starts))
    assert numbering.business_day(ReceiptOrigin(None, at(instant), zone)) == date.fromisoformat(day)


numberings = st.builds(
    Numbering,
    st.sampled_from(ReceiptNumbers),
    st.times().map(lambda starts: starts.replace(second=0, microsecond=0)),
)
spots = st.builds(
    ReceiptOrigin,
    st.sampled_from([None, "north", "south"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.sampled_from(ZONES),
)


@given(numberings, numberings, spots)
def test_repeated_receipt_is_recognised_under_any_setting(
    then: Numbering, now: Numbering, origin: ReceiptOrigin
) -> None:
    space = then.space(origin)
    locations, days = now.candidate_spaces(origin)
    assert space.location in locations
    assert space.day in days
    assert now.is_same_receipt(origin, recorded_origin=origin, space=space)


@given(numberings, spots, spots)
def test_receipts_are_the_same_exactly_if_their_numbers_share_a_scope(
    numbering: Numbering, origin: ReceiptOrigin, other: ReceiptOrigin
) -> None:
    shared = numbering.space(origin) == numbering.space(other)
    assert numbering.is_same_receipt(other, recorded_origin=origin, space=numbering.space(origin)) is shared


@given(spots, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_unique_numbers_ignore_location_and_day(origin: ReceiptOrigin, later: timedelta) -> None:
    unique = Numbering()
    assert unique.space(origin) == PROGRAM_WIDE
    assert unique.is_same_receipt(
        origin._replace(at=origin.at + later, location="elsewhere"), recorded_origin=origin, space=PROGRAM_WIDE
    )


@given(numberings, spots)
def test_complete_reference_finds_its_receipt(numbering: Numbering, origin: ReceiptOrigin) -> None:
    whole = ReceiptReference("1", origin.location, numbering.business_day(origin))
    assert numbering.matches(whole, origin=origin)
    assert numbering.matches(ReceiptReference("1"), origin=origin)
    assert not numbering.matches(
        ReceiptReference("1", day=numbering.business_day(origin) + timedelta(days=1)), origin=origin
    )
    assert numbering.is_unambiguous(ReceiptReference("1")) is (numbering.uniqueness is ReceiptNumbers.UNIQUE)
    assert numbering.is_unambiguous(ReceiptReference("1", "north", numbering.business_day(origin)))
