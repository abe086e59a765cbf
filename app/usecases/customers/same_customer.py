"""Whether two ids are those of one customer, after mergers, too."""

from __future__ import annotations

from app.domain.customers.customer import Customer, CustomerReference
from app.store.customers import customers
from app.store.database.session import Session


async def is_same_customer(session: Session, *, customer: Customer, known_id: str) -> bool:
    """Is `known_id` the id of this customer, or of a customer who was merged into them?"""
    if known_id in (customer.id, customer.requested_id):
        return True
    present_customer = await customers.find(session, by=CustomerReference(known_id))
    return present_customer is not None and present_customer.id == customer.id
