"""Corrections of wrongly recorded receipts: the earlier facts and customer, and the reason."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.access import Role
from app.domain.purchases.purchase import tie_breaker_of
from app.domain.purchases.receipt_correction import ReceiptCorrection, TotalBeforeAmendment
from app.domain.purchases.receipt_numbers import NumberSpace
from app.store.database.codecs import instant
from app.store.database.row_digests import digest
from app.store.database.session import Row, Session

_OWN_COLUMNS = (
    "id, purchase_id, customer_id, to_customer_id, total, earned, moved_by, facts, recorded_at, reason, actor,"
    " counted_points, counted_stamps, retained_budget_usage"
)
_COLUMNS_WITH_PURCHASE = ", ".join(f"c.{name}" for name in _OWN_COLUMNS.split(", ")) + (
    ", p.external_id, p.number_location, p.number_day, p.completion, p.occurred_at, p.terms_version"
)


async def add(session: Session, *, correction: ReceiptCorrection) -> None:
    """Store a new correction (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        f"INSERT INTO receipt_corrections (program_id, {_OWN_COLUMNS})"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        correction.id,
        correction.purchase_id,
        correction.from_customer_id,
        correction.to_customer_id,
        correction.total_before,
        correction.earned_points_before,
        correction.move_id_before,
        correction.facts_before_text,
        correction.recorded_at,
        correction.reason,
        correction.actor,
        correction.counted_points,
        correction.counted_stamps,
        correction.retained_budget_usage_text,
    )


def row_digest(correction: ReceiptCorrection) -> int:
    """The digest of a correction: part of the events digest of every wallet that the purchase is or was in."""
    return digest(
        "receipt_corrections",
        correction.id,
        correction.purchase_id,
        correction.from_customer_id,
        correction.to_customer_id,
        correction.total_before,
        correction.earned_points_before,
        correction.move_id_before,
        correction.facts_before_text,
        correction.recorded_at,
        correction.reason,
        correction.actor,
        # Left out where there are none, as in older digests.
        *(
            (correction.counted_points, correction.counted_stamps)
            if correction.counted_points or correction.counted_stamps
            else ()
        ),
        *((correction.retained_budget_usage_text,) if correction.retained_budget_usage_text is not None else ()),
    )


async def of_purchases(session: Session, *, purchase_ids: Sequence[str]) -> tuple[ReceiptCorrection, ...]:
    """The corrections of purchases, oldest first."""
    rows = await session.rows(
        f"SELECT {_COLUMNS_WITH_PURCHASE} FROM receipt_corrections c"
        " JOIN purchases p ON p.program_id = c.program_id AND p.id = c.purchase_id"
        " WHERE c.program_id = $1 AND c.purchase_id = ANY($2) ORDER BY c.id",
        list(purchase_ids),
    )
    return tuple(_correction(row) for row in rows)


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> tuple[ReceiptCorrection, ...]:
    """The corrections of purchases that belonged to one of the customers, before or after the correction, oldest first."""
    rows = await session.rows(
        f"SELECT {_COLUMNS_WITH_PURCHASE} FROM receipt_corrections c"
        " JOIN purchases p ON p.program_id = c.program_id AND p.id = c.purchase_id"
        " WHERE c.program_id = $1 AND (c.customer_id = ANY($2) OR c.to_customer_id = ANY($2)) ORDER BY c.id",
        list(customer_ids),
    )
    return tuple(_correction(row) for row in rows)


async def amendments(session: Session, *, purchase_id: str) -> tuple[TotalBeforeAmendment, ...]:
    """What a receipt's total was before each of its corrections, oldest first, whichever customer it belonged to."""
    rows = await session.rows(
        "SELECT c.total, k.role FROM receipt_corrections c"
        " LEFT JOIN access_keys k ON k.program_id = c.program_id AND k.id = c.actor"
        " WHERE c.program_id = $1 AND c.purchase_id = $2 ORDER BY c.recorded_at, c.id",
        purchase_id,
    )
    return tuple(
        TotalBeforeAmendment(row["total"], Role(row["role"]) if row["role"] is not None else None) for row in rows
    )


async def customers_before(session: Session, *, purchase_id: str) -> frozenset[str]:
    """The customers (ids) whom a purchase belonged to when it was corrected, before each correction."""
    rows = await session.rows(
        "SELECT customer_id FROM receipt_corrections WHERE program_id = $1 AND purchase_id = $2", purchase_id
    )
    return frozenset(row["customer_id"] for row in rows)


def _correction(row: Row) -> ReceiptCorrection:
    return ReceiptCorrection(
        id=row["id"],
        purchase_id=row["purchase_id"],
        from_customer_id=row["customer_id"],
        to_customer_id=row["to_customer_id"],
        total_before=row["total"],
        earned_points_before=row["earned"],
        move_id_before=row["moved_by"],
        facts_before_text=row["facts"],
        recorded_at=instant(row["recorded_at"]),
        reason=row["reason"],
        actor=row["actor"],
        tie_breaker=tie_breaker_of(
            row["external_id"],
            space=NumberSpace(row["number_location"], row["number_day"]),
            completion=row["completion"],
        ),
        occurred_at=instant(row["occurred_at"]),
        terms_version=row["terms_version"],
        counted_points=row["counted_points"],
        counted_stamps=row["counted_stamps"],
        retained_budget_usage_text=row["retained_budget_usage"],
    )
