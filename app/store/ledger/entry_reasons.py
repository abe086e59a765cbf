"""Why entries were made that no clause decided: the reasons that staff gave, who gave them, and late events."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.access import Role
from app.domain.ledger.entries import CauseKind
from app.domain.ledger.entry_reasons import Actor, Cause, StatedReason
from app.store.database.codecs import instant
from app.store.database.session import Session


def _reasons_from(*tables: str) -> str:
    return (
        "SELECT m.id AS id, m.reason AS reason, k.id AS key_id, k.role AS role, k.label AS label FROM ("
        + " UNION ALL ".join(
            f"SELECT program_id, id, reason, actor FROM {table} WHERE program_id = $1 AND id = ANY($2)"
            for table in tables
        )
        + ") AS m LEFT JOIN access_keys k ON k.program_id = m.program_id AND k.id = m.actor"
    )


_REASONS = _reasons_from("reversals", "adjustments", "transfers", "mergers")
_REASONS_FOR_CORRECTIONS = _reasons_from("receipt_corrections")

_TABLE_AND_TIME = {
    CauseKind.PURCHASE: ("purchases", "occurred_at"),
    CauseKind.REFUND: ("refunds", "occurred_at"),
    CauseKind.REDEMPTION: ("redemptions", "occurred_at"),
    CauseKind.REVERSAL: ("reversals", "occurred_at"),
    CauseKind.ADJUSTMENT: ("adjustments", "occurred_at"),
}

_CAUSES = " UNION ALL ".join(
    f"SELECT id, '{kind.value}' AS kind, {at} AS occurred_at FROM {table} WHERE program_id = $1 AND id = ANY($2)"
    for kind, (table, at) in _TABLE_AND_TIME.items()
)
_CORRECTION_CAUSES = (
    f"SELECT c.id, CASE WHEN c.to_customer_id = c.customer_id THEN '{CauseKind.AMENDMENT}' ELSE '{CauseKind.MOVE}' END"
    " AS kind, p.occurred_at FROM receipt_corrections c"
    " JOIN purchases p ON p.program_id = c.program_id AND p.id = c.purchase_id"
    " WHERE c.program_id = $1 AND c.id = ANY($2)"
)


async def stated_reasons(session: Session, *, ids: Sequence[str]) -> dict[str, StatedReason]:
    """The reasons given with reversals, adjustments, transfers and mergers, by their ids."""
    return await _read_reasons(session, _REASONS, ids=ids)


async def stated_reasons_for_corrections(session: Session, *, ids: Sequence[str]) -> dict[str, StatedReason]:
    """The reasons given with receipt corrections, by their ids."""
    return await _read_reasons(session, _REASONS_FOR_CORRECTIONS, ids=ids)


async def _read_reasons(session: Session, sql: str, *, ids: Sequence[str]) -> dict[str, StatedReason]:
    rows = await session.rows(sql, list(ids))
    return {
        str(row["id"]): StatedReason(
            reason=row["reason"],
            actor=Actor(key_id=str(row["key_id"]), role=Role(row["role"]), label=row["label"])
            if row["key_id"] is not None
            else None,
        )
        for row in rows
    }


async def causes(session: Session, *, ids: Sequence[str]) -> dict[str, Cause]:
    """Events that may be the cause of a correcting entry, of any kind, by id."""
    rows = await session.rows(f"{_CAUSES} UNION ALL {_CORRECTION_CAUSES}", list(ids))
    return {
        str(row["id"]): Cause(id=str(row["id"]), kind=CauseKind(row["kind"]), occurred_at=instant(row["occurred_at"]))
        for row in rows
    }
