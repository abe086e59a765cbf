"""Clauses that contradict each other, and clauses that another one makes ineffective."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.terms.changes import implies
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.minimum_spend import MinimumSpend, SpendBasis
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import CombinationMode
from app.domain.terms.effects.effect import Earning
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.rounding_rule import RoundingScope
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.lint.finding import LintCode, LintFinding
from app.domain.terms.lint.impossible import required_conditions
from app.domain.terms.version import Terms

_PERIODS_OF_A_YEAR = {CapScope.DAY: 366, CapScope.MONTH: 12, CapScope.YEAR: 1}
"""How many periods of a cap a calendar year has, at most."""


def ineffective_clause_findings(clause: Clause, *, terms: Terms) -> Iterator[LintFinding]:
    """A finding if another earning clause of this kind fits whenever this clause fits, and always gives as much."""
    if not isinstance(clause.effect, Earning) or terms.combination is CombinationMode.STACK:
        return
    for other, effect in terms.base_clauses:
        is_duplicate = other.effect == clause.effect and other.conditions == clause.conditions
        if (
            other is not clause
            # Another clause with counters may be used up, or wait for its nth purchase, while this clause applies.
            and not other.needs_counters
            # Of two equal clauses, only the second one never counts.
            and (not is_duplicate or _comes_before(other, clause))
            and effect.kind == clause.effect.kind
            and effect.at_least_as_good(clause.effect)
            and implies(clause.conditions, other.conditions)
        ):
            yield LintFinding(LintCode.NEVER_COUNTS, clause, texts={"other": other.number})
            return


def _comes_before(clause: Clause, other: Clause) -> bool:
    return int(clause.number) < int(other.number)


def contradiction_findings(clause: Clause, *, terms: Terms) -> Iterator[LintFinding]:
    """Findings about what the clause promises although another rule of the terms surely prevents it."""
    yield from _points_above_cap(clause, terms=terms)
    yield from _award_above_budget(clause, terms=terms)
    if isinstance(clause.effect, Tier):
        yield from _tier_out_of_reach(clause, clause.effect, terms=terms)
    if isinstance(clause.effect, PendingPeriod):
        yield from _expiry_before_activation(clause, clause.effect, terms=terms)


def _points_above_cap(clause: Clause, *, terms: Terms) -> Iterator[LintFinding]:
    """A finding for each cap that is lower than the points that the clause promises for a purchase."""
    promised_points = _promised_points(clause, terms=terms)
    for other, cap in terms.caps:
        if cap.points < promised_points:
            numbers = {"points": promised_points, "most": cap.points}
            yield LintFinding(LintCode.CONTRADICTION, clause, numbers=numbers, texts={"other": other.number})


def _award_above_budget(clause: Clause, *, terms: Terms) -> Iterator[LintFinding]:
    """A finding if one award can be larger than the budget for all customers together."""
    budget, effect = clause.budget, clause.effect
    if budget is None:
        return
    points_per_step = effect.points if isinstance(effect, PointsPerItem | PointsPerFullAmount) else 0
    promised_points = max(points_per_step, _promised_points(clause, terms=terms))
    if budget.points < promised_points:
        numbers = {"points": promised_points, "most": budget.points}
        yield LintFinding(LintCode.CONTRADICTION, clause, "budget", numbers=numbers, texts={"other": clause.number})


def _promised_points(clause: Clause, *, terms: Terms) -> int:
    """The fewest points that the clause promises for a purchase that it fits and in which something counts."""
    effect = clause.effect
    if isinstance(effect, BonusPoints | PointsPerVisit):
        return effect.points
    # A minimum with tax may be reached by a purchase whose amount without tax is lower.
    least_spend = max(
        (
            condition.amount.minor
            for condition in required_conditions(clause.conditions)
            if isinstance(condition, MinimumSpend) and (terms.basis.taxes or condition.basis is not SpendBasis.GROSS)
        ),
        default=0,
    )
    if isinstance(effect, PointsPerFullAmount):
        return least_spend // effect.per.minor * effect.points
    # If each line is rounded, the lines may give fewer points than the whole amount would.
    if isinstance(effect, PointsPerAmount) and terms.rounding.scope is RoundingScope.BASKET:
        return least_spend * effect.points // effect.per.minor
    return 0


def _tier_out_of_reach(clause: Clause, tier: Tier, *, terms: Terms) -> Iterator[LintFinding]:
    """A finding for each cap that allows fewer points in a calendar year than the tier takes."""
    if TierPeriod not in terms.policy_clauses or terms.policy_effect(TierPeriod).period is not TierWindow.CALENDAR_YEAR:
        return
    for other, cap in terms.caps:
        most_points = cap.points * _PERIODS_OF_A_YEAR[cap.scope] if cap.scope in _PERIODS_OF_A_YEAR else None
        if most_points is not None and most_points < tier.points:
            numbers = {"points": tier.points, "most": most_points}
            yield LintFinding(LintCode.CONTRADICTION, clause, "tier", numbers=numbers, texts={"other": other.number})


def _expiry_before_activation(clause: Clause, pending: PendingPeriod, *, terms: Terms) -> Iterator[LintFinding]:
    """A finding if points expire before they can be spent."""
    validity = terms.validity
    if validity.expires and validity.since is ValidityStart.EARNING and validity.most_days <= pending.days:
        numbers = {"days": pending.days, "most": validity.most_days}
        texts = {"other": terms.policy_clauses[PointsValidity].number}
        yield LintFinding(LintCode.CONTRADICTION, clause, "pending", numbers=numbers, texts=texts)
