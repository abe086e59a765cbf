"""redeemReward: points are spent on a reward, or the answer says what is missing."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import (
    DecisionPayload,
    WithCustomer,
    WithReward,
    entry_of,
    redemption_of,
    result_field,
)
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.api.types.decisions.decision import Decision
from app.api.types.ledger.balance import empty_basket
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.purchase_input import BasketInput, facts_of, location_id_of
from app.api.types.rewards.redemption import Redemption
from app.api.types.rewards.reward import RewardBy, reward_reference_of
from app.domain.access import Permission, Role
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.commands import NewHold, RedeemReward, RedeemRewardResult


@strawberry.input(description="A reward to redeem.")
class RedeemRewardInput(CommandInput):
    """The customer and the reward."""

    customer: CustomerBy = strawberry.field(
        description="The customer who pays with points or stamps. With a key of the role CUSTOMER only that customer."
    )
    reward: RewardBy = strawberry.field(description="The reward.")
    basket: BasketInput | None = strawberry.field(
        default=None,
        description="What is bought together with the reward, for clauses that depend on it; its time must be now, except in a sandbox. Not with a key of the role CUSTOMER, whose basket nobody has checked.",
    )


@strawberry.type(description="Result of `redeemReward`.")
class RedeemRewardPayload(
    DecisionPayload[RedeemRewardResult], WithReward[RedeemRewardResult], WithCustomer[RedeemRewardResult]
):
    """Decision and balances are those of the mutation; objects are read as they are now."""

    decision: Decision | None = strawberry.field(
        default=None,
        description="Granted, or refused by the terms with every failed condition; null with a user error.",
    )

    redemption: Redemption | None = result_field(
        RedeemRewardResult,
        redemption_of,
        description="The redemption: FULFILLED, or ISSUED if a customer redeemed it, until a till hands it over (`fulfilRedemption`). Null when it was refused.",
    )
    entry: LedgerEntry | None = result_field(
        RedeemRewardResult, entry_of, description="The ledger entry that paid; null when it was refused."
    )


async def resolve(
    info: Info,
    input: Annotated[RedeemRewardInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> RedeemRewardPayload | None:
    """Redeem a reward, or name the clauses that refuse it and their remedies."""
    return await mutate(
        RedeemRewardPayload,
        redeem_reward.run,
        redemption_command(input.customer, input.reward, input.basket, hold=None, context=info.context),
        permission=Permission.REDEEM,
        input=input,
        info=info,
    )


def redemption_command(
    customer: CustomerBy, reward: RewardBy, basket: BasketInput | None, *, hold: NewHold | None, context: Context
) -> RedeemReward | Problem:
    """The command to redeem a reward, or with `hold` to reserve it, or the problem found in the input."""
    if basket is not None and context.principal.role is Role.CUSTOMER:
        return Problem(ProblemCode.INVALID_INPUT, path=("basket",), detail=detail_of("NO_BASKET"))
    customer_reference = customer_reference_of(customer, context=context)
    if isinstance(customer_reference, Problem):
        return customer_reference
    reward_id, reward_key = reward_reference_of(reward)
    if reward_id is None and reward_key is None:
        return Problem(ProblemCode.REWARD_NOT_FOUND, path=("reward",))
    facts = empty_basket(context) if basket is None else facts_of(basket, context=context, within="basket")
    if isinstance(facts, Problem):
        return facts
    location_id = location_id_of(basket, within="basket")
    if isinstance(location_id, Problem):
        return location_id
    return RedeemReward(
        customer=customer_reference,
        reward_id=reward_id,
        reward_key=reward_key,
        facts=facts,
        location_id=location_id,
        hold=hold,
    )
