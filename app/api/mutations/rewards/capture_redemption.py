"""captureRedemption: a hold is paid for, and its reward handed over."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithCustomer,
    WithReward,
    entry_of,
    redemption_of,
    result_field,
)
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.rewards.hold_reference import HoldReferenceInput, hold_command
from app.api.types.rewards.redemption import Redemption
from app.domain.access import Permission
from app.usecases.rewards import end_hold
from app.usecases.rewards.end_hold import CaptureHold, CaptureHoldResult


@strawberry.input(description="A hold to capture.")
class CaptureRedemptionInput(CommandInput):
    """Which hold."""

    hold: HoldReferenceInput = strawberry.field(description="The hold.")


@strawberry.type(description="Result of `captureRedemption`.")
class CaptureRedemptionPayload(
    DecisionPayload[CaptureHoldResult], WithReward[CaptureHoldResult], WithCustomer[CaptureHoldResult]
):
    """The decision is that of the hold; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="The decision by which the reward was reserved, as of that time; null with a user error.",
    )

    redemption: Redemption | None = result_field(
        CaptureHoldResult,
        redemption_of,
        description="The redemption, now FULFILLED, or ISSUED if the customer captured it.",
    )
    entry: LedgerEntry | None = result_field(
        CaptureHoldResult,
        entry_of,
        description="The ledger entry that paid, at the business time of the hold.",
    )


async def resolve(
    info: Info,
    input: Annotated[CaptureRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> CaptureRedemptionPayload | None:
    """Pay the held points, by the decision that was made when the hold began."""
    return await mutate(
        CaptureRedemptionPayload,
        end_hold.capture,
        hold_command(CaptureHold, input.hold),
        permission=Permission.REDEEM,
        input=input,
        info=info,
    )
