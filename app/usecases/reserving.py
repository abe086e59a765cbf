"""Reservations of rewards for a checkout: what is asked for, and what those that run count for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.domain.wallets.course import Course
from app.store.redemptions import RedemptionState
from app.store.stories import Told


@dataclass(frozen=True, slots=True)
class NewHold:
    """That a reward is only reserved: for a checkout, which has one reservation however often it is tried, and how long."""

    checkout: str
    length: timedelta


def with_reserved(
    facts: PurchaseFacts, *, customer_id: str, terms: Terms, told: Told, then: Course, at: datetime
) -> PurchaseFacts:
    """The facts with what the customer has reserved counted as used, so that no limit is passed when it is paid for.

    So does what somebody reserved who had been merged into the customer by `then`, the wallet at the time of the facts.
    `at` is the moment up to which the account was told: what ran out before it counts no more.
    """
    own = {id for id, holder in then.holders.items() if holder is then.holders[customer_id]}
    limited = terms.asked.uses
    reserved = [
        key
        for one in (told.redemptions.values() if limited else ())
        if one.customer_id in own and one.state is RedemptionState.HELD and not one.has_run_out(at=at)
        for key in one.decision.applied()
        if key in limited
    ]
    if not reserved:
        return facts
    uses = dict(facts.member.uses)
    for key in reserved:
        uses[key] = uses.get(key, 0) + 1
    return replace(facts, member=replace(facts.member, uses=tuple(sorted(uses.items()))))
