"""Decisions on purchases: the points and stamps earned under one version of the terms."""

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
    allocated_budget_usage,
    award,
    combine,
    own_budget_usage,
    within_budget,
)
from app.domain.engine.stamps import stamps_earned
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import CombinationMode
from app.domain.terms.effects.effect import Earning
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.evaluation import evaluate, times_awarded
from app.domain.terms.version import Terms

_APPLIED, _EXCLUDED = Verdict.APPLIED, Verdict.EXCLUDED
_POINTS_EARNED, _BETTER = ReasonCode.POINTS_EARNED, ReasonCode.BETTER_CLAUSE_APPLIED
"""Bound once: the enum lookups are measurable, since they run for every clause of every purchase."""


class _EvaluatedClause(NamedTuple):
    """A clause, whether it matches, the part of the purchase it selects, and its reasons."""

    clause: Clause
    fits: bool
    selected: EligiblePurchase
    reasons: tuple[Reason, ...]

    @property
    def bonus(self) -> int:
        """The points of a bonus clause; 0 for others."""
        effect = self.clause.effect
        if not isinstance(effect, BonusPoints) or not self.selected.lines:
            return 0
        return effect.points * times_awarded(self.clause, selected=self.selected)


class _Base(NamedTuple):
    """An earning clause's effect, the part of the purchase it selects, and its award."""

    effect: Earning
    selected: EligiblePurchase
    award: Award


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: its points and stamps, with the reasons of every earning clause.

    NOTHING_EARNED: neither points nor stamps. PARTLY_GRANTED: a cap or a budget reduced the points.
    """
    purchase = terms.eligible(facts)
    if terms.depends_on_other_clauses or terms.budgets:
        evaluations = _evaluate_dependent_clauses(terms, purchase=purchase)
    else:
        evaluations = [_EvaluatedClause(clause, *evaluate(clause, purchase=purchase)) for clause in terms.point_clauses]
    awards = _combined_awards(terms, evaluations=evaluations)
    by_clause, limited = awards.by_clause, awards.limited
    first_counts = terms.combination is CombinationMode.FIRST
    before_caps = sum(by_clause.values())
    points, cap_reasons = _capped(before_caps, caps=terms.caps, purchase=purchase) if terms.caps else (before_caps, ())
    reasons: list[Reason] = []
    for evaluated in evaluations:
        key = evaluated.clause.key
        limited_award = limited.get(key) if limited else None
        reasons += evaluated.reasons if limited_award is None else _reasons_with_budget(evaluated, limited_award)
        if evaluated.fits and (limited_award is None or limited_award.points):
            reasons.append(_effect_reason(evaluated.clause, awards=awards, first_counts=first_counts))
    is_complete = points == before_caps and not (limited and any(award.points for award in limited.values()))
    outcome = DecisionOutcome.GRANTED if is_complete else DecisionOutcome.PARTLY_GRANTED
    stamps, stamp_reasons = stamps_earned(terms, purchase=purchase) if terms.stamp_clauses else (0, ())
    used_budgets = allocated_budget_usage(by_clause, points=points, budgets=terms.budgets) if terms.budgets else ()
    return Decision(
        outcome=outcome if points or stamps else DecisionOutcome.NOTHING_EARNED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, *cap_reasons, *stamp_reasons),
        zone=facts.zone if facts.zone != terms.zone else None,
        budget_usage=used_budgets,
        stamps=stamps,
        own_budget_usage=own_budget_usage(used_budgets, rule_facts=facts.rule_facts) if used_budgets else (),
    )


def base_points(decision: Decision, *, terms: Terms) -> int:
    """The qualifying points of a decision: those of earning clauses, without multipliers and bonuses.

    At most the points that caps left.
    """
    base = sum(
        reason.finding.observed
        for reason in decision.reasons
        if reason.condition is None
        and reason.finding.code is ReasonCode.POINTS_EARNED
        and isinstance(reason.finding.observed, int)
        and isinstance(terms.by_key[reason.clause].effect, Earning)
    )
    return min(base, decision.points)


def _evaluate_dependent_clauses(terms: Terms, *, purchase: EligiblePurchase) -> list[_EvaluatedClause]:
    """Every point clause evaluated, in order; clauses that depend on whether others match are evaluated after those."""
    by_key = {
        clause.key: _evaluated_within_budget(clause, purchase=purchase, rounding=terms.rounding)
        for clause in terms.point_clauses
        if not clause.depends_on_other_clauses
    }
    with_matches = purchase._replace(
        matched_clauses=frozenset(key for key, evaluated in by_key.items() if evaluated.fits)
    )
    by_key |= {
        clause.key: _evaluated_within_budget(clause, purchase=with_matches, rounding=terms.rounding)
        for clause in terms.point_clauses
        if clause.depends_on_other_clauses
    }
    return [by_key[clause.key] for clause in terms.point_clauses]


def _evaluated_within_budget(clause: Clause, *, purchase: EligiblePurchase, rounding: RoundingRule) -> _EvaluatedClause:
    """The evaluation of a clause. It does not fit if its budget is used up; for a multiplier, that is checked later."""
    evaluated, budget = _EvaluatedClause(clause, *evaluate(clause, purchase=purchase)), clause.budget
    own_award = _award_alone(evaluated, rounding=rounding) if budget is not None and evaluated.fits else None
    if budget is None or own_award is None:
        return evaluated
    limited_award = within_budget(own_award, budget=budget, rule_facts=evaluated.selected.rule_facts)
    if limited_award.points or not limited_award.limited:
        return evaluated
    return evaluated._replace(fits=False, reasons=_reasons_with_budget(evaluated, limited_award))


def _award_alone(evaluated: _EvaluatedClause, *, rounding: RoundingRule) -> Award | None:
    """The award of a matching clause on its own; None for a multiplier, whose award depends on other clauses."""
    clause, effect, selected = evaluated.clause, evaluated.clause.effect, evaluated.selected
    if isinstance(effect, Earning):
        return award(clause.key, effect.earn(selected), rounding=rounding)
    if isinstance(effect, BonusPoints):
        return Award(clause.key, evaluated.bonus, evaluated.bonus)
    return None


def _reasons_with_budget(evaluated: _EvaluatedClause, limited_award: Award) -> tuple[Reason, ...]:
    """The reasons of a clause whose budget reduces its award."""
    budget = evaluated.clause.budget
    assert budget is not None, "only a budget reduces an award"
    points_left = budget.points_left(evaluated.selected.rule_facts, clause=limited_award.key)
    finding = budget.used_up_finding(points_left, wanted=limited_award.unlimited_points)
    path = (evaluated.clause.conditions.index(budget),)
    verdict = Verdict.LIMITED if limited_award.points else Verdict.NOT_MET
    budget_reason = Reason(limited_award.key, verdict, finding, path)
    return tuple(budget_reason if reason.condition == path else reason for reason in evaluated.reasons)


def _awards(
    terms: Terms, *, evaluations: Sequence[_EvaluatedClause]
) -> tuple[list[_Base], list[Award], list[tuple[PointsMultiplier, _EvaluatedClause]]]:
    """Awards of the matching earning and bonus clauses, in the order of the terms, and the matching multipliers."""
    rounding, budgeted = terms.rounding, bool(terms.budgets)
    bases: list[_Base] = []
    bonuses: list[Award] = []
    multipliers: list[tuple[PointsMultiplier, _EvaluatedClause]] = []
    for evaluated, (clause, earning) in zip(evaluations, terms.base_clauses, strict=False):
        if evaluated.fits:
            own_award = award(clause.key, earning.earn(evaluated.selected), rounding=rounding)
            own_award = _award_within_budget(own_award, evaluated) if budgeted else own_award
            bases.append(_Base(earning, evaluated.selected, own_award))
    for evaluated, (clause, extra) in zip(evaluations[len(terms.base_clauses) :], terms.extra_clauses, strict=True):
        if not evaluated.fits:
            continue
        if isinstance(extra, BonusPoints):
            own_award = Award(clause.key, evaluated.bonus, evaluated.bonus)
            bonuses.append(_award_within_budget(own_award, evaluated) if budgeted else own_award)
        elif isinstance(extra, PointsMultiplier):
            multipliers.append((extra, evaluated))
    return bases, bonuses, multipliers


def _combined_awards(terms: Terms, *, evaluations: Sequence[_EvaluatedClause]) -> Awards:
    """The awards that count, by the combination rule of the terms."""
    mode, rounding = terms.combination, terms.rounding
    bases, bonuses, multipliers = _awards(terms, evaluations=evaluations)
    points_alone = {award.key: award.points for award in (*[base.award for base in bases], *bonuses)}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    elif mode is CombinationMode.BEST and bases and not multipliers:
        # Bonuses are the same for each, and rounding keeps their order.
        by_line = rounding.scope is RoundingScope.LINE
        choices = [[max(bases, key=lambda base: base.award.points if by_line else base.award.exact)]]
    by_clause: dict[str, int] = {}
    limited: dict[str, Award] = {}
    base_key: str | None = None
    multiplier_key: str | None = None
    most_points = -1
    for chosen in choices or [[]]:
        multiplier_awards = [
            _multiplier_award(effect, evaluated, bases=chosen, rounding=rounding) for effect, evaluated in multipliers
        ]
        for multiplier_award in multiplier_awards:
            points_alone[multiplier_award.key] = max(points_alone.get(multiplier_award.key, 0), multiplier_award.points)
        counting_multipliers = _counting_multipliers(multiplier_awards, mode=mode) if multiplier_awards else []
        awards = [*[base.award for base in chosen], *counting_multipliers, *bonuses]
        combined = combine(awards, rounding=rounding)
        if (total := sum(combined.values())) > most_points:
            most_points, by_clause = total, combined
            base_key = chosen[0].award.key if chosen else None
            multiplier_key = counting_multipliers[0].key if counting_multipliers else None
            if terms.budgets:
                limited = {award.key: award for award in (*awards, *multiplier_awards) if award.limited}
    by_clause = {key: points for key, points in by_clause.items() if points or mode is CombinationMode.STACK}
    return Awards(points_alone, by_clause, limited, base_key, multiplier_key)


def _award_within_budget(own_award: Award, evaluated: _EvaluatedClause) -> Award:
    """The award limited to the clause's budget, if it has one."""
    budget = evaluated.clause.budget
    if budget is None:
        return own_award
    return within_budget(own_award, budget=budget, rule_facts=evaluated.selected.rule_facts)


def _counting_multipliers(multipliers: list[Award], *, mode: CombinationMode) -> list[Award]:
    """The multipliers that count: the best, the first, or all; without those whose budget is used up."""
    multipliers = [multiplier for multiplier in multipliers if multiplier.points or not multiplier.limited]
    if mode is CombinationMode.STACK or not multipliers:
        return multipliers
    return multipliers[:1] if mode is CombinationMode.FIRST else [max(multipliers, key=lambda award: award.points)]


def _multiplier_award(
    effect: PointsMultiplier, evaluated: _EvaluatedClause, *, bases: Sequence[_Base], rounding: RoundingRule
) -> Award:
    """What a multiplier adds to the awards of earning clauses for the goods it selects."""
    lines = frozenset(line.number for line in evaluated.selected.lines)
    parts = [
        part * _budget_fraction(base.award) if base.award.limited else part
        for base in bases
        for part in base.effect.earn(base.selected.narrowed_to(lambda line: line.number in lines)).each()
    ]
    added_factor = effect.added_factor
    exact = Parts.of(parts).scaled(added_factor.numerator, added_factor.denominator) if parts else Parts((0,))
    return _award_within_budget(award(evaluated.clause.key, exact, rounding=rounding), evaluated)


def _budget_fraction(award: Award) -> Fraction:
    """The part of an award that its budget leaves."""
    return Fraction(award.points, award.unlimited_points or 1)


def _effect_reason(clause: Clause, *, awards: Awards, first_counts: bool) -> Reason:
    """The reason of a matching clause: its points, or the clauses that count instead and their points."""
    key = clause.key
    counted_points, points_alone = awards.by_clause.get(key), awards.points_alone[key]
    if counted_points:
        return Reason(key, _APPLIED, Finding(True, _POINTS_EARNED, counted_points))
    if counted_points is None and points_alone:
        clauses_instead = awards.counted_instead_of(
            key, multiplies=isinstance(clause.effect, PointsMultiplier), first_counts=first_counts
        )
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if first_counts else _BETTER
        points_instead = sum(awards.by_clause.get(other, 0) for other in clauses_instead)
        return Reason(key, _EXCLUDED, Finding(True, code, points_alone, points_instead, clauses=clauses_instead))
    return Reason(key, Verdict.NOT_MET, Finding(False, ReasonCode.NOTHING_TO_COUNT, 0))


def _capped(
    points: int, *, caps: Sequence[tuple[Clause, PointsCap]], purchase: EligiblePurchase
) -> tuple[int, tuple[Reason, ...]]:
    """The points that every cap leaves, and a reason for each cap exceeded."""
    allowed, reasons = points, []
    for clause, cap in caps:
        period = cap.period
        room = cap.points if period is None else max(0, cap.points - purchase.rule_facts.earned_in(period))
        if points <= room:
            continue
        allowed = min(allowed, room)
        next_start = None
        if period is not None:
            next_start = next_period(purchase.occurred_at, zone_name=purchase.period_zone(period), period=period)
        remedies = (Remedy(RemedyCode.COME_AT, from_=next_start),) if next_start is not None else ()
        finding = Finding(False, ReasonCode.CAP_REACHED, points, room, remedies)
        reasons.append(Reason(clause=clause.key, verdict=Verdict.LIMITED, finding=finding))
    return allowed, tuple(reasons)
