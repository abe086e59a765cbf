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
"""Dates outside are typing errors, and would overflow where a zone is applied."""

_DAY = timedelta(days=1)
_LOOK_AHEAD = 22
"""Days to look for the next opening: a weekly window may be skipped by the clocks once, hardly twice in a row."""


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
"""The week in order; the place is what `date.weekday` gives."""


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not an IANA time zone") from error


def local(at: datetime, *, zone_name: str) -> datetime:
    """The wall-clock reading of an instant."""
    return at.astimezone(zone(zone_name))


def local_date(at: datetime, *, zone_name: str) -> date:
    """The local day of an instant."""
    return at.astimezone(zone(zone_name)).date()


@lru_cache(maxsize=4096)
def day_start(day: date, *, zone_name: str) -> datetime:
    """The first instant of a local day, in UTC; where 00:00 is skipped, the moment the clocks jump to."""
    return _instant(datetime.combine(day, time.min), zone_name=zone_name)


def in_zone(wall: datetime, *, zone_name: str) -> datetime:
    """The first instant at which the wall clock of a zone shows `wall` or, where it skips it, jumps past it; in UTC."""
    return _instant(wall, zone_name=zone_name)


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of the instants that are not None; None if there are none."""
    return min((moment for moment in moments if moment is not None), default=None)


def latest(first: datetime, *others: datetime | None) -> datetime:
    """The last of the instants that are not None."""
    return max([first, *(moment for moment in others if moment is not None)])


def add_months(day: date, *, months: int) -> date:
    """The same day some months later, or the last day of a shorter month. Raises OverflowError past the year 9999."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError("beyond the calendar")
    return date(year, month, min(day.day, gregorian.monthrange(year, month)[1]))


def birthday_in(year: int, *, birthday: date) -> date:
    """The birthday in a year of somebody born on a date; 28 February for 29 February in years that have none."""
    if (birthday.month, birthday.day) == (2, 29) and not gregorian.isleap(year):
        return date(year, 2, 28)
    return birthday.replace(year=year)


def period_start(at: datetime, *, zone_name: str, period: Period) -> datetime | None:
    """The first instant of the period that holds `at`, in UTC; None for EVER."""
    first = _first_day(local_date(at, zone_name=zone_name), period=period)
    return None if first is None else day_start(first, zone_name=zone_name)


def next_period(at: datetime, *, zone_name: str, period: Period) -> datetime | None:
    """The first instant of the period after the one that holds `at`, in UTC; None for EVER."""
    first = _first_day(local_date(at, zone_name=zone_name), period=period)
    if first is None:
        return None
    if period is Period.DAY or period is Period.WEEK:
        following = first + timedelta(days=1 if period is Period.DAY else 7)
    else:
        following = add_months(first, months=1 if period is Period.MONTH else 12)
    return day_start(following, zone_name=zone_name)


def _first_day(day: date, *, period: Period) -> date | None:
    if period is Period.DAY:
        return day
    if period is Period.WEEK:
        return day - timedelta(days=day.weekday())
    if period is Period.MONTH:
        return day.replace(day=1)
    return day.replace(month=1, day=1) if period is Period.YEAR else None


def _instant(wall: datetime, *, zone_name: str) -> datetime:
    """The first instant at which the wall clock shows `wall` or, where it skips it, jumps past it; in UTC."""
    local_zone = zone(zone_name)
    at = wall.replace(tzinfo=local_zone, fold=0).astimezone(UTC)
    if at.astimezone(local_zone).replace(tzinfo=None) == wall:
        return at
    # The reading is skipped: fold=0 reads it with the offset from before the gap, fold=1 with the one after it, so the
    # jump lies between the two.
    low = wall.replace(tzinfo=local_zone, fold=1).astimezone(UTC)
    high = at
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(local_zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def in_window(at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None) -> bool:
    """Whether an instant lies in a weekly window `[start, end)` of the wall clock.

    A window that ends at or before its start runs over midnight and belongs to the day on which it starts. Both passes
    of an hour that is repeated in autumn are inside.
    """
    wall = local(at, zone_name=zone_name)
    opens, closes = start or time.min, end
    clock = wall.time()
    today = WEEK[wall.weekday()] in days
    if closes is None:
        return today and clock >= opens
    if opens < closes:
        return today and opens <= clock < closes
    yesterday = WEEK[(wall.weekday() - 1) % 7] in days
    return (today and clock >= opens) or (yesterday and clock < closes)


def next_opening(
    at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> datetime | None:
    """The first instant at or after `at` inside the window, in UTC; None when there is none within some weeks."""
    if in_window(at, zone_name=zone_name, days=days, start=start, end=end):
        return at.astimezone(UTC)
    first = local_date(at, zone_name=zone_name)
    for later in range(_LOOK_AHEAD):
        try:
            openings = _window_openings(first + later * _DAY, zone_name=zone_name, days=days, start=start, end=end)
        except OverflowError:
            return None
        for opening in openings:
            if opening >= at:
                return opening
    return None


def opens_on(day: date, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None) -> bool:
    """Whether a window opens on a local day; one that the clocks skip does not exist on it."""
    return bool(_window_openings(day, zone_name=zone_name, days=days, start=start, end=end))


@lru_cache(maxsize=4096)
def _window_openings(
    day: date, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> tuple[datetime, ...]:
    """When a window opens on a day, in order; one that the clocks skip does not exist on it."""
    return tuple(
        opening
        for opening in _instants_showing(day, zone_name=zone_name, start=start or time.min)
        if in_window(opening, zone_name=zone_name, days=days, start=start, end=end)
    )


def next_closing(
    at: datetime, *, zone_name: str, days: frozenset[Weekday], start: time | None, end: time | None
) -> datetime | None:
    """The first instant at or after `at` outside the window, in UTC; None when it never closes."""
    if not in_window(at, zone_name=zone_name, days=days, start=start, end=end):
        return at.astimezone(UTC)
    # A window closes when its last hour has come, or at the end of a day, or when the clocks jump.
    candidates = sorted(
        moment
        for clock in {time.min, end or time.min}
        for moment in _next_instants_showing(at, zone_name=zone_name, start=clock)
        if moment >= at
    )
    for moment in candidates:
        if not in_window(moment, zone_name=zone_name, days=days, start=start, end=end):
            return moment
    return None


def _next_instants_showing(at: datetime, *, zone_name: str, start: time) -> Iterator[datetime]:
    """The instants of some weeks from the day of `at` on at which the clock shows `start`, in order."""
    first = local_date(at, zone_name=zone_name)
    for later in range(_LOOK_AHEAD):
        try:
            day = first + later * _DAY
            yield from _instants_showing(day, zone_name=zone_name, start=start)
        except OverflowError:
            return


@lru_cache(maxsize=4096)
def _instants_showing(day: date, *, zone_name: str, start: time) -> tuple[datetime, ...]:
    """The instants at which the clock of a day shows `start`: once, or twice with the change itself where it is set back."""
    local_zone = zone(zone_name)
    wall = datetime.combine(day, start)
    instants = {_instant(wall, zone_name=zone_name)}
    midnight = datetime.combine(day, time.min, local_zone)
    tomorrow = datetime.combine(day + _DAY, time.min, local_zone)
    if midnight.utcoffset() != tomorrow.utcoffset():
        instants.add(wall.replace(tzinfo=local_zone, fold=1).astimezone(UTC))
        instants.add(_offset_change(midnight.astimezone(UTC), tomorrow.astimezone(UTC), local_zone=local_zone))
    return tuple(sorted(instants))


def _offset_change(low: datetime, high: datetime, *, local_zone: ZoneInfo) -> datetime:
    """The first instant, to the second, after `low` with the offset of `high`; both in UTC."""
    after = high.astimezone(local_zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) // 2).replace(microsecond=0)
        if middle <= low:
            break
        if middle.astimezone(local_zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high
