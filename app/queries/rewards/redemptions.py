"""A customer's redemptions."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.rewards.redemption import Redemption, RedemptionState
from app.store.customers import customers
from app.store.database.session import Session
from app.store.rewards import redemptions


@dataclass(frozen=True, slots=True)
class RedemptionPage:
    """Redemptions, newest first, and whether there are more on either side."""

    redemptions: tuple[Redemption, ...]
    more_before: bool
    more_after: bool


async def redemption_page(
    session: Session,
    *,
    customer_id: str,
    state: RedemptionState | None,
    size: int,
    after: str | None,
    before: str | None,
    from_end: bool,
) -> RedemptionPage:
    """One page of the redemptions of a customer and of those merged into them, newest first.

    `size` redemptions between the ids `after` and `before`: the newest or, with `from_end`, the oldest. In this order the
    redemptions after an id are older.
    """
    page = await redemptions.page(
        session,
        customer_ids=await customers.survivor_with_merged_ids(session, customer_id=customer_id),
        state=state,
        after=before,
        before=after,
        limit=size + 1,
        newest_first=not from_end,
    )
    more = len(page) > size
    selected = page[:size]
    return RedemptionPage(
        redemptions=tuple(reversed(selected)) if from_end else selected,
        more_before=more if from_end else after is not None,
        more_after=before is not None if from_end else more,
    )
