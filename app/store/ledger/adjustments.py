"""Adjustments: points that staff gave or took, each with a reason."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.ledger.adjustment import Adjustment
from app.store.database.codecs import instant
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_COLUMNS = "id, account_id, customer_id, points, occurred_at, recorded_at, terms_version, reason, actor"


async def add(session: Session, *, adjustment: Adjustment) -> None:
    """Store a new adjustment (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO adjustments (program_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        adjustment.id,
        adjustment.account_id,
        adjustment.customer_id,
        adjustment.points,
        adjustment.occurred_at,
        adjustment.recorded_at,
        adjustment.terms_version,
        adjustment.reason,
        adjustment.actor,
    )


def row_digest(adjustment: Adjustment) -> int:
    """The digest of an adjustment."""
    return digest(
        "adjustments",
        adjustment.id,
        adjustment.account_id,
        adjustment.customer_id,
        adjustment.points,
        adjustment.occurred_at,
        adjustment.recorded_at,
        adjustment.terms_version,
        adjustment.reason,
        adjustment.actor,
    )


async def of_accounts(session: Session, *, account_ids: Sequence[str]) -> tuple[Adjustment, ...]:
    """The adjustments of accounts, in no particular order."""
    rows = await session.rows(
        f"SELECT {_COLUMNS} FROM adjustments WHERE program_id = $1 AND account_id = ANY($2)", list(account_ids)
    )
    return tuple(_adjustment(row) for row in rows)


def _adjustment(row: Row) -> Adjustment:
    return Adjustment(
        id=row["id"],
        account_id=row["account_id"],
        customer_id=row["customer_id"],
        points=row["points"],
        occurred_at=instant(row["occurred_at"]),
        recorded_at=instant(row["recorded_at"]),
        terms_version=row["terms_version"],
        reason=row["reason"],
        actor=row["actor"],
    )
