"""Local days, months and weekly windows in IANA zones.

Instants are aware datetimes; what is returned as an instant is in UTC.
"""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""The years of valid dates. A date in another year was mistyped, and would overflow where a zone is applied."""

_DAY = timedelta(days=1)
_LOOK_AHEAD_DAYS = 22
"""Days in which the next opening is searched: the clocks may skip a weekly window once, hardly twice in a row."""


class Weekday(StrEnum):
    """Days of the week, Monday first."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class Period(StrEnum):
    """Periods of the local calendar; a week starts on Monday."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"
    EVER = "EVER"


WEEK: tuple[Weekday, ...] = tuple(Weekday)
"""The days of the week in order: `WEEK[day.weekday()]` is the weekday of a date."""


@lru_cache(maxsize=1024)
def zone_info(name: str) -> ZoneInfo:
    """The time zone with an IANA name. Raises ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone") from error


def local_datetime(at: datetime, *, zone_name: str) -> datetime:
    """An instant as the wall clock of a zone shows it."""
    return at.astimezone(zone_info(zone_name))


def local_date(at: datetime, *, zone_name: str) -> date:
    """The day of an instant, by the wall clock of a zone."""
    return at.astimezone(zone_info(zone_name)).date()


@lru_cache(maxsize=4096)
def day_start(day: date, *, zone_name: str) -> datetime:
    """The first instant of a local day, in UTC; where the clocks skip 00:00, the instant at which they jump."""
    return instant_of_wall_time(datetime.combine(day, time.min), zone_name=zone_name)


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of the instants that are not None; None if all are None."""
    return min((instant for instant in instants if instant is not None), default=None)


def latest(first: datetime, *others: datetime | None) -> datetime:
    """The last of the instants that are not None."""
    return max([first, *(instant for instant in others if instant is not None)])


def add_months(day: date, *, months: int) -> date:
    """The day some months later; in a shorter month, its last day. Raises OverflowError past the year 9999."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError("beyond the calendar")
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def birthday_in(year: int, *, birthday: date) -> date:
    """The birthday in `year` of somebody born on `birthday`; in a year without 29 February, 28 February stands for it."""
    if (birthday.month, birthday.day) == (2, 29) and not gregorian.isleap(year):
        return date(year, 2, 28)
    return birthday.replace(year=year)


def period_start(at: datetime, *, zone_name: str, period: Period) -> datetime | None:
    """The first instant of the period in which `at` lies, in UTC; None for EVER."""
    first_day = _first_day(local_date(at, zone_name=zone_name), period=period)
    return None if first_day is None else day_start(first_day, zone_name=zone_name)


def next_period_start(at: datetime, *, zone_name: str, period: Period) -> datetime | None:
    """The first instant of the period after that in which `at` lies, in UTC; None for EVER."""
    first_day = _first_day(local_date(at, zone_name=zone_name), period=period)
    if first_day is None:
        return None
    if period is Period.DAY or period is Period.WEEK:
        next_first_day = first_day + timedelta(days=1 if period is Period.DAY else 7)
    else:
        next_first_day = add_months(first_day, months=1 if period is Period.MONTH else 12)
    return day_start(next_first_day, zone_name=zone_name)


def _first_day(day: date, *, period: Period) -> date | None:
    if period is Period.DAY:
        return day
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    if period is Period.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if period is Period.YEAR else None


def instant_of_wall_time(wall_time: datetime, *, zone_name: str) -> datetime:
    """The first instant at which the wall clock of a zone shows `wall_time`, in UTC.

    If the clock skips this time, the instant at which it jumps past it.
    """
    local_zone = zone_info(zone_name)
    at = wall_time.replace(tzinfo=local_zone, fold=0).astimezone(UTC)
    if at.astimezone(local_zone).replace(tzinfo=None) == wall_time:
        return at
    # The clock skips this time: fold=0 takes it with the offset before the gap, fold=1 with the offset after the gap, so
    # the jump lies between the two instants.
    low = wall_time.replace(tzinfo=local_zone, fold=1).astimezone(UTC)
    high = at
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(local_zone).replace(tzinfo=None) < wall_time:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def in_window(at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None) -> bool:
    """Whether an instant lies in a weekly window, which opens at `start` on `days` and closes at `end` by the wall clock.

    The instant `end` itself is outside. `start` None: from midnight; `end` None: until midnight. A window that ends at
    or before its start runs over midnight and belongs to the day on which it starts. If the clock shows an hour twice,
    the window includes both.
    """
    wall_time = local_datetime(at, zone_name=zone_name)
    start, time_of_day = start or time.min, wall_time.time()
    opens_today = WEEK[wall_time.weekday()] in days
    if end is None:
        return opens_today and time_of_day >= start
    if start < end:
        return opens_today and start <= time_of_day < end
    opened_yesterday = WEEK[(wall_time.weekday() - 1) % 7] in days
    return (opens_today and time_of_day >= start) or (opened_yesterday and time_of_day < end)


def next_opening(
    at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> datetime | None:
    """The first instant at or after `at` inside a weekly window, in UTC; None if there is none within three weeks."""
    if in_window(at, zone_name=zone_name, days=days, start=start, end=end):
        return at.astimezone(UTC)
    first_day = local_date(at, zone_name=zone_name)
    for offset in range(_LOOK_AHEAD_DAYS):
        try:
            openings = _window_openings(first_day + offset * _DAY, zone_name=zone_name, days=days, start=start, end=end)
        except OverflowError:
            return None
        for opening in openings:
            if opening >= at:
                return opening
    return None


def opens_on(day: date, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None) -> bool:
    """Whether a weekly window opens on a local day; it does not on a day on which the clocks skip all of it."""
    return bool(_window_openings(day, zone_name=zone_name, days=days, start=start, end=end))


@lru_cache(maxsize=4096)
def _window_openings(
    day: date, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> tuple[datetime, ...]:
    """The instants at which a weekly window opens on a day, in order; none if the clocks skip all of it."""
    return tuple(
        opening
        for opening in _instants_showing(day, zone_name=zone_name, time_of_day=start or time.min)
        if in_window(opening, zone_name=zone_name, days=days, start=start, end=end)
    )


def next_closing(
    at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> datetime | None:
    """The first instant at or after `at` outside a weekly window, in UTC; None if it never closes."""
    if not in_window(at, zone_name=zone_name, days=days, start=start, end=end):
        return at.astimezone(UTC)
    # A window closes at its `end`, at the end of a day, or when the clocks jump.
    candidates = sorted(
        instant
        for time_of_day in {time.min, end or time.min}
        for instant in _next_instants_showing(at, zone_name=zone_name, time_of_day=time_of_day)
        if instant >= at
    )
    for instant in candidates:
        if not in_window(instant, zone_name=zone_name, days=days, start=start, end=end):
            return instant
    return None


def _next_instants_showing(at: datetime, *, zone_name: str, time_of_day: time) -> Iterator[datetime]:
    """The instants of `_instants_showing` for three weeks of days, from the local day of `at` on, in order."""
    first_day = local_date(at, zone_name=zone_name)
    for offset in range(_LOOK_AHEAD_DAYS):
        try:
            day = first_day + offset * _DAY
            yield from _instants_showing(day, zone_name=zone_name, time_of_day=time_of_day)
        except OverflowError:
            return


@lru_cache(maxsize=4096)
def _instants_showing(day: date, *, zone_name: str, time_of_day: time) -> tuple[datetime, ...]:
    """When the wall clock of a day shows `time_of_day`: one instant, or several in order on a day with a clock change.

    On such a day these are also the second instant at which the clock shows this time, if any, and the clock change
    itself.
    """
    local_zone = zone_info(zone_name)
    wall_time = datetime.combine(day, time_of_day)
    instants = {instant_of_wall_time(wall_time, zone_name=zone_name)}
    midnight = datetime.combine(day, time.min, local_zone)
    tomorrow = datetime.combine(day + _DAY, time.min, local_zone)
    if midnight.utcoffset() != tomorrow.utcoffset():
        instants.add(wall_time.replace(tzinfo=local_zone, fold=1).astimezone(UTC))
        instants.add(_clock_change(midnight.astimezone(UTC), tomorrow.astimezone(UTC), local_zone=local_zone))
    return tuple(sorted(instants))


def _clock_change(low: datetime, high: datetime, *, local_zone: ZoneInfo) -> datetime:
    """The first instant after `low`, exact to the second, that has the local offset of `high`; all three are in UTC."""
    new_offset = high.astimezone(local_zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) // 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(local_zone).utcoffset() == new_offset:
            high = middle
        else:
            low = middle
    return high
