"""The levels that customers hold, kept with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.deciding.tiers import TierStanding
from app.store.customers import CustomerRow
from app.store.unit import Session
from app.store.values import instant_or_none


async def of_customers(session: Session, *, program_id: str, customer_ids: Sequence[str]) -> dict[str, TierStanding]:
    """The level that customers (by id) hold."""
    rows = await session.rows(
        "SELECT id, tier, tier_since, tier_falls_at FROM customers WHERE program_id = $1 AND id = ANY($2)",
        program_id,
        list(customer_ids),
    )
    return {
        row["id"]: TierStanding(row["tier"], instant_or_none(row["tier_since"]), instant_or_none(row["tier_falls_at"]))
        for row in rows
    }


async def fresh(session: Session, *, program_id: str, customer: CustomerRow) -> CustomerRow:
    """The customer with the level as it is now: whoever waited for the account has the row as it was before the wait."""
    if not session.locking:
        return customer
    found = await of_customers(session, program_id=program_id, customer_ids=[customer.id])
    return replace(customer, standing=found[customer.id])


async def keep(session: Session, *, program_id: str, customer_id: str, standing: TierStanding) -> None:
    """Keep the level that a customer holds (with the next statements, see `Session.later`)."""
    await session.later(
        "UPDATE customers SET tier = $3, tier_since = $4, tier_falls_at = $5 WHERE program_id = $1 AND id = $2",
        program_id,
        customer_id,
        standing.tier,
        standing.since,
        standing.falls_at,
    )
