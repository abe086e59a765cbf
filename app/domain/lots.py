"""Lots: points earned together, with their dates, and the order in which they are spent."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.domain.calendar import add_months, local_date


class LotsError(ValueError):
    """More points were to be taken than the lots hold."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Points of one earning. `valid_until` is the last local day they are promised for; None: for ever."""

    id: str
    points: int
    remaining: int
    earned_at: datetime
    available_from: datetime
    valid_until: date | None
    entry_id: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Points taken from one lot."""

    lot_id: str
    points: int


def consumption_order(lots: Iterable[Lot]) -> tuple[Lot, ...]:
    """Earliest last day first, those without one last; then by the time earned, then by id."""
    return tuple(sorted(lots, key=lambda lot: (lot.valid_until or date.max, lot.earned_at, lot.id)))


def take(lots: Iterable[Lot], *, points: int, first: Collection[str] = ()) -> tuple[Draw, ...]:
    """Points taken in consumption order, from the lots named in `first` before any other. Raises LotsError."""
    ordered = consumption_order(lots)
    ordered = (*(lot for lot in ordered if lot.id in first), *(lot for lot in ordered if lot.id not in first))
    draws = []
    missing = points
    for lot in ordered:
        taken = min(missing, lot.remaining)
        if taken > 0:
            draws.append(Draw(lot_id=lot.id, points=taken))
            missing -= taken
        if missing == 0:
            return tuple(draws)
    if missing:
        raise LotsError(f"{missing} of {points} points are in no lot")
    return tuple(draws)


def last_valid_day(*, earned_at: datetime, zone_name: str, months: int | None) -> date | None:
    """The last local day that the points are promised for: the same day some months later, or the month's last."""
    if months is None:
        return None
    return add_months(local_date(earned_at, zone_name=zone_name), months=months)
