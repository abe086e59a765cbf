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
    """What was outstanding at a moment that is past or present, by unit, as far as it is recorded today.

    By the business time of entries, so that what arrived late counts where it belongs; one pass over the entries,
    without telling any account. Points are of a band of age by the local day that they were earned on. What time alone
    does counts as far as it is booked: points whose expiry fell due, and that nobody has booked yet, are outstanding
    still. A hold counts with the points that it was made for.
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
        judged_by = await versions.version(session, number=version)
        unit = cost_unit(judged_by, reward=reward)
        by_unit[unit] = by_unit.get(unit, 0) + amount
    return by_unit
