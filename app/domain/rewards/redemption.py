"""Redemptions: rewards paid with points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.decisions import Decision
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace, ReceiptOrigin


class RedemptionState(StrEnum):
    """How far a redemption got.

    HELD: its points wait for the end of a checkout. ISSUED: the customer has paid and still has to get the reward.
    FULFILLED: the customer has the reward; a redemption at a till is fulfilled at once. EXPIRED: a hold that ran out.
    CANCELLED: a hold that was released, or a redemption whose points were given back.
    """

    HELD = "HELD"
    ISSUED = "ISSUED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption: the customer, the reward, the points, the facts and terms that decided it, and the decision.

    One that began as a hold has the end of the hold, the time when it ended earlier, and its checkout, whose number
    is in `space`. `fulfilled_at` is when the goods were handed over, in server time, and `fulfilled_by` the access
    key used; both are None before. `actor` is the access key that redeemed or held it. `issued_at` is when its customer
    paid for it with a key of their own; `source` is that customer then, who numbers the checkout, and else "", the
    program. `facts_text` and `decision_text` are the stored JSON of both.
    """

    id: str
    customer_id: str
    reward_id: str
    state: RedemptionState
    points: int
    occurred_at: datetime
    recorded_at: datetime
    facts: PurchaseFacts
    terms_version: int
    decision: Decision
    facts_text: str
    decision_text: str
    held_until: datetime | None = None
    ended_at: datetime | None = None
    checkout: str | None = None
    fulfilled_at: datetime | None = None
    fulfilled_by: str | None = None
    space: NumberSpace = PROGRAM_WIDE
    actor: str | None = None
    issued_at: datetime | None = None
    source: str = ""

    @property
    def origin(self) -> ReceiptOrigin:
        """The location (key) and time at which the number of its checkout was used."""
        return ReceiptOrigin(self.facts.location, self.occurred_at, self.facts.zone)

    def hold_has_expired(self, *, at: datetime) -> bool:
        """Has its hold expired by an instant, even if it was not ended yet?"""
        return self.held_until is not None and self.held_until <= at
