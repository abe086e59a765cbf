"""A program's liability: points outstanding at an instant."""

from __future__ import annotations

from datetime import datetime

from app.domain.calendar import add_months, day_start, local_date
from app.domain.engine.redemption import cost_unit
from app.domain.ledger.liability import AGES, Liability, liability_of
from app.domain.units import Unit
from app.store.database.session import Session
from app.store.ledger import liability as stored_liability
from app.store.terms import versions


async def liability_at(session: Session, *, at: datetime, zone: str) -> list[Liability]:
    """The points outstanding at a past or present instant, by unit, according to the entries recorded until today.

    An entry counts from its business time on, even if it was recorded later. The entries are read once, and no account
    is replayed. The age band of points follows from the local day on which they were earned. Scheduled changes count
    once they are booked: points whose expiry has fallen due but is not booked yet are outstanding. A hold counts with
    the points that it was placed for.
    """
    day = local_date(at, zone_name=zone)
    earned_since = [day_start(add_months(day, months=-months), zone_name=zone) for months in AGES[1:]]
    flows_by_unit = await stored_liability.flows(session, at=at, earned_since=earned_since)
    customer_debt_by_unit = await stored_liability.debt_by_unit(session, at=at)
    held_by_unit = await _held(session, at=at)
    return [
        liability_of(
            flows_by_unit.get(unit, ()),
            unit=unit,
            held=held_by_unit.get(unit, 0),
            customer_debt=customer_debt_by_unit.get(unit, 0),
        )
        for unit in Unit
        if unit is Unit.POINTS or unit in flows_by_unit or unit in customer_debt_by_unit
    ]


async def _held(session: Session, *, at: datetime) -> dict[Unit, int]:
    """The points in holds that are active at an instant, by the unit in which the hold's terms price the reward."""
    by_unit: dict[Unit, int] = {}
    for version, reward, amount in await stored_liability.points_on_hold(session, at=at):
        deciding_terms = await versions.version(session, number=version)
        unit = cost_unit(deciding_terms, reward=reward)
        by_unit[unit] = by_unit.get(unit, 0) + amount
    return by_unit
