"""New lots of points and stamps, with the dates that the terms set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

from app.domain.calendar import day_start, earliest, local_date
from app.domain.engine.expiry import expires_at, notice_window_start
from app.domain.ledger.entries import Balance
from app.domain.ledger.lots import Draw, Lot
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_validity import ValidityStart
from app.domain.terms.version import Terms
from app.domain.units import Unit


def new_lot(id: str, points: int, *, at: datetime, terms: Terms, pending: bool) -> Lot:
    """A lot of points earned at an instant; its dates follow the program's calendar.

    `pending`: whether the pending period of the terms applies.
    """
    validity, zone = terms.validity, terms.zone
    available_from = at
    if pending and PendingPeriod in terms.policy_clauses:
        day = local_date(at, zone_name=zone) + timedelta(days=terms.policy_effect(PendingPeriod).days + 1)
        available_from = day_start(day, zone_name=zone)
    since = at if validity.since is ValidityStart.EARNING else available_from
    return Lot(
        id=id,
        points=points,
        remaining=points,
        earned_at=at,
        available_from=available_from,
        promised_last_day=validity.last_day(since=since, zone_name=zone),
        terms_version=terms.version,
        zone=zone,
    )


class NewPoints(NamedTuple):
    """Points that an account without debt has just earned: their lot by its id, its draws, and the account's balance.

    `next_change_at` and `next_notice_at` are when the lot first changes by itself and when its notice falls due, if ever.
    """

    lots: Mapping[str, Lot] = {}
    draws: tuple[Draw, ...] = ()
    balance: Balance = Balance()
    next_change_at: datetime | None = None
    next_notice_at: datetime | None = None


def new_points(id: str, points: int, *, at: datetime, terms: Terms) -> NewPoints:
    """The points of a purchase (id) at an instant.

    The lot changes when its points become available, and when it expires if its receipt serves as the notice; otherwise a
    notice of its expiry falls due.
    """
    if not points:
        return NewPoints()
    lot, validity = new_lot(id, points, at=at, terms=terms, pending=True), terms.validity
    pending = lot.available_from > at
    return NewPoints(
        lots={id: lot},
        draws=(Draw(id, -points),),
        balance=Balance(available=0 if pending else points, pending=points if pending else 0, lifetime=points),
        next_change_at=earliest(
            lot.available_from if pending else None,
            expires_at(lot, validity=validity, last_activity_at=None) if validity.expires else None,
        ),
        next_notice_at=notice_window_start(lot, validity=validity, last_activity_at=None) if validity.expires else None,
    )


def stamp_lot_id(event_id: str) -> str:
    """The id of an event's lot of stamps. Its lot of points has the id of the event itself."""
    return str(uuid5(UUID(event_id), Unit.STAMPS))


def new_stamp_lot(event_id: str, stamps: int, *, at: datetime, terms: Terms) -> Lot:
    """A lot of stamps: available at once, without expiry."""
    return Lot(
        id=stamp_lot_id(event_id),
        points=stamps,
        remaining=stamps,
        earned_at=at,
        available_from=at,
        promised_last_day=None,
        terms_version=terms.version,
        zone=terms.zone,
    )
