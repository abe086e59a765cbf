"""Stamps that a purchase brings, and those that a refund takes back."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.counting import Counted
from app.domain.deciding.judging import judge
from app.domain.decisions import Decision, Finding, Reason, ReasonCode, Verdict
from app.domain.terms import Terms


def stamped(terms: Terms, *, purchase: Counted) -> tuple[int, tuple[Reason, ...]]:
    """The stamps of all clauses together, with one reason for each thing looked at."""
    stamps = 0
    reasons: list[Reason] = []
    for clause, effect in terms.stamping:
        fits, selected, told = judge(clause, purchase=purchase)
        reasons += told
        if not fits:
            continue
        given = effect.earn(selected)
        stamps += given
        if given:
            finding = Finding(True, ReasonCode.STAMPS_EARNED, given)
            reasons.append(Reason(clause.key, Verdict.APPLIED, finding))
        else:
            finding = Finding(False, ReasonCode.NO_ELIGIBLE_PRODUCT, 0)
            reasons.append(Reason(clause.key, Verdict.NOT_MET, finding))
    return stamps, tuple(reasons)


def stamps_due(*, earned: int, still: int, before: int) -> int:
    """What a refund takes back when what is kept would bring `still` stamps, and `before` were due to earlier refunds.

    All refunds of a purchase together never take more than it brought.
    """
    return max(0, earned - still - before)


def taken_back(terms: Terms, *, stamps: int, still: Decision) -> tuple[Reason, ...]:
    """Which clause takes stamps back: the first one that brings none for what is kept, else the first one of all."""
    if not stamps:
        return ()
    kept = frozenset(_stamping(still.reasons))
    clauses = [clause.key for clause, _ in terms.stamping]
    key = next((one for one in clauses if one not in kept), clauses[0])
    return (Reason(key, Verdict.APPLIED, Finding(True, ReasonCode.STAMPS_TAKEN_BACK, stamps)),)


def _stamping(reasons: Iterable[Reason]) -> Iterable[str]:
    return (one.clause for one in reasons if one.finding.code is ReasonCode.STAMPS_EARNED)
