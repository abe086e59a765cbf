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


def new_lot(id: str, points: int, *, at: datetime, terms: Terms, with_pending_period: bool) -> Lot:
    """A lot of points earned at an instant; its dates follow the program's calendar.

    `with_pending_period`: whether the pending period of the terms applies.
    """
    validity, zone = terms.validity, terms.zone
    available_from = at
    if with_pending_period and PendingPeriod in terms.policy_clauses:
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

    `next_change_at` is when the lot first changes by itself, `next_notice_at` when a notice of its expiry falls due; each is
    None if that never happens. Without points, there is no lot.
    """

    lots: Mapping[str, Lot] = {}
    draws: tuple[Draw, ...] = ()
    balance: Balance = Balance()
    next_change_at: datetime | None = None
    next_notice_at: datetime | None = None


def points_of_purchase(id: str, points: int, *, at: datetime, terms: Terms) -> NewPoints:
    """The points that the purchase `id` earns at an instant.

    Their lot changes when the points become available. It also changes when it expires, if the receipt serves as the expiry
    notice; otherwise a notice falls due.
    """
    if not points:
        return NewPoints()
    lot, validity = new_lot(id, points, at=at, terms=terms, with_pending_period=True), terms.validity
    is_pending = lot.available_from > at
    return NewPoints(
        lots={id: lot},
        draws=(Draw(id, -points),),
        balance=Balance(available=0 if is_pending else points, pending=points if is_pending else 0, lifetime=points),
        next_change_at=earliest(
            lot.available_from if is_pending else None,
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
