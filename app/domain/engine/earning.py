"""Decisions on purchases: the points and stamps earned under one version of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.domain.amounts import Parts
from app.domain.calendar import next_period_start
from app.domain.decisions import Decision, DecisionOutcome, Finding, Reason, ReasonCode, Remedy, RemedyCode, Verdict
from app.domain.engine.allocation import (
    Award,
    Awards,
    allocated_budget_usage,
    combined_points,
    own_budget_usage,
    rounded_award,
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
_POINTS_EARNED, _BETTER_CLAUSE_APPLIED = ReasonCode.POINTS_EARNED, ReasonCode.BETTER_CLAUSE_APPLIED
"""Looked up once, because looking an enum member up for every clause of every purchase costs measurable time."""


class _Evaluation(NamedTuple):
    """A clause, whether it fits the purchase, the part of the purchase that it selects, and its reasons."""

    clause: Clause
    fits: bool
    selected_part: EligiblePurchase
    reasons: tuple[Reason, ...]

    @property
    def bonus(self) -> int:
        """The points of a bonus clause; 0 for others."""
        effect = self.clause.effect
        if not isinstance(effect, BonusPoints) or not self.selected_part.lines:
            return 0
        return effect.points * times_awarded(self.clause, selected_part=self.selected_part)


class _Base(NamedTuple):
    """The effect of an earning clause, the part of the purchase that the clause selects, and its award."""

    effect: Earning
    selected_part: EligiblePurchase
    award: Award


def earn(*, terms: Terms, facts: PurchaseFacts) -> Decision:
    """Decide a purchase: its points and stamps, with the reasons of every earning clause.

    NOTHING_EARNED: neither points nor stamps. PARTLY_GRANTED: a cap or a budget reduced the points.
    """
    purchase = terms.eligible_part(facts)
    if terms.depends_on_other_clauses or terms.budgets:
        evaluations = _evaluate_in_dependency_order(terms, purchase=purchase)
    else:
        evaluations = [_Evaluation(clause, *evaluate(clause, purchase=purchase)) for clause in terms.point_clauses]
    awards = _combined_awards(terms, evaluations=evaluations)
    counted_points, limited_awards = awards.counted_points, awards.limited_awards
    first_counts = terms.combination is CombinationMode.FIRST
    total = sum(counted_points.values())
    points, cap_reasons = _points_after_caps(total, caps=terms.caps, purchase=purchase) if terms.caps else (total, ())
    reasons: list[Reason] = []
    for evaluation in evaluations:
        key = evaluation.clause.key
        limited_award = limited_awards.get(key) if limited_awards else None
        reasons += evaluation.reasons if limited_award is None else _reasons_with_budget(evaluation, limited_award)
        if evaluation.fits and (limited_award is None or limited_award.points):
            reasons.append(_effect_reason(evaluation.clause, awards=awards, first_counts=first_counts))
    is_reduced = points != total or (limited_awards and any(award.points for award in limited_awards.values()))
    outcome = DecisionOutcome.PARTLY_GRANTED if is_reduced else DecisionOutcome.GRANTED
    stamps, stamp_reasons = stamps_earned(terms, purchase=purchase) if terms.stamp_clauses else (0, ())
    budget_usage = allocated_budget_usage(counted_points, points=points, budgets=terms.budgets) if terms.budgets else ()
    return Decision(
        outcome=outcome if points or stamps else DecisionOutcome.NOTHING_EARNED,
        points=points,
        terms_version=terms.version,
        decided_for=facts.occurred_at,
        reasons=(*reasons, *cap_reasons, *stamp_reasons),
        zone=facts.zone if facts.zone != terms.zone else None,
        budget_usage=budget_usage,
        stamps=stamps,
        own_budget_usage=own_budget_usage(budget_usage, rule_facts=facts.rule_facts) if budget_usage else (),
    )


def base_points(decision: Decision, *, terms: Terms) -> int:
    """The qualifying points of a decision: those of its base clauses, or all its points if these are fewer because of a cap."""
    base = sum(
        reason.finding.observed
        for reason in decision.reasons
        if reason.condition is None
        and reason.finding.code is ReasonCode.POINTS_EARNED
        and isinstance(reason.finding.observed, int)
        and isinstance(terms.clause_by_key[reason.clause_key].effect, Earning)
    )
    return min(base, decision.points)


def _evaluate_in_dependency_order(terms: Terms, *, purchase: EligiblePurchase) -> list[_Evaluation]:
    """The evaluation of every point clause, in order; clauses that depend on which other clauses match are evaluated last."""
    evaluation_by_key = {
        clause.key: _evaluation_within_budget(clause, purchase=purchase, rounding=terms.rounding)
        for clause in terms.point_clauses
        if not clause.depends_on_other_clauses
    }
    purchase_with_matches = purchase._replace(
        matched_clause_keys=frozenset(key for key, evaluation in evaluation_by_key.items() if evaluation.fits)
    )
    evaluation_by_key |= {
        clause.key: _evaluation_within_budget(clause, purchase=purchase_with_matches, rounding=terms.rounding)
        for clause in terms.point_clauses
        if clause.depends_on_other_clauses
    }
    return [evaluation_by_key[clause.key] for clause in terms.point_clauses]


def _evaluation_within_budget(clause: Clause, *, purchase: EligiblePurchase, rounding: RoundingRule) -> _Evaluation:
    """The evaluation of a clause, which does not fit if its budget is used up; the budget of a multiplier is checked later."""
    evaluation, budget = _Evaluation(clause, *evaluate(clause, purchase=purchase)), clause.budget
    own_award = _award_alone(evaluation, rounding=rounding) if budget is not None and evaluation.fits else None
    if budget is None or own_award is None:
        return evaluation
    limited_award = within_budget(own_award, budget=budget, rule_facts=evaluation.selected_part.rule_facts)
    if limited_award.points or not limited_award.is_limited:
        return evaluation
    return evaluation._replace(fits=False, reasons=_reasons_with_budget(evaluation, limited_award))


def _award_alone(evaluation: _Evaluation, *, rounding: RoundingRule) -> Award | None:
    """The award of a matching clause on its own; None for a multiplier, whose award depends on other clauses."""
    clause, effect, selected_part = evaluation.clause, evaluation.clause.effect, evaluation.selected_part
    if isinstance(effect, Earning):
        return rounded_award(clause.key, effect.earn(selected_part), rounding=rounding)
    if isinstance(effect, BonusPoints):
        return Award(clause.key, evaluation.bonus, evaluation.bonus)
    return None


def _reasons_with_budget(evaluation: _Evaluation, limited_award: Award) -> tuple[Reason, ...]:
    """The reasons of a clause whose budget reduces its award."""
    budget = evaluation.clause.budget
    assert budget is not None, "only a budget reduces an award"
    points_left = budget.points_left(evaluation.selected_part.rule_facts, clause=limited_award.key)
    finding = budget.used_up_finding(points_left, wanted=limited_award.unlimited_points)
    path = (evaluation.clause.conditions.index(budget),)
    verdict = Verdict.LIMITED if limited_award.points else Verdict.NOT_MET
    budget_reason = Reason(limited_award.key, verdict, finding, path)
    return tuple(budget_reason if reason.condition == path else reason for reason in evaluation.reasons)


def _awards(
    terms: Terms, *, evaluations: Sequence[_Evaluation]
) -> tuple[list[_Base], list[Award], list[tuple[PointsMultiplier, _Evaluation]]]:
    """The awards of matching base clauses and of matching bonuses, and the matching multipliers, in the order of the terms."""
    rounding, has_budgets = terms.rounding, bool(terms.budgets)
    bases: list[_Base] = []
    bonuses: list[Award] = []
    multipliers: list[tuple[PointsMultiplier, _Evaluation]] = []
    for evaluation, (clause, earning) in zip(evaluations, terms.base_clauses, strict=False):
        if evaluation.fits:
            own_award = rounded_award(clause.key, earning.earn(evaluation.selected_part), rounding=rounding)
            own_award = _award_within_budget(own_award, evaluation) if has_budgets else own_award
            bases.append(_Base(earning, evaluation.selected_part, own_award))
    for evaluation, (clause, extra) in zip(evaluations[len(terms.base_clauses) :], terms.extra_clauses, strict=True):
        if not evaluation.fits:
            continue
        if isinstance(extra, BonusPoints):
            own_award = Award(clause.key, evaluation.bonus, evaluation.bonus)
            bonuses.append(_award_within_budget(own_award, evaluation) if has_budgets else own_award)
        elif isinstance(extra, PointsMultiplier):
            multipliers.append((extra, evaluation))
    return bases, bonuses, multipliers


def _combined_awards(terms: Terms, *, evaluations: Sequence[_Evaluation]) -> Awards:
    """The awards that count, by the combination rule of the terms."""
    mode, rounding = terms.combination, terms.rounding
    bases, bonuses, multipliers = _awards(terms, evaluations=evaluations)
    points_alone = {award.key: award.points for award in (*[base.award for base in bases], *bonuses)}
    choices = [[base] for base in bases] if mode is not CombinationMode.STACK else [bases]
    if mode is CombinationMode.FIRST:
        choices = choices[:1]
    elif mode is CombinationMode.BEST and bases and not multipliers:
        # Bonuses are the same for every choice, and rounding does not make a smaller award the larger one.
        rounds_lines = rounding.scope is RoundingScope.LINE
        choices = [[max(bases, key=lambda base: base.award.points if rounds_lines else base.award.exact)]]
    counted_points: dict[str, int] = {}
    limited_awards: dict[str, Award] = {}
    base_key: str | None = None
    multiplier_key: str | None = None
    most_points = -1
    for chosen_bases in choices or [[]]:
        multiplier_awards = [
            _multiplier_award(effect, evaluation, bases=chosen_bases, rounding=rounding)
            for effect, evaluation in multipliers
        ]
        for multiplier_award in multiplier_awards:
            points_alone[multiplier_award.key] = max(points_alone.get(multiplier_award.key, 0), multiplier_award.points)
        counting_multipliers = _counting_multipliers(multiplier_awards, mode=mode) if multiplier_awards else []
        awards = [*[base.award for base in chosen_bases], *counting_multipliers, *bonuses]
        points_by_clause = combined_points(awards, rounding=rounding)
        if (total := sum(points_by_clause.values())) > most_points:
            most_points, counted_points = total, points_by_clause
            base_key = chosen_bases[0].award.key if chosen_bases else None
            multiplier_key = counting_multipliers[0].key if counting_multipliers else None
            if terms.budgets:
                limited_awards = {award.key: award for award in (*awards, *multiplier_awards) if award.is_limited}
    counted_points = {key: points for key, points in counted_points.items() if points or mode is CombinationMode.STACK}
    return Awards(points_alone, counted_points, limited_awards, base_key, multiplier_key)


def _award_within_budget(own_award: Award, evaluation: _Evaluation) -> Award:
    """The award limited to the clause's budget, if it has one."""
    budget = evaluation.clause.budget
    if budget is None:
        return own_award
    return within_budget(own_award, budget=budget, rule_facts=evaluation.selected_part.rule_facts)


def _counting_multipliers(awards: list[Award], *, mode: CombinationMode) -> list[Award]:
    """The awards of the multipliers that count: the best, the first, or all; without those whose budget is used up."""
    awards = [award for award in awards if award.points or not award.is_limited]
    if mode is CombinationMode.STACK or not awards:
        return awards
    return awards[:1] if mode is CombinationMode.FIRST else [max(awards, key=lambda award: award.points)]


def _multiplier_award(
    effect: PointsMultiplier, evaluation: _Evaluation, *, bases: Sequence[_Base], rounding: RoundingRule
) -> Award:
    """What a multiplier adds to the awards of earning clauses for the goods it selects."""
    numbers = frozenset(line.number for line in evaluation.selected_part.lines)
    base_parts = [
        part * _budget_fraction(base.award) if base.award.is_limited else part
        for base in bases
        for part in base.effect.earn(base.selected_part.narrowed_to(lambda line: line.number in numbers)).values()
    ]
    factor = effect.added_factor
    added_parts = Parts.of(base_parts).scaled(factor.numerator, factor.denominator) if base_parts else Parts((0,))
    return _award_within_budget(rounded_award(evaluation.clause.key, added_parts, rounding=rounding), evaluation)


def _budget_fraction(award: Award) -> Fraction:
    """The part of an award that its budget leaves."""
    return Fraction(award.points, award.unlimited_points or 1)


def _effect_reason(clause: Clause, *, awards: Awards, first_counts: bool) -> Reason:
    """The reason of a matching clause: its points, or the clauses that count instead and their points."""
    key = clause.key
    points, points_alone = awards.counted_points.get(key), awards.points_alone[key]
    if points:
        return Reason(key, _APPLIED, Finding(True, _POINTS_EARNED, points))
    if points is None and points_alone:
        clauses_instead = awards.counted_instead_of(
            key, is_multiplier=isinstance(clause.effect, PointsMultiplier), first_counts=first_counts
        )
        code = ReasonCode.EARLIER_CLAUSE_APPLIED if first_counts else _BETTER_CLAUSE_APPLIED
        points_instead = sum(awards.counted_points.get(other, 0) for other in clauses_instead)
        return Reason(key, _EXCLUDED, Finding(True, code, points_alone, points_instead, clause_keys=clauses_instead))
    return Reason(key, Verdict.NOT_MET, Finding(False, ReasonCode.NOTHING_TO_COUNT, 0))


def _points_after_caps(
    points: int, *, caps: Sequence[tuple[Clause, PointsCap]], purchase: EligiblePurchase
) -> tuple[int, tuple[Reason, ...]]:
    """The points that are left after all caps, and a reason for each cap that the purchase exceeds."""
    allowed_points, reasons = points, []
    for clause, cap in caps:
        period = cap.period
        points_left = cap.points if period is None else max(0, cap.points - purchase.rule_facts.earned_in(period))
        if points <= points_left:
            continue
        allowed_points = min(allowed_points, points_left)
        next_start = None
        if period is not None:
            next_start = next_period_start(purchase.occurred_at, zone_name=purchase.period_zone(period), period=period)
        remedies = (Remedy(RemedyCode.COME_AT, instant=next_start),) if next_start is not None else ()
        finding = Finding(False, ReasonCode.CAP_REACHED, points, points_left, remedies)
        reasons.append(Reason(clause_key=clause.key, verdict=Verdict.LIMITED, finding=finding))
    return allowed_points, tuple(reasons)
