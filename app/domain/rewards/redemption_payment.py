"""Redemptions as payments: each can pay one purchase."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.rewards.redemption import RedemptionState


@dataclass(frozen=True, slots=True)
class RedemptionPayment:
    """A redemption as a means of payment; `paid_purchase_id` is the purchase that it paid, None if it paid none yet."""

    redemption_id: str
    customer_id: str
    state: RedemptionState
    paid_purchase_id: str | None
