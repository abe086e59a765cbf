"""The tiers that customers hold, stored with the customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.domain.customers.current_tier import CurrentTier
from app.domain.customers.customer import Customer
from app.store.database.codecs import instant_or_none
from app.store.database.session import Session


async def of_customers(session: Session, *, customer_ids: Sequence[str]) -> dict[str, CurrentTier]:
    """The tiers that customers hold, by their ids."""
    rows = await session.rows(
        "SELECT id, tier, tier_since, tier_grace_ends_at FROM customers WHERE program_id = $1 AND id = ANY($2)",
        list(customer_ids),
    )
    return {
        row["id"]: CurrentTier(
            row["tier"], instant_or_none(row["tier_since"]), instant_or_none(row["tier_grace_ends_at"])
        )
        for row in rows
    }


async def reload(session: Session, *, customer: Customer) -> Customer:
    """The customer with the tier read anew: `customer` was read before waiting for the account lock, and may be out of date."""
    if not session.locking:
        return customer
    tiers_by_id = await of_customers(session, customer_ids=[customer.id])
    return replace(customer, tier=tiers_by_id[customer.id])


async def update(session: Session, *, customer_id: str, tier: CurrentTier) -> None:
    """Store the tier that a customer holds (sent with the next statements: see `Session.enqueue`)."""
    await session.enqueue(
        "UPDATE customers SET tier = $3, tier_since = $4, tier_grace_ends_at = $5 WHERE program_id = $1 AND id = $2",
        customer_id,
        tier.key,
        tier.since,
        tier.grace_ends_at,
    )
