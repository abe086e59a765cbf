"""What a caller may see of an entry that concerns other customers, too: its purchase or redemption, decision and counterparties.

`domain/access.py` says what a role may see in general; here it is applied to one entry.
"""

from __future__ import annotations

from strawberry.types.base import StrawberryObjectDefinition

from app.api.conventions.context import Info
from app.api.conventions.node import Node
from app.domain.ledger.entries import Entry, EntryType
from app.domain.purchases.purchase import Purchase
from app.domain.rewards.redemption import Redemption
from app.queries.customers import customers
from app.queries.ledger import counterparties, entries


async def may_see_subject(entry: Entry, *, info: Info) -> bool:
    """May the caller see the purchase or redemption of an entry? In a shared wallet, customers see only their own."""
    context = info.context
    if context.principal.customer_id is None:
        return True
    subject = await _subject(entry, info=info)
    return subject is None or context.principal.may_see_customer(subject.customer_id)


async def may_see_decision(entry: Entry, *, info: Info) -> bool:
    """May the caller see the decision of an entry?

    Customers may not see one that was made for another customer, before the purchase was moved to them.
    """
    if not await may_see_subject(entry, info=info):
        return False
    if info.context.principal.customer_id is None:
        return True
    subject = await _subject(entry, info=info)
    move_id = subject.move_id if isinstance(subject, Purchase) else None
    return move_id is None or entry.id > move_id


async def _subject(entry: Entry, *, info: Info) -> Purchase | Redemption | None:
    """The purchase or redemption that an entry belongs to, if any."""
    if entry.purchase_id is not None:
        return await info.context.load_heavy(entries.purchases_by_id, entry.purchase_id)
    if entry.redemption_id is not None:
        return await info.context.load(entries.redemptions_by_id, entry.redemption_id)
    return None


async def counterparties_of(entry: Entry, *, info: Info) -> list[Node]:
    """The customers on the other side of a transfer or merger whom the caller may see."""
    if entry.type not in (EntryType.TRANSFER, EntryType.MERGE):
        return []
    context = info.context
    other_side = await context.load(counterparties.counterparties, entry.id)
    customer_ids = other_side.customer_ids if other_side is not None else ()
    other_customers = [
        await context.load(customers.customers_as_of, customer_id, at=context.now) for customer_id in customer_ids
    ]
    # The type Customer has a ledger, so this file cannot import it.
    customer_type = info.schema.get_type_by_name("Customer")
    assert isinstance(customer_type, StrawberryObjectDefinition), "an object type of this schema"
    return [
        customer_type.origin.of(customer)
        for customer in other_customers
        if customer is not None and context.principal.may_see_customer(customer.id)
    ]
