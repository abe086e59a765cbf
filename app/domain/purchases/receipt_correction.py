"""Corrections of wrongly recorded receipts, with the facts and the customer before the correction."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.purchase import Purchase


@dataclass(frozen=True, slots=True)
class ReceiptCorrection:
    """A correction of a recorded purchase, and what the purchase was before it; `actor` is the access key (id) used.

    The purchase moved from `from_customer_id` to `to_customer_id`; the two ids are equal if it was only amended.
    `tie_breaker`, `occurred_at` and `terms_version` are those of the purchase: they never change. `counted_points` and
    `counted_stamps` are what the correction uses of a staff budget. `retained_budget_usage_text` is the stored JSON of
    `retained_budget_usage`, None for an amendment.
    """

    id: str
    purchase_id: str
    from_customer_id: str
    to_customer_id: str
    total_before: int
    earned_points_before: int
    move_id_before: str | None
    facts_before_text: str
    recorded_at: datetime
    reason: str
    actor: str | None
    tie_breaker: str
    occurred_at: datetime
    terms_version: int
    counted_points: int = 0
    counted_stamps: int = 0
    retained_budget_usage_text: str | None = None

    @classmethod
    def of(
        cls, purchase: Purchase, *, id: str, to_customer_id: str, recorded_at: datetime, reason: str, actor: str | None
    ) -> ReceiptCorrection:
        """A new correction of a `purchase`, which is given as it was before the correction."""
        return cls(
            id=id,
            purchase_id=purchase.id,
            from_customer_id=purchase.customer_id,
            to_customer_id=to_customer_id,
            total_before=purchase.total.minor,
            earned_points_before=purchase.earned_points,
            move_id_before=purchase.move_id,
            facts_before_text=purchase.facts_text,
            recorded_at=recorded_at,
            reason=reason,
            actor=actor,
            tie_breaker=purchase.tie_breaker,
            occurred_at=purchase.occurred_at,
            terms_version=purchase.terms_version,
        )

    @property
    def facts_before(self) -> PurchaseFacts:
        """The facts of the purchase before the correction."""
        return PurchaseFacts.from_data(json.loads(self.facts_before_text))

    @property
    def retained_budget_usage(self) -> tuple[tuple[str, int], ...]:
        """The points of budgets, by clause key, that the purchase had used and that did not move with it."""
        return (
            tuple(json.loads(self.retained_budget_usage_text).items())
            if self.retained_budget_usage_text is not None
            else ()
        )


@dataclass(frozen=True, slots=True)
class TotalBeforeAmendment:
    """The total of a receipt before an amendment (minor units), and the role of the access key that amended it."""

    total: int
    amender_role: Role | None
