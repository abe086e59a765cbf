"""A customer's balance of one unit: what it buys, and how it will change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.scalars import BigInt
from app.api.types.ledger.expiry import NextActivation, NextExpiry
from app.api.types.rewards.reward import Reward
from app.domain.customers.customer import Customer, CustomerReference
from app.domain.ledger.entries import Balance as BalanceEntity
from app.domain.purchases.facts import PurchaseFacts
from app.domain.units import Unit
from app.domain.wallets.forecast import WalletForecast
from app.queries.customers import current_state
from app.queries.rewards import offers


@strawberry.type(description="What a customer has of one unit.")
class Balance:
    """Whole points at `asOf`."""

    entity: strawberry.Private[BalanceEntity]
    in_points: strawberry.Private[bool]
    customer: strawberry.Private[Customer | None]
    unit: PointUnit = strawberry.field(description="The unit.")
    available: int = strawberry.field(description="Can be spent now.")
    pending: int = strawberry.field(description="Earned, not available yet.")
    held: int = strawberry.field(description="Reserved by a checkout.")
    owed: int = strawberry.field(description="Clawed back beyond the balance; points earned later repay it first.")
    lifetime: BigInt = strawberry.field(description="Ever earned, as text.")
    qualifying: int = strawberry.field(
        description="Points that count towards a tier; in a shared wallet those of all its customers, while `Customer.tier` has those of one."
    )
    as_of: datetime = strawberry.field(description="The instant of this balance.")

    @strawberry.field(description="The rewards that this balance pays for now, without a basket; at most 100.")
    async def buys_today(self, info: Info) -> list[Reward]:
        """Decided as `redeemReward` would."""
        context = info.context
        if self.customer is None:
            return []
        priced = await context.query_heavy(
            offers.offers_for,
            by=CustomerReference(self.customer.id),
            facts=no_basket(context),
            principal=context.principal,
        )
        if not isinstance(priced, offers.Offers):
            return []
        wanted = [offer for offer in priced.offers if offer.available and (offer.unit is Unit.POINTS) is self.in_points]
        return [Reward.of(offer.reward, context=context) for offer in wanted][:100]

    @strawberry.field(
        description="The points that expire next; null when none do. Only for a customer's current balance: null in the payload of a mutation and for a balance of the past."
    )
    async def next_expiry(self, info: Info) -> NextExpiry | None:
        """By a replay of the wallet, assuming that nothing more happens."""
        forecast = await self._forecast(info)
        return NextExpiry.of(forecast.expiry) if forecast is not None and forecast.expiry is not None else None

    @strawberry.field(description="The points that become available next; null as for `nextExpiry`.")
    async def next_activation(self, info: Info) -> NextActivation | None:
        """As `next_expiry`."""
        forecast = await self._forecast(info)
        return (
            NextActivation.of(forecast.activation) if forecast is not None and forecast.activation is not None else None
        )

    async def _forecast(self, info: Info) -> WalletForecast | None:
        if self.customer is None or not self.in_points:
            return None
        return await info.context.load_heavy(current_state.forecasts, self.customer.id, at=info.context.now)


def balances(
    wallet_balances: Mapping[Unit, BalanceEntity] | None, *, context: Context, customer: Customer | None = None
) -> list[Balance]:
    """GraphQL objects for balances; `customer` is whose they are when they are the present ones."""
    return [
        balance(entity, unit=unit, customer=customer, context=context)
        for unit, entity in (wallet_balances or {}).items()
    ]


def balance(
    entity: BalanceEntity,
    *,
    unit: Unit,
    context: Context,
    customer: Customer | None = None,
    as_of: datetime | None = None,
) -> Balance:
    """The GraphQL object for a balance; `as_of` is an instant in the past, default now."""
    return Balance(
        entity=entity,
        in_points=unit is Unit.POINTS,
        customer=customer,
        unit=unit_of(context, unit),
        available=entity.available,
        pending=entity.pending,
        held=entity.held,
        owed=entity.owed,
        lifetime=BigInt(entity.lifetime),
        qualifying=entity.qualifying,
        as_of=as_of or context.now,
    )


def no_basket(context: Context) -> PurchaseFacts:
    """The facts of an empty basket, at the present time."""
    return PurchaseFacts(
        occurred_at=context.now, zone=context.program.zone, currency=context.program.currency, lines=()
    )
