"""Stamps earned by a purchase, and stamps clawed back by a refund."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.decisions import Decision, Finding, Reason, ReasonCode, Verdict
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.evaluation import evaluate, times_awarded
from app.domain.terms.version import Terms


def stamps_earned(terms: Terms, *, purchase: EligiblePurchase) -> tuple[int, tuple[Reason, ...]]:
    """The total stamps of all clauses, with the reasons of every condition and effect."""
    stamps = 0
    reasons: list[Reason] = []
    if purchase.amount_only:
        finding = Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE)
        return 0, tuple(Reason(clause.key, Verdict.EXCLUDED, finding) for clause, _ in terms.stamp_clauses)
    for clause, effect in terms.stamp_clauses:
        matches, selected_part, clause_reasons = evaluate(clause, purchase=purchase)
        reasons += clause_reasons
        if not matches:
            continue
        awarded_stamps = effect.earn(selected_part) * (
            times_awarded(clause, selected_part=selected_part) if effect.gives_fixed_number else 1
        )
        stamps += awarded_stamps
        if awarded_stamps:
            finding = Finding(True, ReasonCode.STAMPS_EARNED, awarded_stamps)
            reasons.append(Reason(clause.key, Verdict.APPLIED, finding))
        else:
            finding = Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0)
            reasons.append(Reason(clause.key, Verdict.NOT_MET, finding))
    return stamps, tuple(reasons)


def stamp_clawback_reasons(
    terms: Terms, *, clawed_back_stamps: int, before: PurchaseFacts, decision_after: Decision
) -> tuple[Reason, ...]:
    """A reason for each clause that earns less after a refund, with its part of the `clawed_back_stamps`.

    `before` is the purchase before the refund, `decision_after` the decision on what remains after it.
    """
    if not clawed_back_stamps:
        return ()
    earned_before, earned_after = (
        _stamps_by_clause(stamps_earned(terms, purchase=terms.eligible_part(before))[1]),
        _stamps_by_clause(decision_after.reasons),
    )
    reasons = []
    unattributed_stamps = clawed_back_stamps
    for key, awarded in earned_before.items():
        clause_part = min(unattributed_stamps, awarded - earned_after.get(key, 0))
        if clause_part > 0:
            reasons.append(Reason(key, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_CLAWED_BACK, clause_part)))
            unattributed_stamps -= clause_part
    return tuple(reasons)


def _stamps_by_clause(reasons: Iterable[Reason]) -> dict[str, int]:
    """Stamps earned by clause key."""
    return {
        reason.clause_key: reason.finding.observed
        for reason in reasons
        if reason.finding.code is ReasonCode.STAMPS_EARNED and isinstance(reason.finding.observed, int)
    }
