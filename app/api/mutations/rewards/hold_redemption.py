"""holdRedemption: a reward and its points are reserved for a checkout."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithCustomer,
    WithReward,
    redemption_of,
    result_field,
)
from app.api.mutations.rewards.redeem_reward import redemption_command
from app.api.types.customers.customer import CustomerBy
from app.api.types.decisions.decision import Decision
from app.api.types.purchases.purchase_input import BasketInput
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import RewardBy
from app.domain.access import Permission
from app.domain.details import length_detail, range_detail
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.commands import NewHold, RedeemReward, RedeemRewardResult

MAX_HOLD_MINUTES = 1440
"""The longest hold in minutes: one day."""

MAX_CHECKOUT_LENGTH = 100


@strawberry.input(description="A reward to reserve.")
class HoldRedemptionInput(CommandInput):
    """The customer, the reward, the checkout and how long the hold lasts."""

    customer: CustomerBy = strawberry.field(
        description="The customer who pays with points or stamps. With a key of the role CUSTOMER only that customer."
    )
    reward: RewardBy = strawberry.field(description="The reward to reserve.")
    checkout: str = strawberry.field(
        description="Your number for the checkout, such as an order number, 1 to 100 characters. It is spelled and unique as a receipt number is; see `Program.receiptNumbers`. A repeated call for the same checkout returns the existing hold; with another customer or reward it is rejected with RECEIPT_DIFFERS. The numbers that customers send with their own keys are separate."
    )
    minutes: int = strawberry.field(
        description="How long points or stamps, and stock, are reserved, 1 to 1,440 minutes (a day) from now. A hold that is not captured by then ends."
    )
    basket: BasketInput | None = strawberry.field(
        default=None,
        description="What is bought together with the reward, for clauses that depend on it; its time must be now, even in a sandbox. Not with a key of the role CUSTOMER, whose basket nobody has checked.",
    )


@strawberry.type(description="Result of `holdRedemption`.")
class HoldRedemptionPayload(
    DecisionPayload[RedeemRewardResult], WithReward[RedeemRewardResult], WithCustomer[RedeemRewardResult]
):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="Granted, or refused by the terms with every failed condition; null with a user error. Capturing the hold pays the points of this decision.",
    )

    already_recorded: bool = strawberry.field(
        default=False,
        description="Whether this checkout has a hold already, placed with another `idempotencyKey`: then that hold is returned, with its `decision`.",
    )
    redemption: Redemption | None = result_field(
        RedeemRewardResult,
        redemption_of,
        description="The redemption, HELD until it is captured or released; null when it was refused.",
    )

    @classmethod
    async def of(cls, result: RedeemRewardResult, *, command: Any, context: Context) -> Self:
        """The payload of a hold, placed now or before."""
        payload = await super().of(result, command=command, context=context)
        payload.already_recorded = result.already_recorded
        return payload


async def resolve(
    info: Info,
    input: Annotated[HoldRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> HoldRedemptionPayload | None:
    """Place a hold, one for each checkout, or name the clauses that refuse it and their remedies."""
    return await mutate(
        HoldRedemptionPayload,
        redeem_reward.run,
        _command(input, context=info.context),
        permission=Permission.REDEEM,
        input=input,
        info=info,
    )


def _command(input: HoldRedemptionInput, *, context: Context) -> RedeemReward | Problem:
    checkout = normalised_identifier(input.checkout)
    if not 1 <= len(checkout) <= MAX_CHECKOUT_LENGTH:
        return Problem(ProblemCode.INVALID_INPUT, path=("checkout",), detail=length_detail(1, MAX_CHECKOUT_LENGTH))
    if not 1 <= input.minutes <= MAX_HOLD_MINUTES:
        return Problem(ProblemCode.INVALID_INPUT, path=("minutes",), detail=range_detail(1, MAX_HOLD_MINUTES))
    hold = NewHold(checkout=checkout, length=timedelta(minutes=input.minutes))
    return redemption_command(input.customer, input.reward, input.basket, hold=hold, context=context)
