"""What a purchase earns under one version of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Parts
from app.domain.calendar import next_period
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.engine.allocation import (
    Award,
    Awards,
    allocate,
    award,
    budget_usage,
    combined,
    own_budget_usage,
    within_budget,
)
from app.domain.engine.stamps import stamps_earned
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.effects import Earning
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.evaluation import evaluate, rewards
from app.domain.terms.version import Clause, Terms

_APPLIED, _EXCLUDED = Verdict.APPLIED, Verdict.EXCLUDED
_POINTS_EARNED, _BETTER = ReasonCode.POINTS_EARNED, ReasonCode.BETTER_CLAUSE_APPLIED
"""Looked up once: what is asked of an enum for every clause of every purchase shows."""


class _EvaluatedClause(NamedTuple):
    """A clause, whether it fits, the part of the purchase that it looks at, and why."""

    clause: Clause
    fits: bool
    selected: EligiblePurchase
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
    selected: EligiblePurchase
    award: Award


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: points and stamps and, for every earning clause, why it gave them or did not.

    NOTHING_EARNED means that it brings neither points nor stamps; the purchase stands all the same, whatever the reason.
    PARTLY_GRANTED: a cap took part of it, or a budget that was nearly used up gave its last points.
    """
    purchase = terms.eligible(facts)
    judged = _evaluate_clauses(terms, purchase=purchase)
    gives = _combined_awards(terms, judged=judged)
    given, short = gives.by_clause, gives.limited
    in_turn = terms.policy(Combination).mode is CombinationMode.FIRST
    before_caps = sum(given.values())
    points, limits = _within_caps(before_caps, caps=terms.caps, purchase=purchase)
    reasons: list[Reason] = []
    for evaluated in judged:
        key = evaluated.clause.key
        less = short.get(key) if short else None
        reasons += evaluated.reasons if less is None else _reasons_with_budget(evaluated, less)
        if evaluated.fits and (less is None or less.points):
            reasons.append(_result(evaluated.clause, gives=gives, in_turn=in_turn))
    whole = points == before_caps and not (short and any(award.points for award in short.values()))
    outcome = DecisionOutcome.GRANTED if whole else DecisionOutcome.PARTLY_GRANTED
    stamps, stamping = stamps_earned(terms, purchase=purchase) if terms.stamp_clauses else (0, ())
    taken = budget_usage(given, points=points, budgets=tuple(terms.budgets)) if terms.budgets else ()
    return Decision(
        outcome=outcome if points or stamps else DecisionOutcome.NOTHING_EARNED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, *limits, *stamping),
        zone=facts.zone if facts.zone != terms.zone else None,
        budget_usage=taken,
        stamps=stamps,
        own=own_budget_usage(taken, customer_facts=facts.customer_facts) if taken else (),
    )


def base_points(decision: Decision, *, terms: Terms) -> int:
    """The points of a decision that earning clauses gave, without multipliers and bonuses: those count towards a tier.

    Where a cap took part of them, no more than what was left.
    """
    base = sum(
        reason.finding.observed
        for reason in decision.reasons
        if reason.condition is None
        and reason.finding.code is ReasonCode.POINTS_EARNED
        and isinstance(reason.finding.observed, int)
        and isinstance(terms.clause(reason.clause).effect, Earning)
    )
    return min(base, decision.points)


def _evaluate_clauses(terms: Terms, *, purchase: EligiblePurchase) -> list[_EvaluatedClause]:
    """Every clause that gives points, judged in order; those that yield to others when the others are known."""
    if not terms.exclusive and not terms.budgets:
        return [_evaluate(clause, purchase=purchase) for clause in terms.point_clauses]
    rounding = terms.policy(RoundingRule)
    found = {
        clause.key: _affordable(_evaluate(clause, purchase=purchase), rounding=rounding)
        for clause in terms.point_clauses
        if not clause.exclusive
    }
    seen = purchase._replace(fitting=frozenset(key for key, evaluated in found.items() if evaluated.fits))
    found |= {
        clause.key: _affordable(_evaluate(clause, purchase=seen), rounding=rounding)
        for clause in terms.point_clauses
        if clause.exclusive
    }
    return [found[clause.key] for clause in terms.point_clauses]


def _evaluate(clause: Clause, *, purchase: EligiblePurchase) -> _EvaluatedClause:
    """A clause, judged; of what is paid on top in an exchange only one that goes by amounts."""
    if clause.by_amount or not purchase.amount_only:
        return _EvaluatedClause(clause, *evaluate(clause, purchase=purchase))
    reason = Reason(clause.key, _EXCLUDED, Finding(False, ReasonCode.NOT_IN_AN_EXCHANGE))
    return _EvaluatedClause(clause, False, purchase, (reason,))


def _affordable(evaluated: _EvaluatedClause, *, rounding: RoundingRule) -> _EvaluatedClause:
    """A clause that fits only where its budget gives something; what a multiplier gives is not known yet."""
    budget = evaluated.clause.budget
    alone = _alone(evaluated, rounding=rounding) if budget is not None and evaluated.fits else None
    if budget is None or alone is None:
        return evaluated
    less = within_budget(alone, budget=budget, customer_facts=evaluated.selected.customer_facts)
    if less.points or not less.limited:
        return evaluated
    return evaluated._replace(fits=False, reasons=_reasons_with_budget(evaluated, less))


def _alone(evaluated: _EvaluatedClause, *, rounding: RoundingRule) -> Award | None:
    """What a clause that fits gives by itself; None where it depends on others."""
    clause, effect, selected = evaluated.clause, evaluated.clause.effect, evaluated.selected
    if isinstance(effect, Earning):
        return award(clause.key, effect.earn(selected), rounding=rounding)
    if isinstance(effect, BonusPoints):
        return Award(clause.key, evaluated.bonus, evaluated.bonus)
    return None


def _reasons_with_budget(evaluated: _EvaluatedClause, less: Award) -> tuple[Reason, ...]:
    """The reasons of a clause whose budget leaves less than it would give."""
    budget = evaluated.clause.budget
    assert budget is not None, "nothing else cuts a gift short"
    left = budget.left(evaluated.selected.customer_facts, clause=less.key)
    finding = budget.used_up(left, wanted=less.unlimited_points)
    place = (evaluated.clause.conditions.index(budget),)
    verdict = Verdict.LIMITED if less.points else Verdict.NOT_MET
    said = Reason(less.key, verdict, finding, place)
    return tuple(said if reason.condition == place else reason for reason in evaluated.reasons)


def _awards(
    terms: Terms, *, judged: Sequence[_EvaluatedClause]
) -> tuple[list[_Base], list[Award], list[tuple[PointsMultiplier, _EvaluatedClause]]]:
    """What the clauses that fit give by themselves, in the order of the terms; and the multipliers, which need them."""
    rounding, budgeted = terms.policy(RoundingRule), bool(terms.budgets)
    bases: list[_Base] = []
    bonuses: list[Award] = []
    factors: list[tuple[PointsMultiplier, _EvaluatedClause]] = []
    for evaluated, (clause, earning) in zip(judged, terms.earning_clauses, strict=False):
        if evaluated.fits:
            own = award(clause.key, earning.earn(evaluated.selected), rounding=rounding)
            bases.append(_Base(earning, evaluated.selected, _within(own, evaluated) if budgeted else own))
    for evaluated, (clause, extra) in zip(judged[len(terms.earning_clauses) :], terms.bonus_clauses, strict=True):
        if not evaluated.fits:
            continue
        if isinstance(extra, BonusPoints):
            own = Award(clause.key, evaluated.bonus, evaluated.bonus)
            bonuses.append(_within(own, evaluated) if budgeted else own)
        elif isinstance(extra, PointsMultiplier):
            factors.append((extra, evaluated))
    return bases, bonuses, factors


def _combined_awards(terms: Terms, *, judged: Sequence[_EvaluatedClause]) -> Awards:
    """What the clauses give, where several fit by the clause for that."""
    mode, rounding = terms.policy(Combination).mode, terms.policy(RoundingRule)
    bases, bonuses, factors = _awards(terms, judged=judged)
    alone = {base.award.key: base.award.points for base in bases} | {bonuse.key: bonuse.points for bonuse in bonuses}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    elif mode is CombinationMode.BEST and bases and not factors:
        # What comes on top is the same for each, and rounding keeps their order.
        by_line = rounding.scope is RoundingScope.LINE
        choices = [[max(bases, key=lambda base: base.award.points if by_line else base.award.exact)]]
    best: list[Award] = []
    short: dict[str, Award] = {}
    base: str | None = None
    multiple: str | None = None
    most = -1
    for chosen in choices or [[]]:
        multiples = [
            _multiplier_award(effect, evaluated, bases=chosen, rounding=rounding) for effect, evaluated in factors
        ]
        for extra in multiples:
            alone[extra.key] = max(alone.get(extra.key, 0), extra.points)
        counting = _counting_multipliers(multiples, mode=mode)
        awards = [*[each_base.award for each_base in chosen], *counting, *bonuses]
        total = combined(awards, rounding=rounding)
        if total > most:
            most, best = total, awards
            base, multiple = chosen[0].award.key if chosen else None, counting[0].key if counting else None
            if terms.budgets:
                short = {award.key: award for award in (*awards, *multiples) if award.limited}
    given = allocate(best, total=most, rounding=rounding)
    given = {key: points for key, points in given.items() if points or mode is CombinationMode.STACK}
    return Awards(alone, given, short, base, multiple)


def _within(alone: Award, evaluated: _EvaluatedClause) -> Award:
    """The gift of a clause as far as its budget lasts."""
    budget = evaluated.clause.budget
    return (
        alone
        if budget is None
        else within_budget(alone, budget=budget, customer_facts=evaluated.selected.customer_facts)
    )


def _counting_multipliers(multiples: list[Award], *, mode: CombinationMode) -> list[Award]:
    """Of several multipliers the best one, the first one, or all; one whose budget gives nothing stands aside."""
    if not multiples:
        return multiples
    multiples = [multiple for multiple in multiples if multiple.points or not multiple.limited]
    if mode is CombinationMode.STACK or not multiples:
        return multiples
    return multiples[:1] if mode is CombinationMode.FIRST else [max(multiples, key=lambda award: award.points)]


def _multiplier_award(
    effect: PointsMultiplier, evaluated: _EvaluatedClause, *, bases: Sequence[_Base], rounding: RoundingRule
) -> Award:
    """What a multiplier adds to what the earning clauses give for the goods that it selects."""
    lines = frozenset(line.number for line in evaluated.selected.lines)
    parts = [
        part * _share(base.award) if base.award.limited else part
        for base in bases
        for part in base.effect.earn(base.selected.only(lambda line: line.number in lines)).each()
    ]
    extra = effect.extra
    exact = Parts.of(parts).scaled(extra.numerator, extra.denominator) if parts else Parts((0,))
    return _within(award(evaluated.clause.key, exact, rounding=rounding), evaluated)


def _share(less: Award) -> Fraction:
    """How much of a gift its budget leaves."""
    return Fraction(less.points, less.unlimited_points or 1)


def _result(clause: Clause, *, gives: Awards, in_turn: bool) -> Reason:
    """What a clause that fits gave, or which ones count instead and what they gave."""
    key = clause.key
    own, alone = gives.by_clause.get(key), gives.alone[key]
    if own:
        return Reason(key, _APPLIED, Finding(True, _POINTS_EARNED, own))
    if own is None and alone:
        instead = gives.counted_instead_of(key, multiplies=isinstance(clause.effect, PointsMultiplier), in_turn=in_turn)
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if in_turn else _BETTER
        theirs = sum(gives.by_clause.get(other, 0) for other in instead)
        return Reason(key, _EXCLUDED, Finding(True, code, alone, theirs, clauses=instead))
    return Reason(key, Verdict.NOT_MET, Finding(False, ReasonCode.NOTHING_TO_COUNT, 0))


def _within_caps(
    points: int, *, caps: Sequence[tuple[Clause, PointsCap]], purchase: EligiblePurchase
) -> tuple[int, tuple[Reason, ...]]:
    """What is left of the points under every cap, and a reason for each cap that the points pass."""
    allowed = points
    reasons = []
    for clause, cap in caps:
        period = cap.period
        room = cap.points if period is None else max(0, cap.points - purchase.customer_facts.earned_in(period))
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
