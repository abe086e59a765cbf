"""Redemptions, as a client reads them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.enums import RedemptionState
from app.api.conventions.ids import encode
from app.api.conventions.money import PointUnit, unit_of
from app.api.conventions.node import Node
from app.api.conventions.pagination import IdWindow, PageInfo, encode_id_cursor
from app.api.types.programs.actor import Actor, load_actor
from app.api.types.rewards.reward import Reward
from app.domain.engine import reversal
from app.domain.rewards.redemption import Redemption as RedemptionEntity
from app.domain.rewards.redemption import RedemptionState as RedemptionStateEntity
from app.domain.units import Unit
from app.queries.rewards import offers, redemptions


@strawberry.type(description="A reward that a customer was given. Seen by whoever sees the customer.")
class Redemption(Node):
    """The reward and what was paid for it."""

    entity: strawberry.Private[RedemptionEntity]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    state: RedemptionState = strawberry.field(description="How far it has come.")
    points: int = strawberry.field(description="What was paid, or reserved for it, in its unit.")
    occurred_at: datetime = strawberry.field(
        description="Business time; of a redemption that began as a hold, when the hold was placed."
    )
    held_until: datetime | None = strawberry.field(
        description="Until when points or stamps, and stock, were reserved for it at the latest; null where it was paid at once."
    )
    checkout: str | None = strawberry.field(
        description="The checkout that it was reserved for; null where it was paid at once."
    )
    recorded_at: datetime = strawberry.field(
        description="Server time; in a sandbox what the clock of the program showed."
    )

    issued_at: datetime | None = strawberry.field(
        description="When its customer paid for it with a key of their own; null where a till redeemed it, and while it is held."
    )
    fulfilled_at: datetime | None = strawberry.field(description="When the reward was handed over; null before.")

    @classmethod
    def of(cls, entity: RedemptionEntity) -> Redemption:
        """The GraphQL object for a stored redemption."""
        return cls(
            entity=entity,
            id=strawberry.ID(encode("Redemption", entity.id)),
            state=RedemptionState(entity.state.value),
            points=entity.points,
            occurred_at=entity.occurred_at,
            held_until=entity.held_until,
            checkout=entity.checkout,
            recorded_at=entity.recorded_at,
            issued_at=entity.issued_at,
            fulfilled_at=entity.fulfilled_at,
        )

    @strawberry.field(description="The unit of `points`.")
    def unit(self, info: Info) -> PointUnit:
        """The unit in which the reward was paid."""
        return unit_of(info.context, Unit.STAMPS if self.entity.decision.stamps else Unit.POINTS)

    @strawberry.field(
        description="The access key with which it was redeemed or, where it began as a hold, held; null where that was the `troth` command. For the owner, null to others."
    )
    async def actor(self, info: Info) -> Actor | None:
        """The access key, by its id."""
        return await load_actor(self.entity.actor, info=info)

    @strawberry.field(
        description="The first instant at which its customer can no longer cancel it, by the terms of the redemption; null if it is not ISSUED, or if those terms do not let customers cancel."
    )
    async def cancellable_until(self, info: Info) -> datetime | None:
        """By the clause on cancelling of the terms that decided the redemption."""
        if self.entity.state is not RedemptionStateEntity.ISSUED or self.entity.issued_at is None:
            return None
        terms = await info.context.terms(self.entity.terms_version)
        return reversal.cancellable_until(terms, paid_at=self.entity.issued_at)

    @strawberry.field(description="The reward.")
    async def reward(self, info: Info) -> Reward | None:
        """The reward as it is now."""
        reward = await info.context.load(offers.rewards_by_id, self.entity.reward_id)
        return Reward.of(reward, context=info.context) if reward is not None else None


@strawberry.type(description="A redemption with its cursor.")
class RedemptionEdge:
    """An edge of the connection."""

    cursor: str = strawberry.field(description="Opaque cursor, for `after` and `before`.")
    node: Redemption = strawberry.field(description="The redemption.")


@strawberry.type(description="A page of redemptions, the latest recorded first.")
class RedemptionConnection:
    """A connection."""

    nodes: list[Redemption] = strawberry.field(description="The redemptions alone.")
    page_info: PageInfo = strawberry.field(description="Whether there are more pages before and after.")

    @strawberry.field(description="The redemptions with their cursors.")
    def edges(self) -> list[RedemptionEdge]:
        """Each redemption with its cursor."""
        return [RedemptionEdge(cursor=encode_id_cursor(node.entity.id), node=node) for node in self.nodes]


async def redemption_connection(
    customer_id: str, *, state: RedemptionState | None, window: IdWindow, context: Context
) -> RedemptionConnection:
    """A page of the redemptions of a customer whom the caller may see."""
    page = await context.query(
        redemptions.redemption_page,
        customer_id=customer_id,
        state=None if state is None else RedemptionStateEntity(state.value),
        size=window.size,
        after=window.after,
        before=window.before,
        from_end=window.from_end,
    )
    cursors = [encode_id_cursor(redemption.id) for redemption in page.redemptions]
    return RedemptionConnection(
        nodes=[Redemption.of(redemption) for redemption in page.redemptions],
        page_info=PageInfo(
            has_next_page=page.more_after,
            has_previous_page=page.more_before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        ),
    )
