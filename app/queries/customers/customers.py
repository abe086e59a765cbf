"""Customer cards: state, identities and balances."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.queries.customers.current_state import as_of_now
from app.store.customers import customers, wallet_members
from app.store.customers.customers import CustomerBy, CustomerRow, Identity
from app.store.database.session import Session


async def card(session: Session, *, by: CustomerBy, at: datetime) -> CustomerRow | None:
    """The customer with an id or an identity, with the balance as of an instant."""
    found = await customers.find(session, by=by)
    if found is None:
        return None
    return (await as_of_now(session, customers=[found], at=at))[0]


async def cards(session: Session, *, ids: Sequence[str], at: datetime) -> list[CustomerRow | None]:
    """Customers by id with the balance as of an instant, in the order requested."""
    found = await customers.by_ids(session, customer_ids=ids)
    rows = await as_of_now(session, customers=list(found.values()), at=at)
    told = dict(zip(found, rows, strict=True))
    return [told.get(id) for id in ids]


async def identities(session: Session, *, ids: Sequence[str]) -> list[tuple[Identity, ...]]:
    """The identities of several customers, in the order requested."""
    found = await customers.identities_of(session, customer_ids=ids)
    return [found.get(id, ()) for id in ids]


async def wallet_holders(session: Session, *, ids: Sequence[str], at: datetime) -> list[tuple[CustomerRow, ...]]:
    """The customers of wallets (by id), oldest first, with the balance as of an instant, in the order requested."""
    held = await wallet_members.of_wallets(session, wallet_ids=ids)
    wanted = sorted({person for people in held.values() for person in people})
    rows = await cards(session, ids=wanted, at=at)
    found = {row.id: row for row in rows if row is not None}
    return [tuple(found[text] for text in held.get(id, ())) for id in ids]
