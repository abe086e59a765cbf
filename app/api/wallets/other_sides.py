"""What an entry of the ledger shows of others: who is on its other side, and what those did who share the wallet."""

from __future__ import annotations

from strawberry.types.base import StrawberryObjectDefinition

from app.api.conventions.context import Info
from app.api.conventions.node import Node
from app.domain.ledger import Entry, EntryType
from app.queries import cards, ledgers, passings, records


async def is_open(entry: Entry, *, info: Info) -> bool:
    """Whether what stands behind an entry is open to the caller: in a shared wallet, customers see their own."""
    context = info.context
    if context.principal.customer_id is None:
        return True
    owner = await _owner(entry, info=info)
    return owner is None or context.principal.may_see_card(owner.customer_id)


async def decision_is_open(entry: Entry, *, info: Info) -> bool:
    """Whether the decision of an entry is open to the caller: that on a purchase moved to them was made for somebody else."""
    if not await is_open(entry, info=info):
        return False
    if info.context.principal.customer_id is None:
        return True
    owner = await _owner(entry, info=info)
    moved_by = owner.moved_by if isinstance(owner, records.Purchase) else None
    return moved_by is None or entry.id > moved_by


async def _owner(entry: Entry, *, info: Info) -> records.Purchase | records.Redemption | None:
    """What a customer did behind an entry, None where nobody did."""
    if entry.purchase_id is not None:
        return await info.context.load_large(ledgers.purchases_by_id, entry.purchase_id)
    if entry.redemption_id is not None:
        return await info.context.load(ledgers.redemptions_by_id, entry.redemption_id)
    return None


async def other_side_of(entry: Entry, *, info: Info) -> list[Node]:
    """The customers on the other side of a transfer or merger whom the caller may see."""
    if entry.type not in (EntryType.TRANSFER, EntryType.MERGE):
        return []
    context = info.context
    passing = await context.load(passings.passings, entry.id)
    others = passing.others if passing is not None else ()
    rows = [await context.load(cards.cards, one, at=context.now) for one in others]
    # Customers have ledgers, so ledgers cannot import them.
    made = info.schema.get_type_by_name("Customer")
    assert isinstance(made, StrawberryObjectDefinition), "it is a type"
    return [made.origin.of(row) for row in rows if row is not None and context.principal.may_see_card(row.id)]
