"""What an access key has moved by hand, summed over what was recorded with it: no counter can be wrong.

The column `actor` holds the id of the access key.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.decisions import Decision
from app.domain.programs.staff_limits import StaffBudget
from app.domain.units import Unit
from app.store.database.codecs import json_value
from app.store.database.session import Session

_ADJUSTED = (
    "SELECT a.unit, sum(abs(d.points)) AS points FROM adjustments d"
    " JOIN accounts a ON a.program_id = d.program_id AND a.id = d.account_id"
    " WHERE d.program_id = $1 AND d.actor = $2 AND d.recorded_at >= $3 AND d.recorded_at < $4 GROUP BY a.unit"
)
_TRANSFERRED = (
    "SELECT sum(points) AS points FROM transfers"
    " WHERE program_id = $1 AND actor = $2 AND recorded_at >= $3 AND recorded_at < $4"
)
_CORRECTED = (
    "SELECT sum(counted_points) AS points, sum(counted_stamps) AS stamps FROM receipt_corrections"
    " WHERE program_id = $1 AND actor = $2 AND recorded_at >= $3 AND recorded_at < $4 AND customer_id {} to_customer_id"
)
_REVERSED = (
    "SELECT r.decision FROM reversals v JOIN redemptions r ON r.program_id = v.program_id AND r.id = v.redemption_id"
    " WHERE v.program_id = $1 AND v.actor = $2 AND v.recorded_at >= $3 AND v.recorded_at < $4"
)


async def used(
    session: Session, *, access_key_id: str, budget: StaffBudget, since: datetime, until: datetime
) -> dict[Unit, int]:
    """What was moved with a key in `[since, until)`, without sign, in every unit.

    Adjustments, amended receipts and reversed redemptions share one budget; transfers and moved purchases share the
    other. The key must be locked (`access_keys.lock`), so that no other transaction counts at the same time.
    """
    values = (access_key_id, since, until)
    counted = dict.fromkeys(Unit, 0)
    corrections = await session.row(_CORRECTED.format("=" if budget is StaffBudget.ADJUSTMENTS else "<>"), *values)
    if corrections is not None:
        counted[Unit.POINTS] += int(corrections["points"] or 0)
        counted[Unit.STAMPS] += int(corrections["stamps"] or 0)
    if budget is StaffBudget.TRANSFERS:
        transferred = await session.row(_TRANSFERRED, *values)
        counted[Unit.POINTS] += int(transferred["points"] or 0) if transferred is not None else 0
        return counted
    for row in await session.rows(_ADJUSTED, *values):
        counted[Unit(row["unit"])] += int(row["points"])
    for row in await session.rows(_REVERSED, *values):
        reversed_decision = Decision.from_data(json_value(row["decision"]))
        for unit in Unit:
            counted[unit] += abs(reversed_decision.amount(unit))
    return counted
