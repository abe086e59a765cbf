"""The command to redeem or hold a reward, and its result. Other commands are in the files of their use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.domain.customers.customer import CustomerReference
from app.domain.purchases.facts import PurchaseFacts
from app.usecases.results import DecidedResult, stored_as


@dataclass(frozen=True, slots=True)
class NewHold:
    """The checkout for which a reward is held, and for how long. A checkout has one hold, however often it is attempted."""

    checkout: str
    length: timedelta


@dataclass(frozen=True, slots=True)
class RedeemReward:
    """The customer, the reward (by id or by key), and the basket that is bought with it, which may have no lines.

    `facts` describe the basket without its location, which is `location_id` (None: not known).
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

    There is no redemption after a refusal by the terms, and no entry if points are only held. `already_recorded`:
    the hold of the checkout was placed before, under another idempotency key.
    """

    customer_id: str
    reward_id: str
    redemption_id: str | None = None
    entry_id: str | None = None
    already_recorded: bool = False
