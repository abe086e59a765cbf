"""Clause uses of active holds, which count as if the reward had been paid for."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from app.domain.engine.usage import uses_of
from app.domain.purchases.facts import PurchaseFacts
from app.domain.rewards.redemption import RedemptionState
from app.domain.terms.version import Terms
from app.domain.wallets.wallet import Wallet
from app.store.events.recorded_history import RecordedHistory


def counting_holds_as_used(
    facts: PurchaseFacts, *, customer_id: str, terms: Terms, recorded: RecordedHistory, then: Wallet, at: datetime
) -> PurchaseFacts:
    """The facts with the customer's active holds counted as used, so that no limit is exceeded when they are captured.

    Holds of customers who had been merged into this one by `then`, the wallet at the time of the facts, count too.
    `at` is the instant up to which the account was replayed: holds that expired before it count no more.
    """
    own = {id for id, membership in then.memberships.items() if membership is then.memberships[customer_id]}
    required = terms.required_facts
    held_uses = [
        use
        for redemption in (recorded.redemptions.values() if required.counted_clauses else ())
        if redemption.customer_id in own
        and redemption.state is RedemptionState.HELD
        and not redemption.has_run_out(at=at)
        for use in uses_of(
            terms, facts=redemption.facts, clauses=dict.fromkeys(redemption.decision.applied_clauses(), 1)
        )
    ]
    if not held_uses:
        return facts
    customer_facts = facts.customer_facts
    uses, held, gifts = (
        Counter(dict(customer_facts.uses)),
        Counter(dict(customer_facts.held_uses)),
        set(customer_facts.birthday_uses),
    )
    years = {year for _, year in customer_facts.birthdays}
    for use in held_uses:
        if use.clause in required.uses:
            uses[use.clause] += use.times
        if use.clause in required.held_uses:
            held[use.clause] += use.times
        if use.birthday is not None and use.birthday in years:
            gifts.add((use.clause, use.birthday))
    customer_facts = replace(
        customer_facts,
        uses=tuple(sorted(uses.items())),
        held_uses=tuple(sorted(held.items())),
        birthday_uses=tuple(sorted(gifts)),
    )
    return replace(facts, customer_facts=customer_facts)
