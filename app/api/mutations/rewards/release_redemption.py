"""releaseRedemption: a hold ends without payment; its points and stock are available again."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Info
from app.api.mutations.payload_objects import (
    BalancesPayload,
    WithCustomer,
    entry_of,
    redemption_of,
    result_field,
    reward_of,
)
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.rewards.hold_reference import HoldReferenceInput, hold_command
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import Reward
from app.domain.access import Permission
from app.usecases.rewards import end_hold
from app.usecases.rewards.end_hold import ReleaseHold, ReleaseHoldResult


@strawberry.input(description="A hold to release.")
class ReleaseRedemptionInput(CommandInput):
    """Which hold."""

    hold: HoldReferenceInput = strawberry.field(description="The hold.")


@strawberry.type(description="Result of `releaseRedemption`.")
class ReleaseRedemptionPayload(BalancesPayload[ReleaseHoldResult], WithCustomer[ReleaseHoldResult]):
    """The balances are those of the mutation; objects are read as they are now."""

    redemption: Redemption | None = result_field(
        ReleaseHoldResult, redemption_of, description="The redemption, now CANCELLED."
    )
    reward: Reward | None = result_field(
        ReleaseHoldResult, reward_of, description="The reward, as it is now: back in stock."
    )
    entry: LedgerEntry | None = result_field(
        ReleaseHoldResult,
        entry_of,
        description="The ledger entry by which points expired at once, because their last valid day had passed while they were held; null if none did.",
    )


async def resolve(
    info: Info,
    input: Annotated[ReleaseRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> ReleaseRedemptionPayload | None:
    """End the hold; points past their last valid day expire at once."""
    return await mutate(
        ReleaseRedemptionPayload,
        end_hold.release,
        hold_command(ReleaseHold, input.hold),
        permission=Permission.REDEEM,
        input=input,
        info=info,
    )
