"""New lots of points and stamps, with the dates that the terms set."""

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
    """A lot of points earned at an instant; its dates follow the program's calendar.

    `pending`: whether the pending period of the terms applies.
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
    """The id of an event's lot of stamps; the event's own id is that of its lot of points."""
    return str(uuid5(UUID(fact_id), Unit.STAMPS))


def new_stamps(fact_id: str, stamps: int, *, at: datetime, terms: Terms) -> Lot:
    """A lot of stamps: available at once, without expiry."""
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
