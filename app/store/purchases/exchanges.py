"""Exchanges: which purchase has the new goods that were taken for the returned goods of which refund. Never changed."""

from __future__ import annotations

from collections.abc import Sequence

from app.store.database.row_digests import digest
from app.store.database.session import Session


async def add(session: Session, *, refund_id: str, purchase_id: str) -> None:
    """Store the exchange of a refund and a purchase (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "INSERT INTO exchanges (program_id, refund_id, purchase_id) VALUES ($1, $2, $3)", refund_id, purchase_id
    )


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> dict[str, str]:
    """The purchases (ids) of the new goods that customers took in exchanges, by refund id."""
    rows = await session.rows(
        "SELECT e.refund_id, e.purchase_id FROM purchases p"
        " JOIN exchanges e ON e.program_id = p.program_id AND e.purchase_id = p.id"
        " WHERE p.program_id = $1 AND p.customer_id = ANY($2)",
        list(customer_ids),
    )
    return {row["refund_id"]: row["purchase_id"] for row in rows}


async def refund_of(session: Session, *, purchase_id: str) -> str | None:
    """The refund (id) of the goods for which a purchase's goods were taken in exchange; None if they were not."""
    return (await refunds_of(session, purchase_ids=[purchase_id])).get(purchase_id)


async def refunds_of(session: Session, *, purchase_ids: Sequence[str]) -> dict[str, str]:
    """The refunds (ids) of the goods for which purchases' goods were taken in exchange, by purchase id.

    Purchases whose goods were not taken in an exchange are left out.
    """
    rows = await session.rows(
        "SELECT refund_id, purchase_id FROM exchanges WHERE program_id = $1 AND purchase_id = ANY($2)",
        list(purchase_ids),
    )
    return {row["purchase_id"]: row["refund_id"] for row in rows}


async def new_purchase_ids_for(session: Session, *, refund_ids: Sequence[str]) -> list[str]:
    """The purchases (ids) of the new goods that were taken in exchange for the goods of refunds."""
    rows = await session.rows(
        "SELECT purchase_id FROM exchanges WHERE program_id = $1 AND refund_id = ANY($2) ORDER BY purchase_id",
        list(refund_ids),
    )
    return [row["purchase_id"] for row in rows]


async def is_part_of_exchange(session: Session, *, purchase_id: str) -> bool:
    """Were goods of a purchase returned in an exchange, or taken as new goods?"""
    row = await session.row(
        "SELECT EXISTS (SELECT 1 FROM exchanges WHERE program_id = $1 AND purchase_id = $2)"
        " OR EXISTS (SELECT 1 FROM refunds r JOIN exchanges e ON e.program_id = r.program_id AND e.refund_id = r.id"
        " WHERE r.program_id = $1 AND r.purchase_id = $2) AS is_part",
        purchase_id,
    )
    return row is not None and bool(row["is_part"])


def row_digest(refund_id: str, purchase_id: str) -> int:
    """The digest of an exchange."""
    return digest("exchanges", refund_id, purchase_id)
