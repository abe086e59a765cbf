"""Reservations that ran out: as soon as an account is told beyond their end, their goods are in stock again, once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.wallets.events import HoldPlaced
from app.store.database.session import Session
from app.store.events.replay import ReplayedAccount
from app.store.rewards import redemptions, rewards
from app.store.rewards.redemptions import Redemption, RedemptionState


@dataclass(frozen=True, slots=True)
class Changed:
    """A redemption whose state changed: the row before and after."""

    before: Redemption
    after: Redemption


async def end_hold(
    session: Session, *, redemption: Redemption, state: RedemptionState, ended_at: datetime | None
) -> Changed:
    """Give the goods of a redemption back to the stock and keep why; its account must be locked.

    `ended_at` is when a reservation ended, None for a redemption that was paid for.
    """
    after = replace(redemption, state=state, ended_at=ended_at)
    await redemptions.set_state(session, redemption_id=redemption.id, state=state, ended_at=ended_at)
    await rewards.put_one_back(session, reward_id=redemption.reward_id)
    return Changed(before=redemption, after=after)


async def expire_holds(session: Session, *, replayed: ReplayedAccount, until: datetime) -> list[Changed]:
    """End the reservations of an account's own story that ran out by a moment.

    In the wallet they ended at that time whether or not anybody looked, so nothing has to be told again.
    """
    ended = []
    for event in replayed.history.events:
        if not isinstance(event, HoldPlaced) or event.ended_at is not None or event.until > until:
            continue
        held = replayed.recorded.redemptions.get(event.id)
        if held is not None:
            ended.append(await end_hold(session, redemption=held, state=RedemptionState.EXPIRED, ended_at=event.until))
    return ended
