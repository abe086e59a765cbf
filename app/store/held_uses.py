"""What holds that run count for: a use of a clause, as if the reward had been paid for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms
from app.domain.wallets.course import Course
from app.store.redemptions import RedemptionState
from app.store.stories import Told


def counting_holds_as_used(
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
        for redemption in (told.redemptions.values() if limited else ())
        if redemption.customer_id in own
        and redemption.state is RedemptionState.HELD
        and not redemption.has_run_out(at=at)
        for key in redemption.decision.applied()
        if key in limited
    ]
    if not reserved:
        return facts
    uses = dict(facts.member.uses)
    for key in reserved:
        uses[key] = uses.get(key, 0) + 1
    return replace(facts, member=replace(facts.member, uses=tuple(sorted(uses.items()))))
