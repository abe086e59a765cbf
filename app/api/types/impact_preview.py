"""Impact previews: a draft tried out on the purchases and redemptions that members really made."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.enums import register_enum
from app.api.conventions.ids import decode, encode
from app.api.conventions.node import Node
from app.api.conventions.scalars import BigInt
from app.api.types.customers.customer import Customer
from app.domain.simulation import impact
from app.domain.simulation.preview import Preview, PreviewState
from app.queries.customers import customers
from app.queries.terms.impact_previews import preview_by_id

register_enum(
    PreviewState,
    "How far an impact preview has come.",
    {
        PreviewState.QUEUED: "It waits for its turn.",
        PreviewState.RUNNING: "It is being computed.",
        PreviewState.DONE: "The result is there.",
        PreviewState.CANCELLED: "It was stopped.",
        PreviewState.FAILED: "Its process ended without a result, for example because the server stopped; request it again.",
    },
    name="ImpactPreviewState",
)


@strawberry.type(description="How far the replay has come.")
class ReplayProgress:
    """Counted in customers."""

    done: int = strawberry.field(description="Members that have been replayed.")
    total: int = strawberry.field(description="Members in all; 0 before it begins.")


@strawberry.type(description="What a draft means for one member.")
class MemberImpact:
    """Points, stamps, and rewards that only one of the versions grants."""

    domain_impact: strawberry.Private[impact.CustomerImpact]
    difference: int = strawberry.field(
        description="The additional points earned under the draft, minus the additional cost of rewards granted under both versions; a negative number is a loss. Rewards are charged at the draft's full price, even for points that were earned before it."
    )
    stamps_difference: int = strawberry.field(description="The difference in stamps, counted as `difference` is.")
    earned_before: int = strawberry.field(description="Points earned under the terms in force.")
    earned_after: int = strawberry.field(description="Points earned under the draft.")
    redemptions_lost: int = strawberry.field(
        description="Rewards that the member gets under the terms in force and not under the draft, at the draft's full price."
    )
    redemptions_won: int = strawberry.field(
        description="Rewards that the member gets under the draft, at its full price, and not under the terms in force."
    )

    @classmethod
    def of(cls, domain_impact: impact.CustomerImpact) -> MemberImpact:
        """The GraphQL object for a result of the domain."""
        return cls(
            domain_impact=domain_impact,
            difference=domain_impact.difference,
            stamps_difference=domain_impact.stamps,
            earned_before=domain_impact.earned_before,
            earned_after=domain_impact.earned_after,
            redemptions_lost=domain_impact.redemptions_lost,
            redemptions_won=domain_impact.redemptions_won,
        )

    @strawberry.field(description="The member; null when they are gone.")
    async def customer(self, info: Info) -> Customer | None:
        """Loaded in one batch with the other customers of the result."""
        customer = await info.context.load(
            customers.customers_as_of, self.domain_impact.customer_id, at=info.context.now
        )
        return Customer.of(customer) if customer is not None else None


@strawberry.type(description="What a draft means for a reward.")
class RewardImpact:
    """How many customers can afford the reward, before and after."""

    key: str = strawberry.field(description="The reward's key.")
    name: str = strawberry.field(description="What the terms call it.")
    members_before: int = strawberry.field(description="Members who can pay for it under the terms in force.")
    members_after: int = strawberry.field(description="Members who can pay for it under the draft, at its full price.")
    no_longer_affordable: int = strawberry.field(
        description="Members who can pay for it under the terms in force and not under the draft, at its full price. The points that they hold when the draft starts may keep the old price for a while (grandfathering), so that they can still afford it then."
    )
    redemptions_lost: int = strawberry.field(
        description="Redemptions that the draft would have refused, at its full price."
    )
    redemptions_won: int = strawberry.field(
        description="Redemptions that only the draft would have granted, at its full price."
    )


@strawberry.type(
    description="The past replayed under the terms in force (before) and under the draft (after), from the same balances, as far as goods were kept. A draft that says the same changes nothing. Under the draft every redemption is charged its full price, also for points that were earned before it: the protection of their old price (the clause grandfathering) is left out, so that at first fewer members lose than are shown."
)
class Impact:
    """The result of an impact preview."""

    domain_impact: strawberry.Private[impact.Impact]
    members: int = strawberry.field(description="Members, those who did nothing included.")
    purchases: int = strawberry.field(description="Purchases that were replayed.")
    redemptions: int = strawberry.field(description="Redemptions that were replayed.")
    gainers: int = strawberry.field(description="Members with something more and nothing less.")
    losers: int = strawberry.field(
        description="Members with anything less, at the draft's full price. While points that were earned before it keep the old price, there are fewer."
    )
    unchanged: int = strawberry.field(description="Members for whom nothing changes.")
    points_gained: BigInt = strawberry.field(description="The sum of all members' gains in points.")
    points_lost: BigInt = strawberry.field(
        description="The sum of all members' losses in points, at the draft's full price."
    )
    stamps_gained: BigInt = strawberry.field(description="The sum of all members' gains in stamps.")
    stamps_lost: BigInt = strawberry.field(description="The sum of all members' losses in stamps.")
    liability_before: BigInt = strawberry.field(
        description="Points that members hold at the end under the terms in force."
    )
    liability_after: BigInt = strawberry.field(
        description="Points that members hold at the end under the draft, at its full price."
    )

    @classmethod
    def of(cls, domain_impact: impact.Impact) -> Impact:
        """The GraphQL object for a result of the domain."""
        return cls(
            domain_impact=domain_impact,
            members=domain_impact.members,
            purchases=domain_impact.purchases,
            redemptions=domain_impact.redemptions,
            gainers=domain_impact.gainers,
            losers=domain_impact.losers,
            unchanged=domain_impact.members - domain_impact.gainers - domain_impact.losers,
            points_gained=BigInt(domain_impact.points_gained),
            points_lost=BigInt(domain_impact.points_lost),
            stamps_gained=BigInt(domain_impact.stamps_gained),
            stamps_lost=BigInt(domain_impact.stamps_lost),
            liability_before=BigInt(domain_impact.liability_before),
            liability_after=BigInt(domain_impact.liability_after),
        )

    @strawberry.field(description="The ten who gain most, most first.")
    def most_gaining(self) -> list[MemberImpact]:
        """By points, then by stamps, then by rewards."""
        return [MemberImpact.of(customer) for customer in self.domain_impact.most_gaining]

    @strawberry.field(description="The ten who lose most at the draft's full price, most first.")
    def most_losing(self) -> list[MemberImpact]:
        """By points, then by stamps, then by rewards."""
        return [MemberImpact.of(customer) for customer in self.domain_impact.most_losing]

    @strawberry.field(description="Every reward that is priced in either.")
    def rewards(self) -> list[RewardImpact]:
        """In the order of their clauses."""
        return [
            RewardImpact(
                key=reward.key,
                name=reward.name,
                members_before=reward.members_before,
                members_after=reward.members_after,
                no_longer_affordable=reward.no_longer_affordable,
                redemptions_lost=reward.redemptions_lost,
                redemptions_won=reward.redemptions_won,
            )
            for reward in self.domain_impact.rewards
        ]


@strawberry.type(description="A draft that is simulated on the recent past, in a process of its own.")
class ImpactPreview(Node):
    """A simulation; clients poll it until it has ended."""

    preview: strawberry.Private[Preview]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    state: PreviewState = strawberry.field(description="How far it has come.")
    days: int = strawberry.field(description="How many days back the replay begins.")
    requested_at: datetime = strawberry.field(description="When it was requested.")
    progress: ReplayProgress = strawberry.field(description="Members replayed so far.")

    @classmethod
    def of(cls, preview: Preview) -> ImpactPreview:
        """The GraphQL object for a result of the domain."""
        return cls(
            preview=preview,
            id=strawberry.ID(encode("ImpactPreview", preview.id)),
            state=preview.state,
            days=preview.days,
            requested_at=preview.requested_at,
            progress=ReplayProgress(done=preview.done, total=preview.total),
        )

    @strawberry.field(description="The result; null until the preview is done.")
    def result(self) -> Impact | None:
        """Complete once the preview is done."""
        return Impact.of(self.preview.result) if self.preview.result is not None else None


async def load_impact_preview(id: str, *, context: Context) -> ImpactPreview | None:
    """The preview with this opaque id; None if there is none."""
    key = decode(id, "ImpactPreview")
    preview = await context.query(preview_by_id, preview_id=key) if key is not None else None
    return ImpactPreview.of(preview) if preview is not None else None
