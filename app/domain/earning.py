"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.domain.amounts import Parts, rounded, shared_out
from app.domain.calendar import next_period
from app.domain.counting import Counted
from app.domain.decisions import (
    Decision,
    DecisionOutcome,
    Finding,
    Reason,
    ReasonCode,
    Remedy,
    RemedyCode,
    Verdict,
)
from app.domain.effects import Earning
from app.domain.effects.bonus_points import BonusPoints
from app.domain.effects.combination import Combination, CombinationMode
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.points_cap import PointsCap
from app.domain.effects.points_multiplier import PointsMultiplier
from app.domain.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.facts import PurchaseFacts
from app.domain.judging import judge
from app.domain.terms import Clause, Terms


@dataclass(frozen=True, slots=True)
class _Judged:
    """A clause, whether it fits, the part of the purchase that it looks at, and why."""

    clause: Clause
    fits: bool
    selected: Counted
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Gift:
    """What one clause would give: unrounded parts, and whole points when it is alone."""

    key: str
    parts: Parts
    points: int


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: points and, for every earning clause, why it gave them or did not.

    REFUSED means that it earns nothing; the purchase stands all the same. PARTLY_GRANTED: a cap took part of it.
    """
    purchase = Counted.of(facts, basis=terms.policy(CountedAmounts).basis)
    judged = _judged(terms, purchase=purchase)
    alone, given = _given(terms, judged=judged)
    in_turn = terms.policy(Combination).mode is CombinationMode.FIRST
    before_caps = sum(given.values())
    points, limits = _capped(before_caps, caps=terms.caps, purchase=purchase)
    reasons: list[Reason] = []
    for one in judged:
        reasons.extend(one.reasons)
        if one.fits:
            reasons.append(
                _result(
                    one.clause.key,
                    alone=alone[one.clause.key],
                    gives=given.get(one.clause.key),
                    best=before_caps,
                    in_turn=in_turn,
                )
            )
    outcome = DecisionOutcome.GRANTED if points == before_caps else DecisionOutcome.PARTLY_GRANTED
    return Decision(
        outcome=outcome if points > 0 else DecisionOutcome.REFUSED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, *limits),
    )


def _judged(terms: Terms, *, purchase: Counted) -> list[_Judged]:
    """Every clause that gives points, judged in order; those that yield to others when the others are known."""
    clauses = [clause for clause, _ in (*terms.earning, *terms.extras)]
    found = {one.key: _Judged(one, *judge(one, purchase=purchase)) for one in clauses if not one.exclusive}
    if len(found) < len(clauses):
        seen = replace(purchase, fitting=frozenset(key for key, one in found.items() if one.fits))
        found |= {one.key: _Judged(one, *judge(one, purchase=seen)) for one in clauses if one.exclusive}
    return [found[clause.key] for clause in clauses]


def _given(terms: Terms, *, judged: Sequence[_Judged]) -> tuple[dict[str, int], dict[str, int]]:
    """What each clause that fits would give alone, and what each one that counts does give."""
    mode, rounding = terms.policy(Combination).mode, terms.policy(RoundingRule)
    bases: list[tuple[Earning, _Judged, _Gift]] = []
    bonuses: list[_Gift] = []
    factors: list[tuple[PointsMultiplier, _Judged]] = []
    for one in judged:
        effect = one.clause.effect
        if not one.fits:
            continue
        if isinstance(effect, Earning):
            bases.append((effect, one, _gift(one.clause.key, effect.earn(one.selected), rounding=rounding)))
        elif isinstance(effect, BonusPoints):
            parts = Parts((effect.points if one.selected.lines else 0,))
            bonuses.append(_gift(one.clause.key, parts, rounding=rounding))
        elif isinstance(effect, PointsMultiplier):
            factors.append((effect, one))
    alone = {gift.key: gift.points for gift in (*(gift for _, _, gift in bases), *bonuses)}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    best: list[_Gift] = []
    most = -1
    for chosen in choices or [[]]:
        multiples = [_multiple(effect, one, bases=chosen, rounding=rounding) for effect, one in factors]
        for multiple in multiples:
            alone[multiple.key] = max(alone.get(multiple.key, 0), multiple.points)
        gifts = [*(gift for _, _, gift in chosen), *_counting(multiples, mode=mode), *bonuses]
        total = _together(gifts, rounding=rounding)
        if total > most:
            most, best = total, gifts
    given = _shared(best, total=most, rounding=rounding)
    return alone, {key: points for key, points in given.items() if points or mode is CombinationMode.STACK}


def _counting(multiples: list[_Gift], *, mode: CombinationMode) -> list[_Gift]:
    """Of several multipliers the best one, the first one, or all."""
    if mode is CombinationMode.STACK or not multiples:
        return multiples
    return multiples[:1] if mode is CombinationMode.FIRST else [max(multiples, key=lambda one: one.points)]


def _multiple(
    effect: PointsMultiplier, one: _Judged, *, bases: Sequence[tuple[Earning, _Judged, _Gift]], rounding: RoundingRule
) -> _Gift:
    """What a multiplier adds to what the earning clauses give for the goods that it selects."""
    lines = frozenset(line.number for line in one.selected.lines)
    parts = [
        part
        for base, judged, _ in bases
        for part in base.earn(judged.selected.only(lambda line: line.number in lines)).each()
    ]
    extra = effect.extra
    exact = Parts.of(parts).scaled(extra.numerator, extra.denominator) if parts else Parts((0,))
    return _gift(one.clause.key, exact, rounding=rounding)


def _gift(key: str, parts: Parts, *, rounding: RoundingRule) -> _Gift:
    return _Gift(key=key, parts=parts, points=_whole(parts, rounding=rounding))


def _together(gifts: Sequence[_Gift], *, rounding: RoundingRule) -> int:
    """Whole points of several clauses that count: a sum that is rounded once, or the sum of rounded lines."""
    if rounding.scope is RoundingScope.LINE or len(gifts) < 2:
        return sum(gift.points for gift in gifts)
    return max(0, rounded(sum((gift.parts.total() for gift in gifts), 0), mode=rounding.mode))


def _shared(gifts: Sequence[_Gift], *, total: int, rounding: RoundingRule) -> dict[str, int]:
    """The points of every clause that counts; a sum that is rounded once is shared out to the clauses."""
    if rounding.scope is RoundingScope.LINE or len(gifts) < 2:
        return {gift.key: gift.points for gift in gifts}
    weights = Parts.of(gift.parts.total() for gift in gifts).numerators
    return {gift.key: share for gift, share in zip(gifts, shared_out(total, weights=weights), strict=True)}


def _whole(parts: Parts, *, rounding: RoundingRule) -> int:
    """Whole points, never below zero: the sum rounded once, or each part."""
    if rounding.scope is RoundingScope.LINE:
        return max(0, sum(rounded(part, mode=rounding.mode) for part in parts.each()))
    return max(0, rounded(parts.total(), mode=rounding.mode))


def _result(key: str, *, alone: int, gives: int | None, best: int, in_turn: bool) -> Reason:
    """Why a clause that fits gave `gives`, None where another one counts instead."""
    if gives is None and alone:
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if in_turn else ReasonCode.BETTER_CLAUSE_APPLIED
        finding = Finding(True, code, alone, best)
        return Reason(clause=key, verdict=Verdict.EXCLUDED, finding=finding)
    if not gives:
        finding = Finding(False, ReasonCode.NOTHING_TO_COUNT, 0)
        return Reason(clause=key, verdict=Verdict.NOT_MET, finding=finding)
    finding = Finding(True, ReasonCode.POINTS_EARNED, gives)
    return Reason(clause=key, verdict=Verdict.APPLIED, finding=finding)


def _capped(
    points: int, *, caps: Sequence[tuple[Clause, PointsCap]], purchase: Counted
) -> tuple[int, tuple[Reason, ...]]:
    """What is left of the points under every cap, and a reason for each cap that the points pass."""
    allowed = points
    reasons = []
    for clause, cap in caps:
        period = cap.period
        room = cap.points if period is None else max(0, cap.points - purchase.member.earned_in(period))
        if points <= room:
            continue
        allowed = min(allowed, room)
        again = None
        if period is not None:
            again = next_period(purchase.occurred_at, zone_name=purchase.zone, period=period)
        remedies = (Remedy(RemedyCode.COME_AT, from_=again),) if again is not None else ()
        finding = Finding(False, ReasonCode.CAP_REACHED, points, room, remedies)
        reasons.append(Reason(clause=clause.key, verdict=Verdict.LIMITED, finding=finding))
    return allowed, tuple(reasons)
