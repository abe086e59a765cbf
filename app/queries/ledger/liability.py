"""A program's liability: points outstanding at an instant."""

from __future__ import annotations

from datetime import datetime

from app.domain.calendar import add_months, day_start, local_date
from app.domain.engine.redemption import cost_unit
from app.domain.ledger.liability import AGES, Liability, liability
from app.domain.units import Unit
from app.store.database.session import Session
from app.store.ledger import liability as stored
from app.store.terms import versions


async def liability_at(session: Session, *, at: datetime, zone: str) -> list[Liability]:
    """The points outstanding at a past or present instant, by unit, as far as is recorded today.

    Entries count by their business time, so that late ones count where they belong. It takes one pass over the
    entries and replays no account. The age band of points follows from the local day on which they were earned.
    Scheduled changes count once they are booked: points whose expiry has fallen due but is not booked yet are
    outstanding. A hold counts with the points that it was placed for.
    """
    today = local_date(at, zone_name=zone)
    since = [day_start(add_months(today, months=-months), zone_name=zone) for months in AGES[1:]]
    flows = await stored.flows(session, at=at, since=since)
    owed = await stored.owed(session, at=at)
    held = await _held(session, at=at)
    return [
        liability(flows.get(unit, ()), unit=unit, held=held.get(unit, 0), owed=owed.get(unit, 0))
        for unit in Unit
        if unit is Unit.POINTS or unit in flows or unit in owed
    ]


async def _held(session: Session, *, at: datetime) -> dict[Unit, int]:
    """The points in active holds at an instant, by the unit that each reward costs under the terms of its hold."""
    by_unit: dict[Unit, int] = {}
    for version, reward, amount in await stored.held(session, at=at):
        deciding_terms = await versions.version(session, number=version)
        unit = cost_unit(deciding_terms, reward=reward)
        by_unit[unit] = by_unit.get(unit, 0) + amount
    return by_unit
