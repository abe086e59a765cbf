"""The tiers of customers: from the snapshot, or by a replay where more is requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.customers.current_tier import CurrentTier
from app.domain.customers.customer import Customer
from app.domain.decisions import Reason
from app.domain.engine.tiers import TierChange, kept_tier_reason
from app.domain.terms.version import Terms
from app.domain.wallets.tier_forecast import TierForecast, forecast_tier
from app.domain.wallets.wallet import Wallet
from app.store.customers import customers, wallet_members
from app.store.database.session import Session
from app.store.events import event_log, snapshot_path
from app.store.events.replay import replay_recorded
from app.store.terms import known_versions
from app.store.terms.known_versions import Versions


@dataclass(frozen=True, slots=True)
class TierHistory:
    """What only a replay can say of a tier.

    `changes` are oldest first. `kept_because` is why the customer still holds a tier that their points no longer reach;
    None if the points reach it.
    """

    changes: tuple[TierChange, ...] = ()
    kept_because: Reason | None = None
    forecast: TierForecast | None = None


@dataclass(frozen=True, slots=True)
class TierStatus:
    """The tier that a customer holds at an instant, with the qualifying points then.

    `terms` are in force at the instant, None before the first terms. `named_by` are the latest terms started by then
    that have the tier, None if the customer holds none.
    """

    tier: CurrentTier
    qualifying: int
    terms: Terms | None
    named_by: Terms | None
    history: TierHistory


async def tier_statuses(
    session: Session, *, ids: Sequence[str], at: datetime, with_history: bool
) -> list[TierStatus | None]:
    """The tiers of customers (by id), in the order requested; with their histories if `with_history`.

    Without history the stored tier is enough, unless something has fallen due since it was stored, or the customer
    shares the wallet.
    """
    versions = await known_versions.load(session)
    customers_by_id = await customers.by_ids(session, customer_ids=ids)
    has_tiers = any(version.tiers for version in versions.not_withdrawn)
    wallet_by_customer: dict[str, Wallet] = {}
    if has_tiers:
        wallet_ids = [customer.account.wallet_id for customer in customers_by_id.values()]
        shared_wallet_ids = await wallet_members.shared_wallets(session, wallet_ids=wallet_ids)
        to_replay = [
            customer
            for customer in customers_by_id.values()
            if with_history
            or customer.account.wallet_id in shared_wallet_ids
            or not (customer.account.next_change_at is None or at < customer.account.next_change_at)
            or snapshot_path.tier_terms_started_in(customer.account, versions=versions.not_withdrawn, at=at)
        ]
        wallet_by_customer = await _replayed_wallets(session, replayed_customers=to_replay, versions=versions, at=at)
    return [
        _status(
            customers_by_id[id],
            wallet=wallet_by_customer.get(customers_by_id[id].id),
            versions=versions,
            at=at,
            with_history=with_history,
        )
        if id in customers_by_id
        else None
        for id in ids
    ]


async def _replayed_wallets(
    session: Session, *, replayed_customers: Sequence[Customer], versions: Versions, at: datetime
) -> dict[str, Wallet]:
    """The wallets of customers, replayed up to an instant, by customer id."""
    accounts = list({customer.account.id: customer.account for customer in replayed_customers}.values())
    histories = await event_log.load_many(session, points_accounts=accounts, versions=versions)
    return {
        customer.id: replay_recorded(histories[customer.account.id], versions=versions, events=(), until=at).wallet
        for customer in replayed_customers
    }


def _status(
    customer: Customer, *, wallet: Wallet | None, versions: Versions, at: datetime, with_history: bool
) -> TierStatus:
    terms = next((version for version in reversed(versions.not_withdrawn) if version.effective_from <= at), None)
    tier, qualifying, history = customer.tier, customer.account.balance.qualifying, TierHistory()
    membership = wallet.memberships.get(customer.id) if wallet is not None else None
    if wallet is not None and membership is not None and terms is not None:
        tier, qualifying = membership.tier, membership.qualifying_points.counting_points(terms=terms, at=at)
        if with_history:
            history = TierHistory(
                changes=tuple(_changes(wallet, customer_id=customer.id)),
                kept_because=kept_tier_reason(
                    tier,
                    qualifying_points=membership.qualifying_points.deciding_points(terms=terms, at=at),
                    terms=terms,
                ),
                forecast=forecast_tier(wallet, customer_id=customer.id),
            )
    started_versions = (version for version in reversed(versions.not_withdrawn) if version.effective_from <= at)
    named_by = next(
        (version for version in started_versions if any(offered.tier == tier.key for offered in version.tiers)), None
    )
    return TierStatus(tier=tier, qualifying=qualifying, terms=terms, named_by=named_by, history=history)


def _changes(wallet: Wallet, *, customer_id: str) -> Iterator[TierChange]:
    """The changes of a customer's tier, including those in wallets merged into this one."""
    for other in wallet.merged_wallets:
        yield from _changes(other, customer_id=customer_id)
    yield from (change for change in wallet.tier_changes if change.customer_id == customer_id)
