"""The state of a customer at an instant, as a till would see it: from the snapshot, or by a replay if that is out of date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.customers.customer import Customer, CustomerReference
from app.domain.engine.old_prices import OldPrices
from app.domain.ledger.entries import Balance
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.forecast import WalletForecast, wallet_forecast
from app.domain.wallets.pending_points import NOTHING_PENDING, PendingPoints, pending_points_of_wallet
from app.store.customers import customers, rule_facts
from app.store.database.session import Session
from app.store.events import snapshot_path, stored_old_prices
from app.store.events.replay import ReplayedWallet, balance_of, replay_wallet
from app.store.events.uses_on_hold import uses_on_hold
from app.store.terms.versions import in_force as terms_in_force

NO_BALANCE = Balance()
"""The balance in a unit that was never earned."""


@dataclass(frozen=True, slots=True)
class CurrentState:
    """What a decision for a customer is based on.

    `facts` contain the rule facts that the terms require about the customer. `balances` are by unit. `old_prices` is
    None if all points pay the current prices.
    """

    customer: Customer
    facts: PurchaseFacts
    balances: Mapping[Unit, Balance]
    old_prices: OldPrices | None
    pending: PendingPoints = NOTHING_PENDING

    def balance_of(self, unit: Unit) -> Balance:
        """The balance in a unit; zero if the wallet never had any of it."""
        return self.balances.get(unit, NO_BALANCE)


def balances_of(customer: Customer) -> dict[Unit, Balance]:
    """The stored balances of a customer's wallet, by unit."""
    return {Unit.POINTS: customer.account.balance} | {
        unit: account.balance for unit, account in customer.other_accounts.items()
    }


async def current_state_of(session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts) -> CurrentState:
    """The customer's state at the time of the facts: a till would get the decision that is based on it."""
    at, account = facts.occurred_at, customer.account
    facts = await rule_facts.with_rule_facts(session, customer=customer, terms=terms, facts=facts)
    state = await _state_from_snapshot(session, customer=customer, terms=terms, facts=facts)
    if state is not None:
        return state
    replayed = await replay_wallet(session, account=account, until=at)
    customer_id = customer.requested_id or customer.id
    wallet = replayed.wallet if account.all_events_before(at) else replayed.as_of(at, customer_id=customer_id)
    on_hold = uses_on_hold(
        replayed.recorded_history, customer_id=customer_id, terms=terms, wallet=wallet, at=replayed.until
    )
    facts = wallet.memberships[customer_id].with_rule_facts(facts, terms=terms, held_uses=on_hold)
    return CurrentState(
        customer=_as_replayed(customer, replayed=replayed),
        facts=facts,
        balances={
            unit: replace(
                balance, available=min(wallet.unit_accounts[unit].inventory.available_points(at=at), balance.available)
            )
            for unit, balance in replayed.balances.items()
        },
        old_prices=wallet.old_prices(terms=terms, at=at),
        pending=pending_points_of_wallet(replayed.wallet, terms=terms, at=replayed.until),
    )


async def _state_from_snapshot(
    session: Session, *, customer: Customer, terms: Terms, facts: PurchaseFacts
) -> CurrentState | None:
    """The state from the snapshot; None if it takes a replay.

    It always takes a replay for a wallet with an active hold, because the hold counts as a use, and for one with
    pending stamps. For pending points the snapshot is enough if they never expire.
    """
    at, balances = facts.occurred_at, balances_of(customer)
    if any(balance.held or (balance.pending and unit is not Unit.POINTS) for unit, balance in balances.items()):
        return None
    if not await snapshot_path.can_apply_to_snapshot(session, customer=customer, terms=terms, at=at):
        return None
    pending: PendingPoints | None = NOTHING_PENDING
    if balances[Unit.POINTS].pending:
        pending = await stored_old_prices.pending_points(session, customer=customer, in_force=terms, at=at)
    if pending is None:
        return None
    old_prices = await stored_old_prices.read(session, customer=customer, in_force=terms, at=at)
    return CurrentState(customer, facts, balances, old_prices, pending)


async def as_of(session: Session, *, stored_customers: Sequence[Customer], at: datetime) -> list[Customer]:
    """Customers with balance and tier as of an instant; only those in whose wallets something was due by then are replayed."""
    in_force = await terms_in_force(session, at=at)
    return [
        _as_replayed(customer, replayed=await replay_wallet(session, account=customer.account, until=at))
        if await _is_behind(session, customer=customer, in_force=in_force, at=at)
        else customer
        for customer in stored_customers
    ]


async def _is_behind(session: Session, *, customer: Customer, in_force: Terms | None, at: datetime) -> bool:
    """Has anything fallen due by an instant since the customer's account was last replayed?"""
    account = customer.account
    if customer.survivor_id is not None:
        return False
    if account.next_change_at is not None and account.next_change_at <= at:
        return True
    if in_force is None or account.terms_version >= in_force.version:
        return False
    return await snapshot_path.tier_terms_started(session, account=account, at=at)


def _as_replayed(customer: Customer, *, replayed: ReplayedWallet) -> Customer:
    account = customer.account._replace(balance=replayed.balances[Unit.POINTS])
    other_accounts = {
        unit: other._replace(balance=replayed.balances.get(unit, other.balance))
        for unit, other in replayed.recorded_history.other_accounts.items()
    }
    tier = replayed.wallet.memberships[customer.id].tier
    return replace(customer, account=account, other_accounts=other_accounts, tier=tier)


async def forecasts(session: Session, *, ids: Sequence[str], at: datetime) -> list[WalletForecast | None]:
    """The next expiry and the next activation in the wallets of customers, as of an instant; None for an unknown customer."""
    by_id = await customers.by_ids(session, customer_ids=ids)
    forecast_by_id: dict[str, WalletForecast] = {}
    for id, customer in by_id.items():
        replayed = await replay_wallet(session, account=customer.account, until=at)
        forecast_by_id[id] = wallet_forecast(replayed.wallet.point_account, at=replayed.until)
    return [forecast_by_id.get(id) for id in ids]


async def balance_at(session: Session, *, customer_id: str, at: datetime, unit: Unit) -> Balance | None:
    """A customer's balance of a unit at a past instant, by all events until then that are known today; None for an unknown customer."""
    customer = await customers.find(session, by=CustomerReference(customer_id))
    if customer is None:
        return None
    replayed = await replay_wallet(session, account=customer.account, until=at)
    return balance_of(replayed.as_of(at, customer_id=customer_id), at=at, unit=unit)
