"""Where a customer stands at a moment, as a till would see it: the balance as it is kept, or told up to then where that says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.engine.price_lists import PriceLists
from app.domain.ledger.entries import Balance
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.forecast import WalletForecast
from app.domain.wallets.forecast import forecast as coming_of
from app.domain.wallets.pending import NOTHING_PENDING, PendingPoints, pending_points
from app.store.customers import customers, rule_facts
from app.store.customers.customers import CustomerBy, CustomerRow
from app.store.database.session import Session
from app.store.events import fast_path, price_lists
from app.store.events.held_uses import counting_holds_as_used
from app.store.events.replay import ReplayedAccount, balance_of, replay_account
from app.store.terms.versions import in_force as terms_in_force

NOTHING = Balance()
"""What there is of a unit in which nothing was ever collected."""


@dataclass(frozen=True, slots=True)
class CurrentState:
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


def balances_of(customer: CustomerRow) -> dict[Unit, Balance]:
    """What a customer's wallet holds, by unit, as it was read."""
    return {Unit.POINTS: customer.account.balance} | {
        unit: account.balance for unit, account in customer.others.items()
    }


async def standing(session: Session, *, customer: CustomerRow, terms: Terms, facts: PurchaseFacts) -> CurrentState:
    """Where the customer stands at the time of the facts: what is decided by it is what a till would decide."""
    at, account = facts.occurred_at, customer.account
    facts = await rule_facts.with_rule_facts(session, customer=customer, terms=terms, facts=facts)
    stands = await _as_kept(session, customer=customer, terms=terms, facts=facts)
    if stands is not None:
        return stands
    replayed = await replay_account(session, account=account, until=at)
    owner = customer.requested_id or customer.id
    then = replayed.wallet if account.precedes(at) else replayed.as_of(at, customer_id=owner)
    facts = counting_holds_as_used(
        then.memberships[owner].with_customer_facts(facts, terms=terms),
        customer_id=owner,
        terms=terms,
        recorded=replayed.recorded,
        then=then,
        at=replayed.until,
    )
    return CurrentState(
        customer=_as_replayed(customer, replayed=replayed),
        facts=facts,
        held={
            unit: replace(now, available=min(then.unit_accounts[unit].inventory.available(at=at), now.available))
            for unit, now in replayed.balances.items()
        },
        lists=then.price_lists(terms=terms, at=at),
        pending=pending_points(replayed.wallet, terms=terms, at=replayed.until),
    )


async def _as_kept(
    session: Session, *, customer: CustomerRow, terms: Terms, facts: PurchaseFacts
) -> CurrentState | None:
    """The same by what is kept; None where only the history says it.

    A hold counts as used, and points that wait come one day, of which what is kept knows only that of points that never expire.
    """
    at, held = facts.occurred_at, balances_of(customer)
    if any(balance.held or (balance.pending and unit is not Unit.POINTS) for unit, balance in held.items()):
        return None
    if not await fast_path.can_apply_to_snapshot(session, customer=customer, terms=terms, at=at):
        return None
    waiting: PendingPoints | None = NOTHING_PENDING
    if held[Unit.POINTS].pending:
        waiting = await price_lists.pending(session, customer=customer, in_force=terms, at=at)
    if waiting is None:
        return None
    lists = await price_lists.known(session, customer=customer, in_force=terms, at=at)
    return CurrentState(customer, facts, held, lists, waiting)


async def as_of_now(session: Session, *, customers: Sequence[CustomerRow], at: datetime) -> list[CustomerRow]:
    """Customers with balance and tier of a moment; those in whose wallets nothing was due before it are not told again."""
    in_force = await terms_in_force(session, at=at)
    return [
        _as_replayed(customer, replayed=await replay_account(session, account=customer.account, until=at))
        if await _is_behind(session, customer=customer, in_force=in_force, at=at)
        else customer
        for customer in customers
    ]


async def _is_behind(session: Session, *, customer: CustomerRow, in_force: Terms | None, at: datetime) -> bool:
    """Whether time has changed something since the account was told."""
    account = customer.account
    if customer.merged_into is not None:
        return False
    if account.next_change_at is not None and account.next_change_at <= at:
        return True
    if in_force is None or account.terms_version >= in_force.version:
        return False
    return await fast_path.tier_terms_started(session, account=account, at=at)


def _as_replayed(customer: CustomerRow, *, replayed: ReplayedAccount) -> CustomerRow:
    account = customer.account._replace(balance=replayed.balance)
    told = replayed.recorded.others
    others = {
        unit: each_account._replace(balance=replayed.balances.get(unit, each_account.balance))
        for unit, each_account in told.items()
    }
    return replace(customer, account=account, others=others, tier=replayed.wallet.memberships[customer.id].tier)


async def coming(session: Session, *, ids: Sequence[str], at: datetime) -> list[WalletForecast | None]:
    """What expires next and what becomes available next for customers, as things stand at a moment; None for nobody."""
    found = await customers.by_ids(session, customer_ids=ids)
    forecasts: dict[str, WalletForecast] = {}
    for id, customer in found.items():
        replayed = await replay_account(session, account=customer.account, until=at)
        forecasts[id] = coming_of(replayed.wallet.points, at=replayed.until)
    return [forecasts.get(id) for id in ids]


async def balance_at(session: Session, *, customer_id: str, at: datetime, unit: Unit) -> Balance | None:
    """What the customer held of a unit at a moment that has passed, by all that is known of the time up to it; None for nobody."""
    customer = await customers.find(session, by=CustomerBy(customer_id))
    if customer is None:
        return None
    replayed = await replay_account(session, account=customer.account, until=at)
    return balance_of(replayed.as_of(at, customer_id=customer_id), at=at, unit=unit)
