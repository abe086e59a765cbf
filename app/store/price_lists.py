"""What is needed to know which points still pay an old price."""

from __future__ import annotations

from datetime import datetime

from app.domain.deciding.price_lists import PriceLists, may_be_cheaper
from app.domain.terms import Terms
from app.store import lots, terms
from app.store.customers import CustomerRow
from app.store.unit import Session


async def known(
    session: Session, *, program_id: str, customer: CustomerRow, in_force: Terms, at: datetime
) -> PriceLists | None:
    """The customer's lots with the earlier price lists; None where no reward was ever cheaper than it is."""
    if in_force.version == 1:
        return None
    earlier = await terms.earlier(session, program_id=program_id, number=in_force.version)
    if not may_be_cheaper(in_force, earlier=earlier):
        return None
    found = await lots.open_lots(session, program_id=program_id, account_id=customer.account.id)
    spendable = tuple(one for one in found if one.free and one.available_from <= at)
    return PriceLists(terms=in_force, earlier=earlier, lots=spendable, at=at)
