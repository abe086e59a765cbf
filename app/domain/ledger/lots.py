"""Lots: points earned together, with their dates, and the order in which they are spent.

A redemption reads every lot that a customer has: as named tuples they cost a third of frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.domain.calendar import add_months, local_date


class ValidityEnd(StrEnum):
    """When a validity ends: with its last day, or with the calendar period that contains it."""

    DAY = "DAY"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


_MONTHS = {ValidityEnd.MONTH: 1, ValidityEnd.QUARTER: 3, ValidityEnd.YEAR: 12}


class LotsError(ValueError):
    """More points were requested than the lots hold."""


class Lot(NamedTuple):
    """Points or stamps of one event. A lot of points has the id of its event, a lot of stamps an id derived from it.

    `points` may change when events are recorded late. `remaining` includes `held` points. `promised_last_day` is the
    last local day in `zone` on which the lot is valid, by the terms of `terms_version`; None if it never expires. Activity
    may extend it to a later day, the current last day. `entry_id` is the ledger entry that opened the lot.
    """

    id: str
    points: int
    remaining: int
    earned_at: datetime
    available_from: datetime
    promised_last_day: date | None
    entry_id: str = ""
    held: int = 0
    terms_version: int = 1
    zone: str = "UTC"

    @property
    def free(self) -> int:
        """Points that are not held."""
        return self.remaining - self.held


class Draw(NamedTuple):
    """Points taken from one lot; negative if they are put into it."""

    lot_id: str
    points: int


def promised_last_day(lot: Lot) -> date | None:
    """The last day of a lot, without what activity adds to it; None if it never expires."""
    return lot.promised_last_day


LastDayOf = Callable[[Lot], date | None]
"""A function that returns the last day of a lot, the promised or the current one; None if the lot never expires."""


def consumption_order(lots: Iterable[Lot], *, last_day_of: LastDayOf = promised_last_day) -> tuple[Lot, ...]:
    """Earliest expiry first, those that never expire last; then by the time earned, then by id."""
    return tuple(sorted(lots, key=lambda lot: (last_day_of(lot) or date.max, lot.earned_at, lot.id)))


def draw_points(
    lots: Iterable[Lot],
    *,
    points: int,
    preferred_lots: Collection[str] = (),
    last_day_of: LastDayOf = promised_last_day,
) -> tuple[Draw, ...]:
    """Draw points in consumption order, from the lots with the ids `preferred_lots` before others.

    Raises LotsError if the lots have too few free points.
    """
    ordered = consumption_order(lots, last_day_of=last_day_of)
    ordered = (
        *(lot for lot in ordered if lot.id in preferred_lots),
        *(lot for lot in ordered if lot.id not in preferred_lots),
    )
    draws = []
    missing = points
    for lot in ordered:
        taken = min(missing, lot.free)
        if taken > 0:
            draws.append(Draw(lot_id=lot.id, points=taken))
            missing -= taken
        if missing == 0:
            return tuple(draws)
    if missing:
        raise LotsError(f"{missing} of {points} points are in no lot")
    return tuple(draws)


def last_day_of_validity(
    *,
    since: datetime,
    zone_name: str,
    months: int | None = None,
    days: int | None = None,
    ends_with: ValidityEnd = ValidityEnd.DAY,
) -> date | None:
    """The last local day of points that are valid for a number of months or days from the local day of `since`.

    Months lead to the same day of a later month, or to its last day if it is shorter; `ends_with` then moves the day to
    the end of its month, quarter or year. None without months and days: the points never expire.
    """
    first = local_date(since, zone_name=zone_name)
    if days is not None:
        return _end_of_period(first + timedelta(days=days), ends_with=ends_with)
    return None if months is None else _end_of_period(add_months(first, months=months), ends_with=ends_with)


def _end_of_period(day: date, *, ends_with: ValidityEnd) -> date:
    """The last day of the calendar period that holds the day."""
    if ends_with is ValidityEnd.DAY:
        return day
    length = _MONTHS[ends_with]
    last_month = day.replace(month=-(-day.month // length) * length, day=1)
    return add_months(last_month, months=1) - timedelta(days=1)
