"""fulfilRedemption: the reward of an issued redemption is handed over."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Info
from app.api.conventions.ids import decode
from app.api.mutations.payload_objects import DecisionPayload, WithCustomer, WithReward, redemption_of, result_field
from app.api.types.decisions.decision import Decision
from app.api.types.rewards.redemption import Redemption
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards import fulfil_redemption
from app.usecases.rewards.fulfil_redemption import FulfilRedemption, FulfilRedemptionResult


@strawberry.input(description="A redemption to fulfil.")
class FulfilRedemptionInput(CommandInput):
    """The redemption to fulfil."""

    redemption: strawberry.ID = strawberry.field(
        description="Opaque id of a redemption that is ISSUED: a customer redeemed it with a key of their own and now gets the reward."
    )


@strawberry.type(description="Result of `fulfilRedemption`.")
class FulfilRedemptionPayload(
    DecisionPayload[FulfilRedemptionResult], WithReward[FulfilRedemptionResult], WithCustomer[FulfilRedemptionResult]
):
    """The decision is that of the redemption; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="The decision by which the customer redeemed the reward, as of that time; null with a user error.",
    )

    redemption: Redemption | None = result_field(
        FulfilRedemptionResult, redemption_of, description="The redemption, now FULFILLED."
    )


async def resolve(
    info: Info,
    input: Annotated[FulfilRedemptionInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> FulfilRedemptionPayload | None:
    """Record that the reward was handed over, once; its points were paid before."""
    redemption_id = decode(input.redemption, "Redemption")
    command: FulfilRedemption | Problem = Problem(ProblemCode.REDEMPTION_NOT_FOUND, path=("redemption",))
    if redemption_id is not None:
        command = FulfilRedemption(redemption_id=redemption_id)
    return await mutate(
        FulfilRedemptionPayload,
        fulfil_redemption.run,
        command,
        permission=Permission.FULFIL_REDEMPTIONS,
        input=input,
        info=info,
    )
