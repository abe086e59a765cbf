"""Put a reward into the catalogue; what it costs is a clause of the terms."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import Money
from app.domain.problems import Problem, ProblemCode
from app.store import rewards
from app.store.rewards import Reward
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class NewReward:
    """What the customer gets, in words and picture; `stock` None means without limit."""

    key: str
    name: str
    description: str
    picture_url: str | None
    retail_value: Money | None
    stock: int | None


async def create_reward(session: Session, *, call: Call, order: NewReward) -> Answer | Problem:
    """Add the reward; its key, which the terms use, must be new."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if await rewards.by_key(session, program_id=call.program.id, key=order.key) is not None:
        return Problem(ProblemCode.REWARD_KEY_TAKEN, path=("key",))
    if order.retail_value is not None and order.retail_value.currency != call.program.currency:
        return Problem(ProblemCode.INVALID_INPUT, path=("retailValue",), detail="not in the program's currency")
    reward = Reward(
        id=call.new_id(),
        key=order.key,
        name=order.name,
        description=order.description,
        picture_url=order.picture_url,
        retail_value=order.retail_value.minor if order.retail_value is not None else None,
        stock_initial=order.stock,
        stock=order.stock,
        created_at=call.now,
    )
    await rewards.create(session, program_id=call.program.id, reward=reward)
    return await keep(session, call=call, answer=Answer(reward_id=reward.id))
