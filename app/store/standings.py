"""An account as it stood: what the entries up to a number had left of its points and lots."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.ledger import Entry
from app.domain.lots import Lot
from app.store.ledger import lot_of
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Standing:
    """An account between two entries: its points, and its lots with what was left in them."""

    available: int
    lots: tuple[Lot, ...]


async def standing(session: Session, *, program_id: str, account_id: str, before: int) -> Standing:
    """An account as the entries with smaller numbers left it."""
    row = await session.row(_POINTS_BEFORE, program_id, account_id, before)
    rows = await session.rows(_LOTS_BEFORE, program_id, account_id, before)
    return Standing(available=int(row[0]) if row is not None else 0, lots=tuple(lot_of(one) for one in rows))


async def refunds_before(session: Session, *, program_id: str, entry: Entry) -> tuple[str, ...]:
    """The refunds (ids) of an entry's purchase whose entries come before it, in their order."""
    sql = (
        "SELECT refund_id FROM entries WHERE program_id = $1 AND purchase_id = $2 AND account_id = $3 AND number < $4"
        " AND refund_id IS NOT NULL ORDER BY number"
    )
    if entry.purchase_id is None:
        return ()
    rows = await session.rows(sql, program_id, entry.purchase_id, entry.account_id, entry.number)
    return tuple(row["refund_id"] for row in rows)


_POINTS_BEFORE = (
    "SELECT CAST(coalesce(sum(points), 0) AS bigint) FROM entries"
    " WHERE program_id = $1 AND account_id = $2 AND number < $3"
)
_LOTS_BEFORE = (
    "SELECT l.id, l.points, CAST(m.remaining AS bigint) AS remaining, l.earned_at, l.available_from, l.valid_until,"
    " l.entry_id FROM lots l JOIN ("
    "SELECT lot_id, sum(moved.points) AS remaining FROM entries e"
    " JOIN lot_movements moved ON moved.program_id = e.program_id AND moved.entry_id = e.id"
    " WHERE e.program_id = $1 AND e.account_id = $2 AND e.number < $3 GROUP BY lot_id"
    ") m ON m.lot_id = l.id WHERE l.program_id = $1"
)
