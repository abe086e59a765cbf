"""Old prices, worked out from the stored lots: which lots of a customer still pay one, and what pending points will pay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.domain.customers.customer import Customer
from app.domain.engine.old_prices import OldPrices, protects_lower_prices
from app.domain.ledger.lots import Lot
from app.domain.terms.version import Terms
from app.domain.wallets.pending_points import PendingPoints, pending_points_of_lots
from app.store.database.session import Session
from app.store.ledger import lots
from app.store.terms import versions


async def read(session: Session, *, customer: Customer, in_force: Terms, at: datetime) -> OldPrices | None:
    """The old prices that the customer's lots still pay; None if no reward was ever cheaper."""
    earlier_terms = await _earlier_cheaper_terms(session, in_force=in_force)
    if not earlier_terms:
        return None
    open_lots = await lots.with_points(session, account_id=customer.account.id)
    return _old_prices(open_lots, in_force=in_force, earlier=earlier_terms, at=at)


async def pending_points(
    session: Session, *, customer: Customer, in_force: Terms, at: datetime
) -> PendingPoints | None:
    """The customer's pending points, from the stored lots; None if some may expire, as then it takes a replay."""
    open_lots = await lots.with_points(session, account_id=customer.account.id)
    free_lots = [lot for lot in open_lots if lot.free]
    numbers = {lot.terms_version for lot in free_lots}
    if await versions.never_expiring(session, numbers=numbers) != numbers:
        return None
    earlier_terms = await _earlier_cheaper_terms(session, in_force=in_force)
    return pending_points_of_lots(
        free_lots,
        owed=customer.account.balance.owed,
        at=at,
        expires_at=lambda _: None,
        old_prices_at=lambda then: (
            _old_prices(free_lots, in_force=in_force, earlier=earlier_terms, at=then) if earlier_terms else None
        ),
    )


async def _earlier_cheaper_terms(session: Session, *, in_force: Terms) -> tuple[Terms, ...]:
    """The earlier versions, oldest first, if a reward may have been cheaper in one of them; otherwise none."""
    if in_force.version == 1:
        return ()
    earlier = await versions.earlier(session, number=in_force.version)
    return earlier if protects_lower_prices(in_force, earlier_terms=earlier) else ()


def _old_prices(open_lots: Sequence[Lot], *, in_force: Terms, earlier: tuple[Terms, ...], at: datetime) -> OldPrices:
    spendable = tuple(lot for lot in open_lots if lot.free and lot.available_from <= at)
    return OldPrices(terms=in_force, earlier_terms=earlier, lots=spendable, at=at)
