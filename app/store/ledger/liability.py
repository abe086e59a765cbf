"""Sums over all entries of a program, made by the database, from which its liability at an instant is computed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.ledger.entries import EntryType
from app.domain.ledger.liability import Flow
from app.store.database.session import Session

# A late event may undo an expiry or an activation. The entry that takes it back is booked when the late event arrives, but
# counts from the time of the expiry or activation. Such entries are few, so they are looked up separately.
_TAKES_BACK = "(e.type = 'EXPIRE' AND e.points > 0 OR e.type = 'ACTIVATE' AND e.owed_change > 0)"
_BOOKED = f"""
SELECT e.program_id, e.id, e.unit, e.type, e.owed_change, e.occurred_at AS booked_at
FROM entries e WHERE e.program_id = $1 AND e.occurred_at <= $2 AND NOT {_TAKES_BACK}
UNION ALL
SELECT e.program_id, e.id, e.unit, e.type, e.owed_change, (
    SELECT max(b.occurred_at) FROM entries b WHERE b.program_id = e.program_id AND b.account_id = e.account_id
        AND b.type = e.type AND b.subject = e.subject AND b.number < e.number AND (b.points < 0 OR b.owed_change < 0)
)
FROM entries e WHERE e.program_id = $1 AND {_TAKES_BACK}
"""
# In both databases the text of an instant is in UTC and begins with the year and the month.
_FLOWS = f"""
SELECT e.unit, e.type, substr(CAST(l.earned_at AS text), 1, 7) AS earned,
    substr(CAST(e.booked_at AS text), 1, 7) AS occurred,
    CASE WHEN l.earned_at >= $3 THEN 0 WHEN l.earned_at >= $4 THEN 1 WHEN l.earned_at >= $5 THEN 2
        WHEN l.earned_at >= $6 THEN 3 ELSE 4 END AS band,
    CASE WHEN l.available_from > $2 THEN 1 ELSE 0 END AS waits,
    sum(m.points) AS points
FROM ({_BOOKED}) e
JOIN lot_movements m ON m.program_id = e.program_id AND m.entry_id = e.id
JOIN lots l ON l.program_id = m.program_id AND l.id = m.lot_id
WHERE e.booked_at <= $2
GROUP BY 1, 2, 3, 4, 5, 6
"""
_OWED = f"SELECT e.unit, sum(e.owed_change) AS owed FROM ({_BOOKED}) e WHERE e.owed_change <> 0 AND e.booked_at <= $2 GROUP BY e.unit"
_HELD = """
SELECT h.terms_version, r.key, sum(h.points) AS points
FROM redemptions h JOIN rewards r ON r.program_id = h.program_id AND r.id = h.reward_id
WHERE h.program_id = $1 AND h.occurred_at <= $2 AND h.held_until > $2
    AND (h.ended_at > $2 OR h.ended_at IS NULL AND h.state = 'HELD')
GROUP BY h.terms_version, r.key
"""


async def flows(session: Session, *, at: datetime, earned_since: Sequence[datetime]) -> dict[str, list[Flow]]:
    """All movements of points up to an instant of business time, summed into flows, by unit.

    Lots earned since the first of the four `earned_since` are in the first age band, those since the second in the second
    one, and so on.
    """
    by_unit: dict[str, list[Flow]] = {}
    for unit, type, earned, occurred, band, waits, points in await session.rows(_FLOWS, at, *earned_since):
        flow = Flow(EntryType(type), _month(earned), _month(occurred), int(band), bool(waits), int(points))
        by_unit.setdefault(unit, []).append(flow)
    return by_unit


async def debt_by_unit(session: Session, *, at: datetime) -> dict[str, int]:
    """The points that all customers together owe at an instant, by unit."""
    rows = await session.rows(_OWED, at)
    return {row["unit"]: int(row["owed"]) for row in rows}


async def points_on_hold(session: Session, *, at: datetime) -> list[tuple[int, str, int]]:
    """The points in active holds at an instant, for each terms version and key of a reward, which determine the unit."""
    rows = await session.rows(_HELD, at)
    return [(row["terms_version"], row["key"], int(row["points"])) for row in rows]


def _month(text: str) -> int:
    """The number of a month (YYYY-MM), counted from January of the year 0."""
    return int(text[:4]) * 12 + int(text[5:7]) - 1
