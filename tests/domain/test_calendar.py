"""Local calendar: first instants of days, ends of months, hours that occur twice or not at all."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.calendar import WEEK, Weekday, add_months, day_start, in_window, local_date, next_opening, zone_info

ZONES = (
    "Europe/London",
    "Asia/Taipei",
    "Africa/Cairo",
    "America/Havana",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
EVERY_DAY = frozenset(WEEK)


def at(text: str) -> datetime:
    """An instant from ISO text."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 6, 15), 0, date(2026, 6, 15)),
    ],
)
def test_adding_months_keeps_the_day_or_uses_the_last_one(day: date, months: int, later: date) -> None:
    assert add_months(day, months=months) == later


def test_months_end_with_the_calendar() -> None:
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), months=1)


@pytest.mark.parametrize(
    ("day", "zone_name", "instant"),
    [
        (date(2026, 7, 1), "Europe/London", "2026-06-30T23:00:00+00:00"),
        (date(2026, 7, 1), "Asia/Taipei", "2026-06-30T16:00:00+00:00"),
        # At 00:00 the clocks went to 01:00: the day began with 01:00.
        (date(2018, 11, 4), "America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),
        (date(2024, 4, 26), "Africa/Cairo", "2024-04-25T22:00:00+00:00"),
        # At 01:00 they go back to 00:00: the day begins with the first of the two midnights.
        (date(2026, 11, 1), "America/Havana", "2026-11-01T04:00:00+00:00"),
        # Samoa left out 30 December 2011.
        (date(2011, 12, 31), "Pacific/Apia", "2011-12-30T10:00:00+00:00"),
    ],
)
def test_day_starts_with_its_first_instant(day: date, zone_name: str, instant: str) -> None:
    start = day_start(day, zone_name=zone_name)
    assert start == at(instant)
    assert start.utcoffset() == timedelta(0)


@given(day=st.dates(date(2015, 1, 1), date(2030, 12, 31)), zone_name=st.sampled_from(ZONES))
def test_instant_before_the_start_of_a_day_is_in_the_day_before(day: date, zone_name: str) -> None:
    start = day_start(day, zone_name=zone_name)
    assert local_date(start, zone_name=zone_name) == day
    assert local_date(start - timedelta(microseconds=1), zone_name=zone_name) == day - timedelta(days=1)


@pytest.mark.parametrize(
    "name", ["", "Nowhere", "Europe", "../etc/passwd", "/etc/passwd", "Europe/London\0", "x" * 300]
)
def test_unknown_zone_is_rejected(name: str) -> None:
    with pytest.raises(ValueError):
        zone_info(name)


@pytest.mark.parametrize(
    ("start", "end", "now", "opens"),
    [
        # In Berlin on 25 October 2026, 02:00 to 03:00 comes twice: 00:00 to 02:00 UTC.
        (time(2, 30), time(2, 45), "2026-10-25T00:00:00+00:00", "2026-10-25T00:30:00+00:00"),
        (time(2, 30), time(2, 45), "2026-10-25T00:50:00+00:00", "2026-10-25T01:30:00+00:00"),
        (time(1, 30), time(2, 15), "2026-10-25T00:20:00+00:00", "2026-10-25T01:00:00+00:00"),
        (time(2, 30), time(2, 45), "2026-10-25T01:50:00+00:00", "2026-10-26T01:30:00+00:00"),
        # On 29 March 2026, 02:00 to 03:00 does not come: a window within it is left out, a longer one opens at the jump.
        (time(2, 15), time(2, 45), "2026-03-28T12:00:00+00:00", "2026-03-30T00:15:00+00:00"),
        (time(2, 15), time(4, 0), "2026-03-28T12:00:00+00:00", "2026-03-29T01:00:00+00:00"),
    ],
)
def test_window_opens_at_the_next_matching_local_time(start: time, end: time, now: str, opens: str) -> None:
    found = next_opening(at(now), zone_name="Europe/Berlin", days=EVERY_DAY, start=start, end=end)
    assert found == at(opens)


@given(
    days=st.frozensets(st.sampled_from(WEEK), min_size=1),
    start=st.integers(0, 1439),
    length=st.integers(1, 1439),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    zone_name=st.sampled_from(ZONES),
    sooner=st.integers(0, 10**6),
)
def test_window_is_closed_until_it_opens(
    days: frozenset[Weekday], start: int, length: int, moment: datetime, zone_name: str, sooner: int
) -> None:
    begins, ends = time(*divmod(start, 60)), time(*divmod((start + length) % 1440, 60))
    now = moment.replace(tzinfo=UTC)
    opens = next_opening(now, zone_name=zone_name, days=days, start=begins, end=ends)
    assert opens is not None
    assert in_window(opens, zone_name=zone_name, days=days, start=begins, end=ends)
    between = now + (opens - now) * (sooner / 10**6)
    if between < opens:
        assert not in_window(between, zone_name=zone_name, days=days, start=begins, end=ends)
