"""The lots that facts bring: of points with the dates that the terms give them, and of stamps."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from app.domain.calendar import day_start, local_date
from app.domain.ledger.lots import Lot
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.version import Terms
from app.domain.units import Unit


def new_lot(id: str, points: int, *, at: datetime, terms: Terms, pending: bool) -> Lot:
    """The lot of points that came at a moment, with the dates that the terms give it by the calendar of the program.

    `waits`: whether a pending period counts.
    """
    validity, zone = terms.policy(PointsValidity), terms.zone
    available_from = at
    if pending and terms.has(PendingPeriod):
        day = local_date(at, zone_name=zone) + timedelta(days=terms.policy(PendingPeriod).days + 1)
        available_from = day_start(day, zone_name=zone)
    since = at if validity.since is ValidityStart.EARNING else available_from
    return Lot(
        id=id,
        points=points,
        remaining=points,
        earned_at=at,
        available_from=available_from,
        valid_until=validity.last_day(since=since, zone_name=zone),
        terms_version=terms.version,
        zone=zone,
    )


def stamp_lot(fact_id: str) -> str:
    """The id of the lot of stamps that a fact brought: the fact's own is that of its points."""
    return str(uuid5(UUID(fact_id), Unit.STAMPS))


def new_stamps(fact_id: str, stamps: int, *, at: datetime, terms: Terms) -> Lot:
    """The lot of stamps that came at a moment: they can be spent at once, and do not expire."""
    return Lot(
        id=stamp_lot(fact_id),
        points=stamps,
        remaining=stamps,
        earned_at=at,
        available_from=at,
        valid_until=None,
        terms_version=terms.version,
        zone=terms.zone,
    )
