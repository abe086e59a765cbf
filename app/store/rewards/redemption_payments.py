"""Redemptions as payments: a redemption pays at most one purchase, as the database allows only one row for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.domain.rewards.redemption import RedemptionState
from app.domain.rewards.redemption_payment import RedemptionPayment
from app.store.database.session import Session


async def as_payments(session: Session, *, redemption_ids: Sequence[str]) -> dict[str, RedemptionPayment]:
    """Redemptions as payments, with the purchase that each has paid, by redemption id; unknown ids are left out."""
    rows = await session.rows(
        "SELECT r.id, r.customer_id, r.state, p.purchase_id FROM redemptions r LEFT JOIN redemption_payments p"
        " ON p.program_id = r.program_id AND p.redemption_id = r.id WHERE r.program_id = $1 AND r.id = ANY($2)",
        list(redemption_ids),
    )
    return {
        row["id"]: RedemptionPayment(row["id"], row["customer_id"], RedemptionState(row["state"]), row["purchase_id"])
        for row in rows
    }


async def purchase_paid_by(session: Session, *, redemption_id: str) -> str | None:
    """The purchase (id) that a redemption paid; None if it paid none."""
    row = await session.row(
        "SELECT purchase_id FROM redemption_payments WHERE program_id = $1 AND redemption_id = $2", redemption_id
    )
    return None if row is None else row["purchase_id"]


async def add(session: Session, *, purchase_id: str, redemption_ids: Collection[str]) -> None:
    """Store that redemptions paid a purchase (sent with the next statements: see `Session.enqueue`).

    The database rejects a redemption that has already paid a purchase.
    """
    for id in redemption_ids:
        await session.enqueue(
            "INSERT INTO redemption_payments (program_id, redemption_id, purchase_id) VALUES ($1, $2, $3)",
            id,
            purchase_id,
        )


async def remove(session: Session, *, purchase_id: str, redemption_ids: Collection[str]) -> None:
    """Store that redemptions did not pay a purchase, whose receipt named them by mistake (sent with the next statements: see `Session.enqueue`)."""
    for id in redemption_ids:
        await session.enqueue(
            "DELETE FROM redemption_payments WHERE program_id = $1 AND redemption_id = $2 AND purchase_id = $3",
            id,
            purchase_id,
        )


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> frozenset[tuple[str, str]]:
    """The redemptions that paid customers' purchases, as (redemption id, purchase id), for verification."""
    rows = await session.rows(
        "SELECT l.redemption_id, l.purchase_id FROM purchases p JOIN redemption_payments l"
        " ON l.program_id = p.program_id AND l.purchase_id = p.id WHERE p.program_id = $1 AND p.customer_id = ANY($2)",
        list(customer_ids),
    )
    return frozenset((row["redemption_id"], row["purchase_id"]) for row in rows)


async def without_purchase(session: Session) -> tuple[str, ...]:
    """The redemptions (ids) that paid a purchase that does not exist, for verification."""
    rows = await session.rows(
        "SELECT l.redemption_id FROM redemption_payments l LEFT JOIN purchases p"
        " ON p.program_id = l.program_id AND p.id = l.purchase_id WHERE l.program_id = $1 AND p.id IS NULL"
        " ORDER BY l.redemption_id"
    )
    return tuple(row["redemption_id"] for row in rows)
