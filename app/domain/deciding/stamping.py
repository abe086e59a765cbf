"""Stamps that a purchase brings, and those that a refund takes back."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.counting import Counted
from app.domain.deciding.judging import judge, rewards
from app.domain.decisions import Decision, Finding, Reason, ReasonCode, Verdict
from app.domain.facts import PurchaseFacts
from app.domain.terms import Terms


def stamped(terms: Terms, *, purchase: Counted) -> tuple[int, tuple[Reason, ...]]:
    """The stamps of all clauses together, with one reason for each thing looked at."""
    stamps = 0
    reasons: list[Reason] = []
    if purchase.amount_only:
        finding = Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE)
        return 0, tuple(Reason(clause.key, Verdict.EXCLUDED, finding) for clause, _ in terms.stamping)
    for clause, effect in terms.stamping:
        fits, selected, told = judge(clause, purchase=purchase)
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


def taken_back(terms: Terms, *, stamps: int, before: PurchaseFacts, still: Decision) -> tuple[Reason, ...]:
    """Each clause that brings less for what is kept than for what was kept `before`, and how many of the stamps it takes."""
    if not stamps:
        return ()
    brought, left = _brought(stamped(terms, purchase=terms.counted(before))[1]), _brought(still.reasons)
    reasons = []
    for key, given in brought.items():
        less = min(stamps, given - left.get(key, 0))
        if less > 0:
            reasons.append(Reason(key, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_TAKEN_BACK, less)))
            stamps -= less
    return tuple(reasons)


def _brought(reasons: Iterable[Reason]) -> dict[str, int]:
    """The stamps of each clause (by key) that brought any."""
    return {
        one.clause: one.finding.observed
        for one in reasons
        if one.finding.code is ReasonCode.STAMPS_EARNED and isinstance(one.finding.observed, int)
    }
