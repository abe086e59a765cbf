"""Customers as of an instant: state, identities and balances."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.customers.identities import Identity
from app.queries.customers.current_state import as_of
from app.store.customers import customers, wallet_members
from app.store.database.session import Session


async def customer_as_of(session: Session, *, by: CustomerReference, at: datetime) -> Customer | None:
    """A customer by id or identity, with the balance as of an instant."""
    customer = await customers.find(session, by=by)
    if customer is None:
        return None
    return (await as_of(session, stored_customers=[customer], at=at))[0]


async def customers_as_of(session: Session, *, ids: Sequence[str], at: datetime) -> list[Customer | None]:
    """Customers by id with the balance as of an instant, in the order requested."""
    by_id = await customers.by_ids(session, customer_ids=ids)
    present_customers = await as_of(session, stored_customers=list(by_id.values()), at=at)
    present_by_id = dict(zip(by_id, present_customers, strict=True))
    return [present_by_id.get(id) for id in ids]


async def identities(session: Session, *, ids: Sequence[str]) -> list[tuple[Identity, ...]]:
    """The identities of several customers, in the order requested."""
    by_customer = await customers.identities_of(session, customer_ids=ids)
    return [by_customer.get(id, ()) for id in ids]


async def wallet_holders(session: Session, *, ids: Sequence[str], at: datetime) -> list[tuple[Customer, ...]]:
    """The customers of wallets (by id), oldest first, with the balance as of an instant, in the order requested."""
    customer_ids_by_wallet = await wallet_members.of_wallets(session, wallet_ids=ids)
    customer_ids = sorted({id for wallet_customer_ids in customer_ids_by_wallet.values() for id in wallet_customer_ids})
    present_customers = await customers_as_of(session, ids=customer_ids, at=at)
    by_id = {customer.id: customer for customer in present_customers if customer is not None}
    return [tuple(by_id[customer_id] for customer_id in customer_ids_by_wallet.get(id, ())) for id in ids]
