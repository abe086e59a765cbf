"""Reservations that ran out: as soon as an account is told beyond their end, their goods are in stock again, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.wallets.happenings import Held
from app.store import redemptions, rewards
from app.store.redemptions import Redemption, RedemptionState
from app.store.telling import Retold
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class Changed:
    """A redemption whose state changed: the row before and after."""

    before: Redemption
    after: Redemption


async def let_go(
    session: Session, *, program_id: str, redemption: Redemption, state: RedemptionState, ended_at: datetime | None
) -> Changed:
    """Give the goods of a redemption back to the stock and keep why; its account must be locked.

    `ended_at` is when a reservation ended, None for a redemption that was paid for.
    """
    after = replace(redemption, state=state, ended_at=ended_at)
    await redemptions.set_state(
        session, program_id=program_id, redemption_id=redemption.id, state=state, ended_at=ended_at
    )
    await rewards.put_one_back(session, program_id=program_id, reward_id=redemption.reward_id)
    return Changed(before=redemption, after=after)


async def run_out(session: Session, *, program_id: str, retold: Retold, until: datetime) -> list[Changed]:
    """End the reservations of an account's own story that ran out by a moment.

    In the wallet they ended at that time whether or not anybody looked, so nothing has to be told again.
    """
    ended = []
    for fact in retold.story.facts:
        if not isinstance(fact, Held) or fact.ended_at is not None or fact.until > until:
            continue
        held = retold.told.redemptions.get(fact.id)
        if held is not None:
            ended.append(
                await let_go(
                    session,
                    program_id=program_id,
                    redemption=held,
                    state=RedemptionState.EXPIRED,
                    ended_at=fact.until,
                )
            )
    return ended
