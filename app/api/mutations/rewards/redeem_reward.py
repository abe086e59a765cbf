"""redeemReward: one call from a till takes the points and hands over the reward, or says what is missing."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry, load_redemption
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.decision import Decision, decision_payload
from app.api.types.ledger.balance import Balance, balances, no_basket
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.api.types.purchases.basket_input import BasketInput, facts_of, place_of
from app.api.types.rewards.reward import Reward, RewardBy, load_reward, reward_by
from app.api.types.source_records import Redemption
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.usecases.command import Answer
from app.usecases.rewards import redeem_reward
from app.usecases.rewards.holds import NewHold
from app.usecases.rewards.redeem_reward import RedeemReward


@strawberry.input(description="A reward to redeem.")
class RedeemRewardInput:
    """Whose points, and for what."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Who pays with points or stamps.")
    reward: RewardBy = strawberry.field(description="What for.")
    basket: BasketInput | None = strawberry.field(
        default=None,
        description="What is bought with it, for clauses that ask; its time must be now, except in a sandbox.",
    )


@strawberry.type(description="What redeeming came to.")
class RedeemRewardPayload(Payload):
    """The decision and the balance as they were then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    decision: Decision | None = strawberry.field(
        default=None,
        description="Granted, or refused by the terms with every failed condition; null with a user error.",
    )
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after the decision, one per unit."
    )

    @strawberry.field(description="The redemption; null when it was refused.")
    async def redemption(self, info: Info) -> Redemption | None:
        """Read again."""
        return await load_redemption(self.answer, context=info.context)

    @strawberry.field(description="The reward, as it is now.")
    async def reward(self, info: Info) -> Reward | None:
        """Read again."""
        return await load_reward(self.answer, context=info.context)

    @strawberry.field(description="The ledger entry that paid; null when it was refused.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[RedeemRewardInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> RedeemRewardPayload | None:
    """Redeem once, or be told by which clauses not and what would help."""
    context = info.context
    set_locale(info, locale)
    outcome = await execute_command(
        redeem_reward.run,
        name="redeemReward",
        permission=Permission.REDEEM,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=order_of(input.customer, input.reward, input.basket, hold=None, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return RedeemRewardPayload(problem=outcome)
    return RedeemRewardPayload(
        answer=outcome,
        decision=await decision_payload(outcome, context=context),
        balances=balances(outcome.balances, context=context),
    )


def order_of(
    customer: CustomerBy, reward: RewardBy, basket: BasketInput | None, *, hold: NewHold | None, context: Context
) -> RedeemReward | Problem:
    """What is asked for, as the use case takes it, or why that cannot be read."""
    by = customer_by(customer, context=context)
    if isinstance(by, Problem):
        return by
    reward_id, reward_key = reward_by(reward)
    if reward_id is None and reward_key is None:
        return Problem(ProblemCode.REWARD_NOT_FOUND, path=("reward",))
    facts = no_basket(context) if basket is None else facts_of(basket, context=context, within="basket")
    if isinstance(facts, Problem):
        return facts
    location_id = place_of(basket, within="basket")
    if isinstance(location_id, Problem):
        return location_id
    return RedeemReward(
        customer=by, reward_id=reward_id, reward_key=reward_key, facts=facts, location_id=location_id, hold=hold
    )
