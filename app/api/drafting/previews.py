"""Impact previews: a draft tried out on what members really did."""

from __future__ import annotations

from datetime import datetime

import strawberry

from app.api.conventions.context import Context, Info
from app.api.conventions.enums import described
from app.api.conventions.ids import decode, encode
from app.api.conventions.node import Node
from app.api.conventions.scalars import BigInt
from app.api.customers.customers import Customer
from app.domain.changing import impact
from app.queries import cards
from app.queries.previews import Preview, PreviewState, one_preview

described(
    PreviewState,
    "How far an impact preview has come.",
    {
        PreviewState.QUEUED: "It waits.",
        PreviewState.RUNNING: "It is computed.",
        PreviewState.DONE: "The result is there.",
        PreviewState.CANCELLED: "It was stopped.",
        PreviewState.FAILED: "Its process ended without a result, for example with the server; ask again.",
    },
    name="ImpactPreviewState",
)


@strawberry.type(description="How far the replay has come.")
class ReplayProgress:
    """In members."""

    done: int = strawberry.field(description="Members that are replayed.")
    total: int = strawberry.field(description="Members in all; 0 before it begins.")


@strawberry.type(description="What a draft means for one member.")
class MemberImpact:
    """Points, stamps, and rewards that can be had one way only."""

    found: strawberry.Private[impact.MemberImpact]
    difference: int = strawberry.field(
        description="Points earned more, less what rewards that are had both ways cost more; negative is a loss. Charged at the draft's full price, also for points earned before it."
    )
    stamps_difference: int = strawberry.field(description="The same in stamps.")
    earned_before: int = strawberry.field(description="Points earned under the terms in force.")
    earned_after: int = strawberry.field(description="Points earned under the draft.")
    redemptions_lost: int = strawberry.field(
        description="Rewards had under the terms in force and not under the draft, at its full price."
    )
    redemptions_won: int = strawberry.field(
        description="Rewards had under the draft, at its full price, and not under the terms in force."
    )

    @classmethod
    def of(cls, one: impact.MemberImpact) -> MemberImpact:
        """For the reader."""
        return cls(
            found=one,
            difference=one.difference,
            stamps_difference=one.stamps,
            earned_before=one.earned_before,
            earned_after=one.earned_after,
            redemptions_lost=one.redemptions_lost,
            redemptions_won=one.redemptions_won,
        )

    @strawberry.field(description="The member; null when they are gone.")
    async def customer(self, info: Info) -> Customer | None:
        """Read with the others that are named."""
        row = await info.context.load(cards.cards, self.found.customer_id, at=info.context.now)
        return Customer.of(row) if row is not None else None


@strawberry.type(description="What a draft means for a reward.")
class RewardImpact:
    """Who can pay for it."""

    key: str = strawberry.field(description="The reward's key.")
    name: str = strawberry.field(description="What the terms call it.")
    members_before: int = strawberry.field(description="Members who can pay for it under the terms in force.")
    members_after: int = strawberry.field(description="Members who can pay for it under the draft, at its full price.")
    out_of_reach: int = strawberry.field(
        description="Members who can pay for it under the terms in force and not under the draft, at its full price. The points that they hold when it starts may keep the old price for a while (grandfathering), so that they can still have it then."
    )
    redemptions_lost: int = strawberry.field(
        description="Redemptions that the draft would have refused, at its full price."
    )
    redemptions_won: int = strawberry.field(
        description="Redemptions that only the draft would have granted, at its full price."
    )


@strawberry.type(
    description="The past replayed under the terms in force (before) and under the draft (after), from the same balances, as far as goods were kept. A draft that says the same changes nothing. Under the draft every redemption is charged its full price, also for points that were earned before it: that they keep the old price for a while (the clause grandfathering) is left out, so that at first fewer members lose than are shown."
)
class Impact:
    """The result."""

    found: strawberry.Private[impact.Impact]
    members: int = strawberry.field(description="Members, those who did nothing included.")
    purchases: int = strawberry.field(description="Purchases that were replayed.")
    redemptions: int = strawberry.field(description="Redemptions that were replayed.")
    gainers: int = strawberry.field(description="Members with something more and nothing less.")
    losers: int = strawberry.field(
        description="Members with anything less, at the draft's full price: while points earned before it keep the old price, fewer."
    )
    unchanged: int = strawberry.field(description="Members for whom it is all the same.")
    points_gained: BigInt = strawberry.field(description="Sum of what is more, in points.")
    points_lost: BigInt = strawberry.field(description="Sum of what is less, in points, at the draft's full price.")
    stamps_gained: BigInt = strawberry.field(description="Sum of what is more, in stamps.")
    stamps_lost: BigInt = strawberry.field(description="Sum of what is less, in stamps.")
    liability_before: BigInt = strawberry.field(description="Points that members hold at the end, terms in force.")
    liability_after: BigInt = strawberry.field(
        description="Points that members hold at the end, draft, at its full price."
    )

    @classmethod
    def of(cls, one: impact.Impact) -> Impact:
        """For the reader."""
        return cls(
            found=one,
            members=one.members,
            purchases=one.purchases,
            redemptions=one.redemptions,
            gainers=one.gainers,
            losers=one.losers,
            unchanged=one.members - one.gainers - one.losers,
            points_gained=BigInt(one.points_gained),
            points_lost=BigInt(one.points_lost),
            stamps_gained=BigInt(one.stamps_gained),
            stamps_lost=BigInt(one.stamps_lost),
            liability_before=BigInt(one.liability_before),
            liability_after=BigInt(one.liability_after),
        )

    @strawberry.field(description="The ten who gain most, most first.")
    def most_gaining(self) -> list[MemberImpact]:
        """By points, then by stamps, then by rewards."""
        return [MemberImpact.of(one) for one in self.found.most_gaining]

    @strawberry.field(description="The ten who lose most at the draft's full price, most first.")
    def most_losing(self) -> list[MemberImpact]:
        """By points, then by stamps, then by rewards."""
        return [MemberImpact.of(one) for one in self.found.most_losing]

    @strawberry.field(description="Every reward that is priced in either.")
    def rewards(self) -> list[RewardImpact]:
        """In the order of the terms."""
        return [
            RewardImpact(
                key=one.key,
                name=one.name,
                members_before=one.members_before,
                members_after=one.members_after,
                out_of_reach=one.out_of_reach,
                redemptions_lost=one.redemptions_lost,
                redemptions_won=one.redemptions_won,
            )
            for one in self.found.rewards
        ]


@strawberry.type(description="A draft that is tried out on the recent past, in a process beside the server.")
class ImpactPreview(Node):
    """Read it again until it has ended."""

    preview: strawberry.Private[Preview]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    state: PreviewState = strawberry.field(description="How far it is.")
    days: int = strawberry.field(description="How many days back the replay begins.")
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    progress: ReplayProgress = strawberry.field(description="Members replayed so far.")

    @classmethod
    def of(cls, one: Preview) -> ImpactPreview:
        """For the reader."""
        return cls(
            preview=one,
            id=strawberry.ID(encode("ImpactPreview", one.id)),
            state=one.state,
            days=one.days,
            requested_at=one.requested_at,
            progress=ReplayProgress(done=one.done, total=one.total),
        )

    @strawberry.field(description="What came out; null until it is done.")
    def result(self) -> Impact | None:
        """The whole result."""
        return Impact.of(self.preview.result) if self.preview.result is not None else None


async def impact_preview(id: str, *, context: Context) -> ImpactPreview | None:
    """The preview of an opaque id, for those who may publish."""
    key = decode(id, "ImpactPreview")
    found = await context.ask(one_preview, preview_id=key) if key is not None else None
    return ImpactPreview.of(found) if found is not None else None
