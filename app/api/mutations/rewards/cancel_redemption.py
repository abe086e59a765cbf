"""cancelRedemption: a redemption is reversed; its points and stock are restored."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.conventions.ids import decode
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithCustomer,
    entry_of,
    redemption_of,
    result_field,
    reward_of,
)
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import Reward
from app.domain.access import Permission
from app.domain.details import length_detail
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards import cancel_redemption
from app.usecases.rewards.cancel_redemption import CancelRedemption, CancelRedemptionResult

MAX_CANCELLATION_REASON = 500


@strawberry.input(description="A redemption to cancel.")
class CancelRedemptionInput(CommandInput):
    """Which one, and why."""

    redemption: strawberry.ID = strawberry.field(
        description="Opaque id of a redemption that was paid for. Owner and staff can cancel it, with a reason; a till the one that it handed over last, for 10 minutes; customers one of theirs that is ISSUED, for as long as the terms of the redemption allow. One that paid a purchase cannot be cancelled: its points are given back when that purchase is refunded."
    )
    reason: str | None = strawberry.field(
        default=None,
        description="Why, 1 to 500 characters; it stands in the ledger, where the customer sees it. Required from owner and staff.",
    )
    shop_at_fault: bool = strawberry.field(
        default=False,
        description="Whether the shop was at fault: then points that come back past their last valid day can be spent for 14 more days, until the end of the last day. For owner and staff.",
    )


@strawberry.type(description="Result of `cancelRedemption`.")
class CancelRedemptionPayload(DecisionPayload[CancelRedemptionResult], WithCustomer[CancelRedemptionResult]):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="Granted, with the points that were given back, or refused with UNDO_WINDOW_OVER; null with a user error.",
    )

    redemption: Redemption | None = result_field(
        CancelRedemptionResult, redemption_of, description="The redemption, now CANCELLED if that was possible."
    )
    reward: Reward | None = result_field(
        CancelRedemptionResult,
        reward_of,
        description="The reward, as it is now: back in stock if the redemption was cancelled.",
    )
    entry: LedgerEntry | None = result_field(
        CancelRedemptionResult,
        entry_of,
        description="The ledger entry that gave the points back; null when it was refused.",
    )


async def resolve(
    info: Info,
    input: Annotated[CancelRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> CancelRedemptionPayload | None:
    """Reverse a redemption, or say why it cannot be reversed."""
    return await mutate(
        CancelRedemptionPayload,
        cancel_redemption.run,
        _command(input, context=info.context),
        permission=Permission.CANCEL_REDEMPTIONS,
        input=input,
        info=info,
    )


def _command(input: CancelRedemptionInput, *, context: Context) -> CancelRedemption | Problem:
    redemption_id = decode(input.redemption, "Redemption")
    if redemption_id is None:
        return Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",))
    reason = input.reason.strip() if input.reason is not None else None
    if reason is not None and len(reason) > MAX_CANCELLATION_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=length_detail(1, MAX_CANCELLATION_REASON))
    return CancelRedemption(
        redemption_id=redemption_id,
        role=context.principal.role,
        reason=reason or None,
        shop_at_fault=input.shop_at_fault,
    )
