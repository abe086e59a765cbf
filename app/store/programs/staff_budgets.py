"""How many points were moved by hand with an access key: the sum over what was recorded, so there is no counter to go wrong.

The column `actor` has the id of the access key.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.decisions import Decision
from app.domain.programs.staff_limits import StaffBudget
from app.domain.units import Unit
from app.store.database.codecs import json_value
from app.store.database.session import Session

_ADJUSTMENTS = (
    "SELECT a.unit, sum(abs(d.points)) AS points FROM adjustments d"
    " JOIN accounts a ON a.program_id = d.program_id AND a.id = d.account_id"
    " WHERE d.program_id = $1 AND d.actor = $2 AND d.recorded_at >= $3 AND d.recorded_at < $4 GROUP BY a.unit"
)
_TRANSFERS = (
    "SELECT sum(points) AS points FROM transfers"
    " WHERE program_id = $1 AND actor = $2 AND recorded_at >= $3 AND recorded_at < $4"
)
_CORRECTIONS = (
    "SELECT sum(counted_points) AS points, sum(counted_stamps) AS stamps FROM receipt_corrections"
    " WHERE program_id = $1 AND actor = $2 AND recorded_at >= $3 AND recorded_at < $4 AND customer_id {} to_customer_id"
)
_REVERSED_DECISIONS = (
    "SELECT r.decision FROM reversals v JOIN redemptions r ON r.program_id = v.program_id AND r.id = v.redemption_id"
    " WHERE v.program_id = $1 AND v.actor = $2 AND v.recorded_at >= $3 AND v.recorded_at < $4"
)


async def used_by_unit(
    session: Session, *, access_key_id: str, budget: StaffBudget, since: datetime, until: datetime
) -> dict[Unit, int]:
    """The points and stamps moved with a key in [`since`, `until`), without sign, by unit.

    Adjustments, amended receipts and reversed redemptions use one budget; transfers and moved purchases the other. The
    key must be locked (`access_keys.lock`), so that no other transaction uses its budget at the same time.
    """
    values = (access_key_id, since, until)
    used = dict.fromkeys(Unit, 0)
    corrections = await session.row(_CORRECTIONS.format("=" if budget is StaffBudget.ADJUSTMENTS else "<>"), *values)
    if corrections is not None:
        used[Unit.POINTS] += int(corrections["points"] or 0)
        used[Unit.STAMPS] += int(corrections["stamps"] or 0)
    if budget is StaffBudget.TRANSFERS:
        transfers = await session.row(_TRANSFERS, *values)
        used[Unit.POINTS] += int(transfers["points"] or 0) if transfers is not None else 0
        return used
    for row in await session.rows(_ADJUSTMENTS, *values):
        used[Unit(row["unit"])] += int(row["points"])
    for row in await session.rows(_REVERSED_DECISIONS, *values):
        reversed_decision = Decision.from_data(json_value(row["decision"]))
        for unit in Unit:
            used[unit] += abs(reversed_decision.amount(unit))
    return used
