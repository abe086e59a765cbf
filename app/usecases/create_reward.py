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
    """What the customer gets, in words and picture; `stock` None means without limit.

    `article` is the stock code of what is given, `variants` what there is to choose from, `cash_part` what has to be
    paid besides.
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


async def create_reward(session: Session, *, call: Call, order: NewReward) -> Answer | Problem:
    """Add the reward; its key, which the terms use, must be new."""
    if (known := await replay(session, call=call)) is not None:
        return known
    if await rewards.by_key(session, program_id=call.program.id, key=order.key) is not None:
        return Problem(ProblemCode.REWARD_KEY_TAKEN, path=("key",))
    for field, amount in (("retailValue", order.retail_value), ("cashPart", order.cash_part)):
        if amount is not None and amount.currency != call.program.currency:
            return Problem(ProblemCode.INVALID_INPUT, path=(field,), detail="not in the program's currency")
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
        article=order.article,
        variants=order.variants,
        cash_part=order.cash_part.minor if order.cash_part is not None else None,
    )
    await rewards.create(session, program_id=call.program.id, reward=reward)
    return await keep(session, call=call, answer=Answer(reward_id=reward.id))
