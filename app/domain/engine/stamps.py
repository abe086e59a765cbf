"""Stamps that a purchase brings, and those that a refund takes back."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.decisions import Decision, Finding, Reason, ReasonCode, Verdict
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.evaluation import evaluate, rewards
from app.domain.terms.version import Terms


def stamps_earned(terms: Terms, *, purchase: EligiblePurchase) -> tuple[int, tuple[Reason, ...]]:
    """The stamps of all clauses together, with one reason for each thing looked at."""
    stamps = 0
    reasons: list[Reason] = []
    if purchase.amount_only:
        finding = Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE)
        return 0, tuple(Reason(clause.key, Verdict.EXCLUDED, finding) for clause, _ in terms.stamp_clauses)
    for clause, effect in terms.stamp_clauses:
        fits, selected, told = evaluate(clause, purchase=purchase)
        reasons += told
        if not fits:
            continue
        given = effect.earn(selected) * (rewards(clause, selected=selected) if effect.once else 1)
        stamps += given
        if given:
            finding = Finding(True, ReasonCode.STAMPS_EARNED, given)
            reasons.append(Reason(clause.key, Verdict.APPLIED, finding))
        else:
            finding = Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0)
            reasons.append(Reason(clause.key, Verdict.NOT_MET, finding))
    return stamps, tuple(reasons)


def stamps_clawed_back(terms: Terms, *, stamps: int, before: PurchaseFacts, after: Decision) -> tuple[Reason, ...]:
    """Each clause that brings less for what is kept than for what was kept `before`, and how many of the stamps it takes."""
    if not stamps:
        return ()
    brought, left = _brought(stamps_earned(terms, purchase=terms.eligible(before))[1]), _brought(after.reasons)
    reasons = []
    for key, given in brought.items():
        less = min(stamps, given - left.get(key, 0))
        if less > 0:
            reasons.append(Reason(key, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_CLAWED_BACK, less)))
            stamps -= less
    return tuple(reasons)


def _brought(reasons: Iterable[Reason]) -> dict[str, int]:
    """The stamps of each clause (by key) that brought any."""
    return {
        reason.clause: reason.finding.observed
        for reason in reasons
        if reason.finding.code is ReasonCode.STAMPS_EARNED and isinstance(reason.finding.observed, int)
    }
