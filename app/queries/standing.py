"""Where a customer stands at a moment, as a till would see it: the balance as it is kept, or told up to then where that says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.deciding.price_lists import PriceLists
from app.domain.facts import PurchaseFacts
from app.domain.ledger import Balance
from app.domain.terms import Terms
from app.domain.units import Unit
from app.domain.wallets.coming import Coming
from app.domain.wallets.coming import coming as coming_of
from app.domain.wallets.pending import NOTHING_PENDING, PendingPoints, pending_points
from app.store import customers, following, members, price_lists
from app.store.customers import CustomerBy, CustomerRow
from app.store.held_uses import counting_holds_as_used
from app.store.telling import Retold, balance_of, retell
from app.store.terms import in_force as terms_in_force
from app.store.unit import Session

NOTHING = Balance()
"""What there is of a unit in which nothing was ever collected."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a till decides by: the facts with what the terms ask of the customer, and what is there to pay with.

    `held` is what can be spent and what is owed, by unit; `lists` what points of different age pay; `pending` the points
    that wait.
    """

    customer: CustomerRow
    facts: PurchaseFacts
    held: Mapping[Unit, Balance]
    lists: PriceLists | None
    pending: PendingPoints = NOTHING_PENDING

    def can_pay(self, unit: Unit) -> Balance:
        """What is there of a unit."""
        return self.held.get(unit, NOTHING)


def held_of(customer: CustomerRow) -> dict[Unit, Balance]:
    """What a customer's wallet holds, by unit, as it was read."""
    return {Unit.POINTS: customer.account.balance} | {unit: one.balance for unit, one in customer.others.items()}


async def standing(
    session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> Standing:
    """Where the customer stands at the time of the facts: what is decided by it is what a till would decide."""
    at, account = facts.occurred_at, customer.account
    facts = await members.seen(session, program_id=program_id, customer=customer, terms=terms, facts=facts)
    stands = await _as_kept(session, program_id=program_id, customer=customer, terms=terms, facts=facts)
    if stands is not None:
        return stands
    retold = await retell(session, program_id=program_id, account=account, until=at)
    owner = customer.asked_for or customer.id
    then = retold.course if account.precedes(at) else retold.as_of(at, customer_id=owner)
    facts = counting_holds_as_used(
        then.holders[owner].seen(facts, terms=terms),
        customer_id=owner,
        terms=terms,
        told=retold.told,
        then=then,
        at=retold.until,
    )
    return Standing(
        customer=_as_told(customer, retold=retold),
        facts=facts,
        held={
            unit: replace(now, available=min(then.purses[unit].holdings.available(at=at), now.available))
            for unit, now in retold.balances.items()
        },
        lists=then.price_lists(terms=terms, at=at),
        pending=pending_points(retold.course, terms=terms, at=retold.until),
    )


async def _as_kept(
    session: Session, *, program_id: str, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> Standing | None:
    """The same by what is kept; None where only the history says it.

    A hold counts as used, and points that wait come one day, of which what is kept knows only that of points that never expire.
    """
    at, held = facts.occurred_at, held_of(customer)
    if any(balance.held or (balance.pending and unit is not Unit.POINTS) for unit, balance in held.items()):
        return None
    if not await following.follows(session, program_id=program_id, customer=customer, terms=terms, at=at):
        return None
    waiting: PendingPoints | None = NOTHING_PENDING
    if held[Unit.POINTS].pending:
        waiting = await price_lists.pending(session, program_id=program_id, customer=customer, in_force=terms, at=at)
    if waiting is None:
        return None
    lists = await price_lists.known(session, program_id=program_id, customer=customer, in_force=terms, at=at)
    return Standing(customer, facts, held, lists, waiting)


async def up_to_date(
    session: Session, *, program_id: str, customers: Sequence[CustomerRow], at: datetime
) -> list[CustomerRow]:
    """Customers with balance and level of a moment; those in whose wallets nothing was due before it are not told again."""
    in_force = await terms_in_force(session, program_id=program_id, at=at)
    return [
        _as_told(one, retold=await retell(session, program_id=program_id, account=one.account, until=at))
        if await _is_behind(session, program_id=program_id, customer=one, in_force=in_force, at=at)
        else one
        for one in customers
    ]


async def _is_behind(
    session: Session, *, program_id: str, customer: CustomerRow, in_force: Terms | None, at: datetime
) -> bool:
    """Whether time has changed something since the account was told."""
    account = customer.account
    if customer.merged_into is not None:
        return False
    if account.due_at is not None and account.due_at <= at:
        return True
    if in_force is None or account.terms_version >= in_force.version:
        return False
    return await following.turned(session, program_id=program_id, account=account, at=at)


def _as_told(customer: CustomerRow, *, retold: Retold) -> CustomerRow:
    account = customer.account._replace(balance=retold.balance)
    told = retold.told.others
    others = {unit: one._replace(balance=retold.balances.get(unit, one.balance)) for unit, one in told.items()}
    return replace(customer, account=account, others=others, standing=retold.course.holders[customer.id].standing)


async def coming(session: Session, *, program_id: str, ids: Sequence[str], at: datetime) -> list[Coming | None]:
    """What expires next and what becomes available next for customers, as things stand at a moment; None for nobody."""
    found = await customers.by_ids(session, program_id=program_id, customer_ids=ids)
    told: dict[str, Coming] = {}
    for id, one in found.items():
        retold = await retell(session, program_id=program_id, account=one.account, until=at)
        told[id] = coming_of(retold.course.points, at=retold.until)
    return [told.get(id) for id in ids]


async def balance_at(
    session: Session, *, program_id: str, customer_id: str, at: datetime, unit: Unit
) -> Balance | None:
    """What the customer held of a unit at a moment that has passed, by all that is known of the time up to it; None for nobody."""
    customer = await customers.find(session, program_id=program_id, by=CustomerBy(customer_id))
    if customer is None:
        return None
    retold = await retell(session, program_id=program_id, account=customer.account, until=at)
    return balance_of(retold.as_of(at, customer_id=customer_id), at=at, unit=unit)
