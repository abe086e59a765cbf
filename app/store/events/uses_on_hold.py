"""Clause uses of active holds, which count as if the reward had been paid for."""

from __future__ import annotations

from datetime import datetime

from app.domain.engine.usage import Use, uses_of
from app.domain.rewards.redemption import RedemptionState
from app.domain.terms.version import Terms
from app.domain.wallets.wallet import Wallet
from app.store.events.recorded_history import RecordedHistory


def uses_on_hold(
    recorded_history: RecordedHistory, *, customer_id: str, terms: Terms, wallet: Wallet, at: datetime
) -> tuple[Use, ...]:
    """The uses of the terms' clauses in the active holds of a customer and of customers merged into this one.

    `wallet` is the wallet at the time of the decision, with the customers merged until then. `at` is the instant up to
    which the account was replayed: holds that have expired by then are not active.
    """
    if not terms.required_facts.clauses_with_stored_uses:
        return ()
    customer_ids = {
        id for id, membership in wallet.memberships.items() if membership is wallet.memberships[customer_id]
    }
    return tuple(
        use
        for redemption in recorded_history.redemptions.values()
        if redemption.customer_id in customer_ids
        and redemption.state is RedemptionState.HELD
        and not redemption.hold_has_expired(at=at)
        for use in uses_of(
            terms, facts=redemption.facts, times_by_clause=dict.fromkeys(redemption.decision.applied_clause_keys(), 1)
        )
    )
