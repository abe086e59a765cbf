"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Parts
from app.domain.calendar import next_period
from app.domain.counting import Counted
from app.domain.deciding.gifts import Gift, Given, bounded, gift, own_part, shared, spent, together
from app.domain.deciding.judging import judge, rewards
from app.domain.deciding.stamping import stamped
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
from app.domain.effects.points_cap import PointsCap
from app.domain.effects.points_multiplier import PointsMultiplier
from app.domain.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.facts import PurchaseFacts
from app.domain.terms import Clause, Terms

_APPLIED, _EXCLUDED = Verdict.APPLIED, Verdict.EXCLUDED
_POINTS_EARNED, _BETTER = ReasonCode.POINTS_EARNED, ReasonCode.BETTER_CLAUSE_APPLIED
"""Looked up once: what is asked of an enum for every clause of every purchase shows."""


class _Judged(NamedTuple):
    """A clause, whether it fits, the part of the purchase that it looks at, and why."""

    clause: Clause
    fits: bool
    selected: Counted
    reasons: tuple[Reason, ...]

    @property
    def bonus(self) -> int:
        """The points of a clause that gives a fixed number of them."""
        effect = self.clause.effect
        if not isinstance(effect, BonusPoints) or not self.selected.lines:
            return 0
        return effect.points * rewards(self.clause, selected=self.selected)


class _Base(NamedTuple):
    """What an earning clause gives for the part of the purchase that it looks at."""

    effect: Earning
    selected: Counted
    gift: Gift


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: points and stamps and, for every earning clause, why it gave them or did not.

    NOTHING_EARNED means that it brings neither points nor stamps; the purchase stands all the same, whatever the reason.
    PARTLY_GRANTED: a cap took part of it, or a budget that was nearly used up gave its last points.
    """
    purchase = terms.counted(facts)
    judged = _judged(terms, purchase=purchase)
    gives = _given(terms, judged=judged)
    given, short = gives.given, gives.short
    in_turn = terms.policy(Combination).mode is CombinationMode.FIRST
    before_caps = sum(given.values())
    points, limits = _capped(before_caps, caps=terms.caps, purchase=purchase)
    reasons: list[Reason] = []
    for one in judged:
        key = one.clause.key
        less = short.get(key) if short else None
        reasons += one.reasons if less is None else _cut_short(one, less)
        if one.fits and (less is None or less.points):
            reasons.append(_result(one.clause, gives=gives, in_turn=in_turn))
    whole = points == before_caps and not (short and any(one.points for one in short.values()))
    outcome = DecisionOutcome.GRANTED if whole else DecisionOutcome.PARTLY_GRANTED
    stamps, stamping = stamped(terms, purchase=purchase) if terms.stamping else (0, ())
    taken = spent(given, points=points, budgets=tuple(terms.budgets)) if terms.budgets else ()
    return Decision(
        outcome=outcome if points or stamps else DecisionOutcome.NOTHING_EARNED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, *limits, *stamping),
        zone=facts.zone if facts.zone != terms.zone else None,
        spent=taken,
        stamps=stamps,
        own=own_part(taken, member=facts.member) if taken else (),
    )


def base_points(decision: Decision, *, terms: Terms) -> int:
    """The points of a decision that earning clauses gave, without multipliers and bonuses: those count towards a level.

    Where a cap took part of them, no more than what was left.
    """
    base = sum(
        one.finding.observed
        for one in decision.reasons
        if one.condition is None
        and one.finding.code is ReasonCode.POINTS_EARNED
        and isinstance(one.finding.observed, int)
        and isinstance(terms.clause(one.clause).effect, Earning)
    )
    return min(base, decision.points)


def _judged(terms: Terms, *, purchase: Counted) -> list[_Judged]:
    """Every clause that gives points, judged in order; those that yield to others when the others are known."""
    if not terms.exclusive and not terms.budgets:
        return [_judge(one, purchase=purchase) for one in terms.giving]
    rounding = terms.policy(RoundingRule)
    found = {
        one.key: _affordable(_judge(one, purchase=purchase), rounding=rounding)
        for one in terms.giving
        if not one.exclusive
    }
    seen = purchase._replace(fitting=frozenset(key for key, one in found.items() if one.fits))
    found |= {
        one.key: _affordable(_judge(one, purchase=seen), rounding=rounding) for one in terms.giving if one.exclusive
    }
    return [found[clause.key] for clause in terms.giving]


def _judge(clause: Clause, *, purchase: Counted) -> _Judged:
    """A clause, judged; of what is paid on top in an exchange only one that goes by amounts."""
    if clause.by_amount or not purchase.amount_only:
        return _Judged(clause, *judge(clause, purchase=purchase))
    reason = Reason(clause.key, _EXCLUDED, Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE))
    return _Judged(clause, False, purchase, (reason,))


def _affordable(one: _Judged, *, rounding: RoundingRule) -> _Judged:
    """A clause that fits only where its budget gives something; what a multiplier gives is not known yet."""
    budget = one.clause.budget
    alone = _alone(one, rounding=rounding) if budget is not None and one.fits else None
    if budget is None or alone is None:
        return one
    less = bounded(alone, budget=budget, member=one.selected.member)
    if less.points or not less.short:
        return one
    return one._replace(fits=False, reasons=_cut_short(one, less))


def _alone(one: _Judged, *, rounding: RoundingRule) -> Gift | None:
    """What a clause that fits gives by itself; None where it depends on others."""
    clause, effect, selected = one.clause, one.clause.effect, one.selected
    if isinstance(effect, Earning):
        return gift(clause.key, effect.earn(selected), rounding=rounding)
    if isinstance(effect, BonusPoints):
        return Gift(clause.key, one.bonus, one.bonus)
    return None


def _cut_short(one: _Judged, less: Gift) -> tuple[Reason, ...]:
    """The reasons of a clause whose budget leaves less than it would give."""
    budget = one.clause.budget
    assert budget is not None, "nothing else cuts a gift short"
    left = budget.left(one.selected.member, clause=less.key)
    finding = budget.used_up(left, wanted=less.wanted)
    place = (one.clause.conditions.index(budget),)
    verdict = Verdict.LIMITED if less.points else Verdict.NOT_MET
    said = Reason(less.key, verdict, finding, place)
    return tuple(said if reason.condition == place else reason for reason in one.reasons)


def _gifts(
    terms: Terms, *, judged: Sequence[_Judged]
) -> tuple[list[_Base], list[Gift], list[tuple[PointsMultiplier, _Judged]]]:
    """What the clauses that fit give by themselves, in the order of the terms; and the multipliers, which need them."""
    rounding, budgeted = terms.policy(RoundingRule), bool(terms.budgets)
    bases: list[_Base] = []
    bonuses: list[Gift] = []
    factors: list[tuple[PointsMultiplier, _Judged]] = []
    for one, (clause, earning) in zip(judged, terms.earning, strict=False):
        if one.fits:
            own = gift(clause.key, earning.earn(one.selected), rounding=rounding)
            bases.append(_Base(earning, one.selected, _within(own, one) if budgeted else own))
    for one, (clause, extra) in zip(judged[len(terms.earning) :], terms.extras, strict=True):
        if not one.fits:
            continue
        if isinstance(extra, BonusPoints):
            own = Gift(clause.key, one.bonus, one.bonus)
            bonuses.append(_within(own, one) if budgeted else own)
        elif isinstance(extra, PointsMultiplier):
            factors.append((extra, one))
    return bases, bonuses, factors


def _given(terms: Terms, *, judged: Sequence[_Judged]) -> Given:
    """What the clauses give, where several fit by the clause for that."""
    mode, rounding = terms.policy(Combination).mode, terms.policy(RoundingRule)
    bases, bonuses, factors = _gifts(terms, judged=judged)
    alone = {base.gift.key: base.gift.points for base in bases} | {one.key: one.points for one in bonuses}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    elif mode is CombinationMode.BEST and bases and not factors:
        # What comes on top is the same for each, and rounding keeps their order.
        by_line = rounding.scope is RoundingScope.LINE
        choices = [[max(bases, key=lambda base: base.gift.points if by_line else base.gift.exact)]]
    best: list[Gift] = []
    short: dict[str, Gift] = {}
    base: str | None = None
    multiple: str | None = None
    most = -1
    for chosen in choices or [[]]:
        multiples = [_multiple(effect, one, bases=chosen, rounding=rounding) for effect, one in factors]
        for extra in multiples:
            alone[extra.key] = max(alone.get(extra.key, 0), extra.points)
        counting = _counting(multiples, mode=mode)
        gifts = [*[one.gift for one in chosen], *counting, *bonuses]
        total = together(gifts, rounding=rounding)
        if total > most:
            most, best = total, gifts
            base, multiple = chosen[0].gift.key if chosen else None, counting[0].key if counting else None
            if terms.budgets:
                short = {one.key: one for one in (*gifts, *multiples) if one.short}
    given = shared(best, total=most, rounding=rounding)
    given = {key: points for key, points in given.items() if points or mode is CombinationMode.STACK}
    return Given(alone, given, short, base, multiple)


def _within(alone: Gift, one: _Judged) -> Gift:
    """The gift of a clause as far as its budget lasts."""
    budget = one.clause.budget
    return alone if budget is None else bounded(alone, budget=budget, member=one.selected.member)


def _counting(multiples: list[Gift], *, mode: CombinationMode) -> list[Gift]:
    """Of several multipliers the best one, the first one, or all; one whose budget gives nothing stands aside."""
    if not multiples:
        return multiples
    multiples = [one for one in multiples if one.points or not one.short]
    if mode is CombinationMode.STACK or not multiples:
        return multiples
    return multiples[:1] if mode is CombinationMode.FIRST else [max(multiples, key=lambda one: one.points)]


def _multiple(effect: PointsMultiplier, one: _Judged, *, bases: Sequence[_Base], rounding: RoundingRule) -> Gift:
    """What a multiplier adds to what the earning clauses give for the goods that it selects."""
    lines = frozenset(line.number for line in one.selected.lines)
    parts = [
        part * _share(base.gift) if base.gift.short else part
        for base in bases
        for part in base.effect.earn(base.selected.only(lambda line: line.number in lines)).each()
    ]
    extra = effect.extra
    exact = Parts.of(parts).scaled(extra.numerator, extra.denominator) if parts else Parts((0,))
    return _within(gift(one.clause.key, exact, rounding=rounding), one)


def _share(less: Gift) -> Fraction:
    """How much of a gift its budget leaves."""
    return Fraction(less.points, less.wanted or 1)


def _result(clause: Clause, *, gives: Given, in_turn: bool) -> Reason:
    """What a clause that fits gave, or which ones count instead and what they gave."""
    key = clause.key
    own, alone = gives.given.get(key), gives.alone[key]
    if own:
        return Reason(key, _APPLIED, Finding(True, _POINTS_EARNED, own))
    if own is None and alone:
        instead = gives.instead_of(key, multiplies=isinstance(clause.effect, PointsMultiplier), in_turn=in_turn)
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if in_turn else _BETTER
        theirs = sum(gives.given.get(other, 0) for other in instead)
        return Reason(key, _EXCLUDED, Finding(True, code, alone, theirs, clauses=instead))
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
            again = next_period(purchase.occurred_at, zone_name=purchase.period_zone(period), period=period)
        remedies = (Remedy(RemedyCode.COME_AT, from_=again),) if again is not None else ()
        finding = Finding(False, ReasonCode.CAP_REACHED, points, room, remedies)
        reasons.append(Reason(clause=clause.key, verdict=Verdict.LIMITED, finding=finding))
    return allowed, tuple(reasons)
