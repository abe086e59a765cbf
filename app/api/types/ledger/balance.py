"""A wallet's balance of one unit: what it buys, and how it will change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import orjson
import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.ids import encode
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.scalars import BigInt
from app.api.types.ledger.expiry import NextActivation, NextExpiry
from app.api.types.rewards.reward import Reward
from app.domain.access import Role
from app.domain.customers.customer import CustomerReference
from app.domain.ledger.entries import Balance as BalanceEntity
from app.domain.purchases.facts import PurchaseFacts
from app.domain.units import Unit
from app.domain.wallets.forecast import WalletForecast
from app.queries.customers import current_state, customers
from app.queries.rewards import offers


class HasBalances(Protocol):
    """The result of a command with the balances of its customer after it."""

    @property
    def customer_id(self) -> str:
        """The id of the customer."""

    @property
    def balances(self) -> Mapping[Unit, BalanceEntity]:
        """The balances by unit."""

    @property
    def first_carried_out_at(self) -> datetime | None:
        """When the command was carried out, if its key was repeated; None: just now."""


@strawberry.type(description="What a wallet has of one unit.")
class Balance:
    """Whole points or stamps at `as_of`; `past_instant` is the same instant, or None for the present balance."""

    entity: strawberry.Private[BalanceEntity]
    domain_unit: strawberry.Private[Unit]
    customer_id: strawberry.Private[str]
    wallet_id: strawberry.Private[str | None]
    past_instant: strawberry.Private[datetime | None]
    unit: PointUnit = strawberry.field(description="The unit.")
    available: int = strawberry.field(description="Can be spent now.")
    pending: int = strawberry.field(description="Earned, not available yet.")
    held: int = strawberry.field(description="Reserved by a checkout.")
    owed: int = strawberry.field(description="Clawed back beyond the balance; points earned later repay it first.")
    lifetime: BigInt = strawberry.field(description="Ever earned, as text.")
    qualifying: int = strawberry.field(
        description="Points that count towards a tier; in a shared wallet the points of all its customers (`Customer.tier` has those of one)."
    )
    as_of: datetime = strawberry.field(description="The instant of this balance.")

    @strawberry.field(
        description="Opaque id of the wallet's present balance in this unit. A balance of another moment, a previewed one, and one in the answer to a repeated command each have an id of their own, so that a client's cache keeps them apart from the present balance."
    )
    async def id(self, info: Info) -> strawberry.ID:
        """A past balance never changes, so its id is made from its content."""
        key = f"{await self._load_wallet_id(info.context)}.{self.domain_unit.value}"
        if self.past_instant is not None:
            content_hash = hashlib.sha256(orjson.dumps(self.entity.to_data(), option=orjson.OPT_SORT_KEYS))
            key += f".{self.past_instant.astimezone(UTC):%Y%m%d%H%M%S%f}.{content_hash.hexdigest()[:8]}"
        return strawberry.ID(encode("Balance", key))

    @strawberry.field(
        description="The rewards that this balance pays for now, without a basket; at most 100. In a shared wallet those that each of its customers can have; to a customer, those that they can have."
    )
    async def buys_today(self, info: Info) -> list[Reward]:
        """Decided as `redeemReward` would decide; empty for a past balance."""
        if self.past_instant is not None:
            return []
        context = info.context
        affordable_to_all: Sequence[Reward] | None = None
        for holder_id in await self._load_holder_ids(context):
            affordable = await self._affordable_rewards(holder_id, context=context)
            ids = {reward.id for reward in affordable}
            affordable_to_all = (
                affordable
                if affordable_to_all is None
                else [reward for reward in affordable_to_all if reward.id in ids]
            )
        return list(affordable_to_all or ())[:100]

    async def _load_holder_ids(self, context: Context) -> list[str]:
        """The customers who must be able to have a reward: the calling customer, or everybody who shares the wallet."""
        if context.principal.customer_id is not None:
            return [self.customer_id]
        wallet_id = await self._load_wallet_id(context)
        return [holder.id for holder in await context.load(customers.wallet_holders, wallet_id, at=context.now)]

    async def _load_wallet_id(self, context: Context) -> str:
        """The id of the wallet, which is read if the balance comes from the result of a command."""
        if self.wallet_id is not None:
            return self.wallet_id
        customer = await context.load(customers.customers_as_of, self.customer_id, at=context.now)
        assert customer is not None, "a customer is never deleted"
        return customer.account.wallet_id

    async def _affordable_rewards(self, customer_id: str, *, context: Context) -> list[Reward]:
        offers_found = await context.query_heavy(
            offers.offers_for,
            by=CustomerReference(customer_id),
            facts=empty_basket(context),
            principal=context.principal,
        )
        if not isinstance(offers_found, offers.Offers):
            return []
        affordable_offers = [
            offer for offer in offers_found.offers if offer.available and offer.unit is self.domain_unit
        ]
        return [Reward.of(offer.reward, context=context) for offer in affordable_offers]

    @strawberry.field(
        description="The points that expire next; null when none do. Only for a present balance: null for a balance of another moment, for a previewed one, and in the answer to a repeated command."
    )
    async def next_expiry(self, info: Info) -> NextExpiry | None:
        """By a replay of the wallet, assuming that nothing more happens."""
        forecast = await self._forecast(info)
        return NextExpiry.of(forecast.expiry) if forecast is not None and forecast.expiry is not None else None

    @strawberry.field(
        description="The points that become available next; null when none do, and for balances without `nextExpiry`."
    )
    async def next_activation(self, info: Info) -> NextActivation | None:
        """By a replay of the wallet, assuming that nothing more happens."""
        forecast = await self._forecast(info)
        return (
            NextActivation.of(forecast.activation) if forecast is not None and forecast.activation is not None else None
        )

    async def _forecast(self, info: Info) -> WalletForecast | None:
        if self.past_instant is not None or self.domain_unit is not Unit.POINTS:
            return None
        return await info.context.load_heavy(current_state.forecasts, self.customer_id, at=info.context.now)


def balance_objects(
    balances: Mapping[Unit, BalanceEntity],
    *,
    customer_id: str,
    context: Context,
    wallet_id: str | None = None,
    past_instant: datetime | None = None,
) -> list[Balance]:
    """GraphQL objects for the balances of a customer's wallet; `past_instant` is their instant if they are not present ones."""
    return [
        Balance(
            entity=entity,
            domain_unit=unit,
            customer_id=customer_id,
            wallet_id=wallet_id,
            past_instant=past_instant,
            unit=unit_of(context, unit),
            available=entity.available,
            pending=entity.pending,
            held=entity.held,
            owed=entity.owed,
            lifetime=BigInt(entity.lifetime),
            qualifying=entity.qualifying,
            as_of=past_instant or context.now,
        )
        for unit, entity in balances.items()
    ]


def balances_after(result: HasBalances, *, context: Context) -> list[Balance]:
    """GraphQL objects for the balances after a command."""
    return balance_objects(
        result.balances, customer_id=result.customer_id, past_instant=result.first_carried_out_at, context=context
    )


def empty_basket(context: Context) -> PurchaseFacts:
    """The facts of an empty basket, at the present time; a caller with a customer's key would redeem without a till."""
    return PurchaseFacts(
        occurred_at=context.now,
        zone=context.program.zone,
        currency=context.program.currency,
        lines=(),
        self_service=context.principal.role is Role.CUSTOMER,
    )
