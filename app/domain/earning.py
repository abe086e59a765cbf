"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.domain.amounts import Exact, Parts, rounded, shared_out
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


class _Judged(NamedTuple):
    """A clause, whether it fits, the part of the purchase that it looks at, and why."""

    clause: Clause
    fits: bool
    selected: Counted
    reasons: tuple[Reason, ...]


class _Gift(NamedTuple):
    """What one clause would give: exactly, and in whole points when it is alone."""

    key: str
    exact: Exact
    points: int


class _Base(NamedTuple):
    """What an earning clause gives for the part of the purchase that it looks at."""

    effect: Earning
    selected: Counted
    gift: _Gift


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
            key = one.clause.key
            reasons.append(_result(key, alone=alone[key], gives=given.get(key), best=before_caps, in_turn=in_turn))
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
    if not terms.exclusive:
        return [_Judged(one, *judge(one, purchase=purchase)) for one in terms.giving]
    found = {one.key: _Judged(one, *judge(one, purchase=purchase)) for one in terms.giving if not one.exclusive}
    seen = purchase._replace(fitting=frozenset(key for key, one in found.items() if one.fits))
    found |= {one.key: _Judged(one, *judge(one, purchase=seen)) for one in terms.giving if one.exclusive}
    return [found[clause.key] for clause in terms.giving]


def _given(terms: Terms, *, judged: Sequence[_Judged]) -> tuple[dict[str, int], dict[str, int]]:
    """What each clause that fits would give alone, and what each one that counts does give."""
    mode, rounding = terms.policy(Combination).mode, terms.policy(RoundingRule)
    bases: list[_Base] = []
    bonuses: list[_Gift] = []
    factors: list[tuple[PointsMultiplier, _Judged]] = []
    for one, (clause, earning) in zip(judged, terms.earning, strict=False):
        if one.fits:
            gift = _gift(clause.key, earning.earn(one.selected), rounding=rounding)
            bases.append(_Base(earning, one.selected, gift))
    for one, (clause, extra) in zip(judged[len(terms.earning) :], terms.extras, strict=True):
        if one.fits and isinstance(extra, BonusPoints):
            points = extra.points if one.selected.lines else 0
            bonuses.append(_Gift(clause.key, points, points))
        elif one.fits and isinstance(extra, PointsMultiplier):
            factors.append((extra, one))
    alone = {gift.key: gift.points for gift in (*(base.gift for base in bases), *bonuses)}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    elif mode is CombinationMode.BEST and bases and not factors:
        # What comes on top is the same for each, and rounding keeps their order.
        by_line = rounding.scope is RoundingScope.LINE
        choices = [[max(bases, key=lambda base: base.gift.points if by_line else base.gift.exact)]]
    best: list[_Gift] = []
    most = -1
    for chosen in choices or [[]]:
        multiples = [_multiple(effect, one, bases=chosen, rounding=rounding) for effect, one in factors]
        for multiple in multiples:
            alone[multiple.key] = max(alone.get(multiple.key, 0), multiple.points)
        gifts = [*(base.gift for base in chosen), *_counting(multiples, mode=mode), *bonuses]
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


def _multiple(effect: PointsMultiplier, one: _Judged, *, bases: Sequence[_Base], rounding: RoundingRule) -> _Gift:
    """What a multiplier adds to what the earning clauses give for the goods that it selects."""
    lines = frozenset(line.number for line in one.selected.lines)
    parts = [
        part
        for base in bases
        for part in base.effect.earn(base.selected.only(lambda line: line.number in lines)).each()
    ]
    extra = effect.extra
    exact = Parts.of(parts).scaled(extra.numerator, extra.denominator) if parts else Parts((0,))
    return _gift(one.clause.key, exact, rounding=rounding)


def _gift(key: str, parts: Parts, *, rounding: RoundingRule) -> _Gift:
    """The parts added up exactly, and rounded once or one by one; whole points are never below zero."""
    exact = parts.total()
    if rounding.scope is RoundingScope.LINE:
        points = sum(rounded(part, mode=rounding.mode) for part in parts.each())
    else:
        points = rounded(exact, mode=rounding.mode)
    return _Gift(key, exact, max(0, points))


def _together(gifts: Sequence[_Gift], *, rounding: RoundingRule) -> int:
    """Whole points of several clauses that count: a sum that is rounded once, or the sum of rounded lines."""
    if rounding.scope is RoundingScope.LINE or len(gifts) < 2:
        return sum([gift.points for gift in gifts])
    return max(0, rounded(sum([gift.exact for gift in gifts]), mode=rounding.mode))


def _shared(gifts: Sequence[_Gift], *, total: int, rounding: RoundingRule) -> dict[str, int]:
    """The points of every clause that counts; a sum that is rounded once is shared out to the clauses."""
    if rounding.scope is RoundingScope.LINE or len(gifts) < 2:
        return {gift.key: gift.points for gift in gifts}
    shares = shared_out(total, weights=[gift.exact for gift in gifts])
    return {gift.key: share for gift, share in zip(gifts, shares, strict=True)}


def _result(key: str, *, alone: int, gives: int | None, best: int, in_turn: bool) -> Reason:
    """Why a clause that fits gave `gives`, None where another one counts instead."""
    if gives:
        return Reason(key, Verdict.APPLIED, Finding(True, ReasonCode.POINTS_EARNED, gives))
    if gives is None and alone:
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if in_turn else ReasonCode.BETTER_CLAUSE_APPLIED
        return Reason(key, Verdict.EXCLUDED, Finding(True, code, alone, best))
    return Reason(key, Verdict.NOT_MET, Finding(False, ReasonCode.NOTHING_TO_COUNT, 0))


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
