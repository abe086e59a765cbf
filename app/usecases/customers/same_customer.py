"""Whether two references lead to one customer, mergers included."""

from __future__ import annotations

from app.store.customers import customers
from app.store.customers.customers import CustomerBy, CustomerRow
from app.store.database.session import Session


async def same_customer(session: Session, *, customer: CustomerRow, known_id: str) -> bool:
    """Is a customer the one with this id, or the survivor of a merger with them?"""
    if known_id in (customer.id, customer.requested_id):
        return True
    known = await customers.find(session, by=CustomerBy(known_id))
    return known is not None and known.id == customer.id
