"""Whether a wallet belongs to the holder of the access key that is used, and for whom a customer's own key acts."""

from __future__ import annotations

from app.domain.access import Principal, Role
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.store.customers import customers
from app.store.database.session import Session


async def problem(
    session: Session, *, principal: Principal | None, customer: Customer, path: tuple[str, ...]
) -> Problem | None:
    """The problem OWN_CARD if the customer's wallet is the key holder's own, else None; always None for a key without a holder.

    A wallet that the holder shares with others is their own, and so is the wallet of the customer they were merged into.
    """
    if principal is None or principal.own_customer_id is None:
        return None
    if not await belongs_to_key_holder(session, own_customer_id=principal.own_customer_id, customer=customer):
        return None
    return Problem(
        ProblemCode.OWN_CARD,
        path=path,
        detail=detail_of("OWN_WALLET"),
    )


async def belongs_to_key_holder(session: Session, *, own_customer_id: str | None, customer: Customer) -> bool:
    """Does the customer's wallet belong to the holder of a key? `own_customer_id` is the holder; None for a key without one."""
    if own_customer_id is None:
        return False
    holder = await customers.find(session, by=CustomerReference(own_customer_id))
    return holder is not None and holder.account.wallet_id == customer.account.wallet_id


async def may_act_for(session: Session, *, principal: Principal | None, by: CustomerReference) -> bool:
    """May the holder of a key act for this customer? A customer may only for themselves, and for those merged into them."""
    if principal is None or principal.role is not Role.CUSTOMER:
        return True
    if principal.customer_id is None:
        return False
    own_customer = await customers.find(session, by=CustomerReference(principal.customer_id))
    customer = await customers.find(session, by=by)
    return own_customer is not None and customer is not None and own_customer.id == customer.id
