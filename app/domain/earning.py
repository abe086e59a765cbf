"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.amounts import Parts, rounded, shared_out
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
    """What one earning clause would give: its parts unrounded, None when a condition fails; `points` when alone."""

    clause: Clause
    parts: Parts | None
    points: int
    reasons: tuple[Reason, ...]


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: points and, for every earning clause, why it gave them or did not.

    REFUSED means that it earns nothing; the purchase stands all the same.
    """
    purchase = Counted.of(facts, basis=terms.policy(CountedAmounts).basis)
    rounding = terms.policy(RoundingRule)
    offered = [_offer(clause, effect=effect, purchase=purchase, rounding=rounding) for clause, effect in terms.earning]
    if terms.policy(Combination).mode is CombinationMode.STACK:
        given = _stacked(offered, rounding=rounding)
    else:
        given = _best(offered)
    points = sum(given.values())
    reasons: list[Reason] = []
    for one in offered:
        reasons.extend(one.reasons)
        if one.parts is not None:
            reasons.append(_result(one, gives=given.get(one.clause.key), best=points))
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


def _best(offered: list[_Offered]) -> dict[str, int]:
    """The points of the one clause that gives most, the first of equals; nothing when none gives any."""
    best = max(offered, key=lambda one: one.points, default=None)
    return {best.clause.key: best.points} if best is not None and best.points else {}


def _stacked(offered: list[_Offered], *, rounding: RoundingRule) -> dict[str, int]:
    """The points of every clause that holds; a sum that is rounded once is shared out to the clauses."""
    holding = [(one.clause.key, one.points, one.parts) for one in offered if one.parts is not None]
    if rounding.scope is RoundingScope.LINE:
        return {key: points for key, points, _ in holding}
    exact = Parts.of(parts.total() for _, _, parts in holding)
    shares = shared_out(max(0, rounded(exact.total(), mode=rounding.mode)), weights=exact.numerators)
    return {key: share for (key, _, _), share in zip(holding, shares, strict=True)}


def _whole(parts: Parts, *, rounding: RoundingRule) -> int:
    """Whole points, never below zero: the sum rounded once, or each part."""
    if rounding.scope is RoundingScope.LINE:
        return max(0, sum(rounded(part, mode=rounding.mode) for part in parts.each()))
    return max(0, rounded(parts.total(), mode=rounding.mode))


def _result(one: _Offered, *, gives: int | None, best: int) -> Reason:
    """Why a clause that holds gave `gives`, None where another one counts instead."""
    if gives is None and one.points:
        finding = Finding(True, ReasonCode.BETTER_CLAUSE_APPLIED, one.points, best)
        return Reason(clause=one.clause.key, verdict=Verdict.EXCLUDED, finding=finding)
    if not gives:
        finding = Finding(False, ReasonCode.NOTHING_TO_COUNT, 0)
        return Reason(clause=one.clause.key, verdict=Verdict.NOT_MET, finding=finding)
    finding = Finding(True, ReasonCode.POINTS_EARNED, gives)
    return Reason(clause=one.clause.key, verdict=Verdict.APPLIED, finding=finding)
