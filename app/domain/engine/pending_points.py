"""Reasons for a price that pending points may pay: from when, or how many points are missing even then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.domain.decisions import Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.version import Terms


class ActivationForecast(NamedTuple):
    """What a customer has, and what a reward costs, at the instant `at`, when pending points become available.

    `activated` are the points that become available from now until `at`, `spendable` is the balance at `at` less debt, `cost`
    the price of the reward at `at`.
    """

    at: datetime
    activated: int
    spendable: int
    cost: int

    @property
    def missing(self) -> int:
        """Points that are missing at `at`; 0 or less if the price can be paid."""
        return self.cost - self.spendable


def reasons_with_pending_points(
    shortfall_reason: Reason, *, missing: int, activations: Sequence[ActivationForecast], terms: Terms
) -> tuple[Reason, ...]:
    """The reasons for a price that cannot be paid, of which `missing` points are missing now.

    If pending points suffice, the remedy is to wait; if they pay a part, the rest must be collected too. Debt is stated in
    either case.
    """
    sufficient_activation = next((activation for activation in activations if activation.missing <= 0), None)
    best_activation = sufficient_activation or min(
        activations, key=lambda activation: (activation.missing, activation.at), default=None
    )
    if best_activation is None or best_activation.missing >= missing:
        return (shortfall_reason,)
    wait_remedy = (Remedy(RemedyCode.COME_AT, instant=best_activation.at),)
    clause_key = (
        terms.policy_clauses[PendingPeriod].key
        if PendingPeriod in terms.policy_clauses
        else shortfall_reason.clause_key
    )
    pending_reason = Reason(
        clause_key,
        Verdict.NOT_MET,
        Finding(False, ReasonCode.STILL_PENDING, best_activation.activated, best_activation.at, wait_remedy),
    )
    finding = shortfall_reason.finding
    if sufficient_activation is None:
        collect_remedy = (Remedy(RemedyCode.COLLECT_POINTS, points=best_activation.missing),)
        return (shortfall_reason._replace(finding=finding._replace(remedies=collect_remedy)), pending_reason)
    if finding.code is ReasonCode.NEGATIVE_BALANCE:
        return (shortfall_reason._replace(finding=finding._replace(remedies=wait_remedy)), pending_reason)
    return (pending_reason,)
