"""Redemptions that end without a payment, or whose payment is reversed: their goods are back in stock, once.

Posting differences ends expired holds, so this is with the ledger and not with the commands on rewards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.rewards.redemption import Redemption, RedemptionState
from app.domain.wallets.events import HoldPlaced
from app.store.database.session import Session
from app.store.events.replay import ReplayedWallet
from app.store.rewards import redemptions, rewards


@dataclass(frozen=True, slots=True)
class RedemptionChange:
    """A redemption whose state changed, before and after."""

    before: Redemption
    after: Redemption


async def end_redemption(
    session: Session, *, redemption: Redemption, state: RedemptionState, ended_at: datetime | None
) -> RedemptionChange:
    """Put the goods of a redemption back into stock and store its new state; its account must be locked.

    `ended_at` is when a hold ended, None for a redemption that was paid for.
    """
    after = replace(redemption, state=state, ended_at=ended_at)
    await redemptions.set_state(session, redemption_id=redemption.id, state=state, ended_at=ended_at)
    await rewards.return_to_stock(session, reward_id=redemption.reward_id)
    return RedemptionChange(before=redemption, after=after)


async def expire_holds(session: Session, *, replayed: ReplayedWallet, until: datetime) -> list[RedemptionChange]:
    """End the holds of an account's own history that expired by an instant.

    In the replayed wallet they ended at that time already, so that no further replay is needed.
    """
    changes = []
    for event in replayed.history.events:
        if not isinstance(event, HoldPlaced) or event.ended_at is not None or event.expires_at > until:
            continue
        hold = replayed.recorded_history.redemptions.get(event.id)
        if hold is not None:
            changes.append(
                await end_redemption(session, redemption=hold, state=RedemptionState.EXPIRED, ended_at=event.expires_at)
            )
    return changes
