"""What holds that run count for: a use of a clause, as if the reward had been paid for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from app.domain.deciding.usage import uses_of
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
    asked = terms.asked
    reserved = [
        use
        for redemption in (told.redemptions.values() if asked.using else ())
        if redemption.customer_id in own
        and redemption.state is RedemptionState.HELD
        and not redemption.has_run_out(at=at)
        for use in uses_of(terms, facts=redemption.facts, clauses=dict.fromkeys(redemption.decision.applied(), 1))
    ]
    if not reserved:
        return facts
    member = facts.member
    uses, held, gifts = Counter(dict(member.uses)), Counter(dict(member.held)), set(member.gifts)
    years = {year for _, year in member.birthdays}
    for use in reserved:
        if use.clause in asked.uses:
            uses[use.clause] += use.times
        if use.clause in asked.held:
            held[use.clause] += use.times
        if use.birthday is not None and use.birthday in years:
            gifts.add((use.clause, use.birthday))
    member = replace(
        member, uses=tuple(sorted(uses.items())), held=tuple(sorted(held.items())), gifts=tuple(sorted(gifts))
    )
    return replace(facts, member=member)
