"""Put a reward into the catalogue; what it costs is a clause of the terms."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import Money
from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.rewards.reward import Reward
from app.store.database.session import Session
from app.store.rewards import rewards
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class CreateReward:
    """A reward as customers see it. `stock`: how many there are, None without a limit.

    `article` is the stock code of the goods, `variants` the choices, `cash_part` an additional price in cash.
    """

    key: str
    name: str
    description: str
    picture_url: str | None
    retail_value: Money | None
    stock: int | None
    article: str | None = None
    variants: tuple[str, ...] = ()
    cash_part: Money | None = None


@stored_as("reward_created")
@dataclass(frozen=True, slots=True, kw_only=True)
class CreateRewardResult(CommandResult):
    """The new reward."""

    reward_id: str


@use_case(CreateRewardResult)
async def run(session: Session, *, context: CommandContext, command: CreateReward) -> CreateRewardResult | Problem:
    """Add the reward; its key, which the terms use, must be new."""
    if await rewards.by_key(session, key=command.key) is not None:
        return Problem(ProblemCode.REWARD_KEY_TAKEN, path=("key",))
    for field, amount in (("retailValue", command.retail_value), ("cashPart", command.cash_part)):
        if amount is not None and amount.currency != context.program.currency:
            return Problem(
                ProblemCode.INVALID_INPUT,
                path=(field,),
                detail=detail_of("AMOUNT_CURRENCY", currency=context.program.currency),
            )
    reward = Reward(
        id=context.new_id(),
        key=command.key,
        name=command.name,
        description=command.description,
        picture_url=command.picture_url,
        retail_value=command.retail_value.minor if command.retail_value is not None else None,
        stock_initial=command.stock,
        stock=command.stock,
        created_at=context.now,
        article=command.article,
        variants=command.variants,
        cash_part=command.cash_part.minor if command.cash_part is not None else None,
    )
    await rewards.create(session, reward=reward)
    return CreateRewardResult(reward_id=reward.id)
