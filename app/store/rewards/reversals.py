"""Reversals of redemptions, at most one for each redemption."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.rewards.reversal import Reversal
from app.store.database.codecs import instant, instant_or_none
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = "id, redemption_id, occurred_at, recorded_at, usable_until, reason, actor"


async def add(session: Session, *, reversal: Reversal) -> None:
    """Store a new reversal (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO reversals (program_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        reversal.id,
        reversal.redemption_id,
        reversal.occurred_at,
        reversal.recorded_at,
        reversal.usable_until,
        reversal.reason,
        reversal.actor,
    )


def row_digest(reversal: Reversal) -> int:
    """The digest of a reversal."""
    return digest(
        "reversals",
        reversal.id,
        reversal.redemption_id,
        reversal.occurred_at,
        reversal.recorded_at,
        reversal.usable_until,
        reversal.reason,
        reversal.actor,
    )


async def of_redemptions(session: Session, *, redemption_ids: Sequence[str]) -> tuple[Reversal, ...]:
    """The reversals of redemptions, in no particular order."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM reversals WHERE program_id = $1 AND redemption_id = ANY($2)", list(redemption_ids)
    )
    return tuple(_reversal(row) for row in rows)


def _reversal(row: Row) -> Reversal:
    return Reversal(
        id=row["id"],
        redemption_id=row["redemption_id"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        usable_until=instant_or_none(row["usable_until"]),
        reason=row["reason"],
        actor=row["actor"],
    )
