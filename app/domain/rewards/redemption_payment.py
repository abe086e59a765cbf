"""Redemptions as payments: each can pay one purchase."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.rewards.redemption import RedemptionState


@dataclass(frozen=True, slots=True)
class RedemptionPayment:
    """A redemption as a means of payment: its customer and state, and the purchase (id) that it paid, if any."""

    redemption_id: str
    customer_id: str
    state: RedemptionState
    purchase_id: str | None
