"""A customer's card: who it is, what they are recognised by, and what stands on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.queries.standing import up_to_date
from app.store import customers, holders
from app.store.customers import CustomerBy, CustomerRow, Identity
from app.store.unit import Session


async def card(session: Session, *, program_id: str, by: CustomerBy, at: datetime) -> CustomerRow | None:
    """The customer known by an id or an identity, with the balance of a moment."""
    found = await customers.find(session, program_id=program_id, by=by)
    if found is None:
        return None
    return (await up_to_date(session, program_id=program_id, customers=[found], at=at))[0]


async def cards(session: Session, *, program_id: str, ids: Sequence[str], at: datetime) -> list[CustomerRow | None]:
    """Customers by id with the balance of a moment, in the order asked for."""
    found = await customers.by_ids(session, program_id=program_id, customer_ids=ids)
    rows = await up_to_date(session, program_id=program_id, customers=list(found.values()), at=at)
    told = dict(zip(found, rows, strict=True))
    return [told.get(id) for id in ids]


async def identities(session: Session, *, program_id: str, ids: Sequence[str]) -> list[tuple[Identity, ...]]:
    """The identities of several customers, in the order asked for."""
    found = await customers.identities_of(session, program_id=program_id, customer_ids=ids)
    return [found.get(id, ()) for id in ids]


async def wallet_holders(
    session: Session, *, program_id: str, ids: Sequence[str], at: datetime
) -> list[tuple[CustomerRow, ...]]:
    """The customers who hold wallets (by id), oldest first, with the balance of a moment, in the order asked for."""
    held = await holders.of_wallets(session, program_id=program_id, wallet_ids=ids)
    wanted = sorted({one for people in held.values() for one in people})
    rows = await cards(session, program_id=program_id, ids=wanted, at=at)
    found = {row.id: row for row in rows if row is not None}
    return [tuple(found[one] for one in held.get(id, ())) for id in ids]
