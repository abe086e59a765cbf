"""Redemptions: rewards paid with points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.decisions import Decision
from app.domain.purchases.facts import PurchaseFacts
from app.domain.purchases.receipt_numbers import PROGRAM_WIDE, NumberSpace, ReceiptOrigin


class RedemptionState(StrEnum):
    """The state of a redemption.

    HELD: its points are reserved for a checkout. ISSUED: the customer has paid and a till still has to hand over the
    reward. FULFILLED: the customer has the reward; a redemption at a till is fulfilled at once. EXPIRED: a hold that
    ran out. CANCELLED: a hold that was released, or a redemption whose points were given back.
    """

    HELD = "HELD"
    ISSUED = "ISSUED"
    FULFILLED = "FULFILLED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True)
class Redemption:
    """A redemption: the customer, the reward, the points, the facts and terms by which it was decided, and the decision.

    - `held_until`: the latest end of the hold; None unless the redemption began as a hold;
    - `ended_at`: when the hold was released or expired;
    - `checkout`: the number of the checkout for which the reward was held, unique in `space`;
    - `fulfilled_at`: when the reward was handed over, in server time; `fulfilled_by`: the access key used. None before;
    - `issued_at`: when the customer paid with a key of their own; None for other redemptions;
    - `source`: who numbers the checkout: the customer (id) if their own key was used, otherwise "", the program;
    - `actor`: the access key (id) with which the reward was redeemed or held;
    - `facts_text`, `decision_text`: the stored JSON of `facts` and `decision`.
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
        """The location (key) and the time at which the checkout's number was used."""
        return ReceiptOrigin(self.facts.location, self.occurred_at, self.facts.zone)

    def hold_has_expired(self, *, at: datetime) -> bool:
        """Has the hold expired by an instant, even if its end was not processed yet?"""
        return self.held_until is not None and self.held_until <= at
