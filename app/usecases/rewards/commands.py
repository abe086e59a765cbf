"""The command to redeem a reward or hold it, and its result. Other commands stand beside their use case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.domain.customers.customer import CustomerReference
from app.domain.purchases.facts import PurchaseFacts
from app.usecases.results import DecidedResult, stored_as


@dataclass(frozen=True, slots=True)
class NewHold:
    """The request to hold a reward for a checkout, and for how long; a checkout has one hold however often it is tried."""

    checkout: str
    length: timedelta


@dataclass(frozen=True, slots=True)
class RedeemReward:
    """The customer, the reward (by id or by key), and the basket that is bought with it; without lines there is none.

    `facts` describe the basket, but not its location: that is `location_id`, None without one.
    """

    customer: CustomerReference
    reward_id: str | None
    reward_key: str | None
    facts: PurchaseFacts
    location_id: str | None = None
    hold: NewHold | None = None


@stored_as("redemption_decided")
@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemRewardResult(DecidedResult):
    """The decision on a reward, with its redemption and the entry that paid it.

    There is no redemption after a refusal by the terms, and no entry where points are only held. `already_recorded`:
    the hold of its checkout had been placed under another key.
    """

    customer_id: str
    reward_id: str
    redemption_id: str | None = None
    entry_id: str | None = None
    already_recorded: bool = False
