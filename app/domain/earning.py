"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import Exact, rounded
from app.domain.counting import Counted
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Verdict
from app.domain.effects import Earning
from app.domain.effects.combination import Combination, CombinationMode
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.facts import PurchaseFacts
from app.domain.judging import judge
from app.domain.terms import Clause, Terms


@dataclass(frozen=True, slots=True)
class _Offered:
    """What one earning clause would give: its parts unrounded, None when a condition fails."""

    clause: Clause
    parts: tuple[Exact, ...] | None
    points: int
    reasons: tuple[Reason, ...]


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: points and, for every earning clause, why it gave them or did not.

    REFUSED means that it earns nothing; the purchase stands all the same.
    """
    purchase = Counted.of(facts, basis=terms.policy(CountedAmounts).basis)
    rounding = terms.policy(RoundingRule)
    offered = [
        _offer(clause, effect=effect, purchase=purchase, rounding=rounding) for clause, effect in terms.earning
    ]
    if terms.policy(Combination).mode is CombinationMode.STACK:
        points = _whole(
            tuple(part for one in offered if one.parts is not None for part in one.parts), rounding=rounding
        )
        counting = {one.clause.key for one in offered if one.parts is not None}
    else:
        best = max((one for one in offered if one.parts is not None), key=lambda one: one.points, default=None)
        points = best.points if best is not None else 0
        counting = {best.clause.key} if best is not None else set()
    reasons: list[Reason] = []
    for one in offered:
        reasons.extend(one.reasons)
        if one.parts is not None:
            reasons.append(_result(one, counts=one.clause.key in counting, best=points))
    return Decision(
        outcome=DecisionOutcome.GRANTED if points > 0 else DecisionOutcome.REFUSED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=tuple(reasons),
    )


def _offer(clause: Clause, *, effect: Earning, purchase: Counted, rounding: RoundingRule) -> _Offered:
    holds, selected, reasons = judge(clause, purchase=purchase)
    if not holds:
        return _Offered(clause=clause, parts=None, points=0, reasons=reasons)
    parts = effect.earn(selected)
    return _Offered(clause=clause, parts=parts, points=_whole(parts, rounding=rounding), reasons=reasons)


def _whole(parts: tuple[Exact, ...], *, rounding: RoundingRule) -> int:
    """Whole points, never below zero: the sum rounded once, or each part."""
    if rounding.scope is RoundingScope.LINE:
        return max(0, sum(rounded(part, mode=rounding.mode) for part in parts))
    return max(0, rounded(sum(parts), mode=rounding.mode))


def _result(one: _Offered, *, counts: bool, best: int) -> Reason:
    if not counts:
        finding = Finding(True, ReasonCode.BETTER_CLAUSE_APPLIED, one.points, best)
        return Reason(clause=one.clause.key, verdict=Verdict.EXCLUDED, finding=finding)
    if one.points == 0:
        finding = Finding(False, ReasonCode.NOTHING_TO_COUNT, 0)
        return Reason(clause=one.clause.key, verdict=Verdict.NOT_MET, finding=finding)
    finding = Finding(True, ReasonCode.POINTS_EARNED, one.points)
    return Reason(clause=one.clause.key, verdict=Verdict.APPLIED, finding=finding)
