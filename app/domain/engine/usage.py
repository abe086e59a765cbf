"""Usage of a purchase in later decisions: visits, items, points, clause uses, and budgets.

Usage follows the remaining goods. A clause use counts until two things are true: the clause earns nothing for the
remaining goods, and its award was clawed back. A clawback is attributed, in the order of the terms, to the clauses that
earn less for the remaining goods. Points used of a budget are released in the same way, but point by point instead of
use by use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.decisions import Decision, ReasonCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.clause import Clause
from app.domain.terms.evaluation import counted_items, is_visit, selection, times_awarded
from app.domain.terms.version import Terms
from app.domain.units import Unit


class Use(NamedTuple):
    """Uses of a clause (by key); `birthday_year` is the calendar year of the birthday that they were for, if any."""

    clause_key: str
    times: int
    birthday_year: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a purchase. `points` are the points earned less those clawed back.

    `items` and `budget_usage` (points used of budgets) are by clause key.
    """

    counts_as_visit: bool
    points: int
    items: tuple[tuple[str, int], ...] = ()
    uses: tuple[Use, ...] = ()
    budget_usage: tuple[tuple[str, int], ...] = ()


class ClauseAward(NamedTuple):
    """The award of a clause in a decision, its unit, and how many times the clause was applied."""

    amount: int
    unit: Unit
    times: int


@dataclass(frozen=True, slots=True)
class Clawback:
    """Points and stamps clawed back of a purchase: taken, owed, or expired unspent; without the shortfall."""

    points: int = 0
    stamps: int = 0

    def amount(self, unit: Unit) -> int:
        """The amount clawed back in a unit."""
        return self.points if unit is Unit.POINTS else self.stamps


NO_CLAWBACK = Clawback()

_UNIT_BY_CODE = {ReasonCode.POINTS_EARNED: Unit.POINTS, ReasonCode.STAMPS_EARNED: Unit.STAMPS}
"""The unit of an award, by reason code."""


def usage_of(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    decision: Decision,
    remaining: PurchaseFacts | None = None,
    remaining_decision: Decision | None = None,
    clawback: Clawback = NO_CLAWBACK,
) -> Usage:
    """The usage of a purchase; after returns, of the `remaining` one, which would earn `remaining_decision`."""
    remaining, remaining_decision = remaining or facts, remaining_decision or decision
    uses: tuple[Use, ...] = ()
    if terms.required_facts.clauses_with_stored_uses:
        uses = _counted_uses(
            terms,
            facts=facts,
            decision=decision,
            remaining=remaining,
            remaining_decision=remaining_decision,
            clawback=clawback,
        )
    budget_usage = decision.budget_usage
    if budget_usage and clawback != NO_CLAWBACK:
        budget_usage = _remaining_budget_usage(
            terms, decision=decision, remaining_decision=remaining_decision, clawback=clawback
        )
    return Usage(
        counts_as_visit=is_visit(terms, facts=remaining),
        points=decision.points - clawback.points,
        items=counted_items(terms, facts=remaining) if terms.required_facts.item_clauses else (),
        uses=uses,
        budget_usage=budget_usage,
    )


def uses_of(terms: Terms, *, facts: PurchaseFacts, times_by_clause: Mapping[str, int]) -> tuple[Use, ...]:
    """The uses that the terms count, with the birthdays that they are for; `times_by_clause` has the uses by clause key."""
    return tuple(
        Use(key, times, _birthday_year(terms.clause_by_key[key], facts=facts))
        for key, times in times_by_clause.items()
        if times > 0 and key in terms.required_facts.clauses_with_stored_uses
    )


def _counted_uses(
    terms: Terms,
    *,
    facts: PurchaseFacts,
    decision: Decision,
    remaining: PurchaseFacts,
    remaining_decision: Decision,
    clawback: Clawback,
) -> tuple[Use, ...]:
    awards = _awards(terms, facts=facts, decision=decision)
    if remaining_decision is decision and clawback == NO_CLAWBACK:
        return uses_of(terms, facts=facts, times_by_clause={key: award.times for key, award in awards.items()})
    remaining_awards = _awards(terms, facts=remaining, decision=remaining_decision)
    unclaimed_amounts = {unit: decision.amount(unit) for unit in Unit}
    unattributed_amounts = {unit: clawback.amount(unit) for unit in Unit}
    counted_uses = {}
    for key, award in awards.items():
        # A cap may have left less than the sum of the awards.
        granted = min(award.amount, unclaimed_amounts[award.unit])
        unclaimed_amounts[award.unit] -= granted
        remaining_award = remaining_awards.get(key, award._replace(amount=0, times=0))
        # At most what the clause no longer awards: the rest of the clawback is attributed to other clauses.
        clawed_back = min(max(0, granted - remaining_award.amount), unattributed_amounts[award.unit])
        unattributed_amounts[award.unit] -= clawed_back
        lost_uses = award.times * clawed_back // granted if granted else award.times
        counted_uses[key] = max(award.times - lost_uses, remaining_award.times)
    return uses_of(terms, facts=facts, times_by_clause=counted_uses)


def _remaining_budget_usage(
    terms: Terms, *, decision: Decision, remaining_decision: Decision, clawback: Clawback
) -> tuple[tuple[str, int], ...]:
    """Points used of each budget: those awarded, less those that are no longer awarded and were clawed back."""
    granted_points, still_granted_points, unattributed_points = (
        dict(decision.budget_usage),
        dict(remaining_decision.budget_usage),
        clawback.points,
    )
    used_points = dict(granted_points)
    for clause in terms.clauses:
        if clause.key in granted_points:
            clawed_back = min(
                max(0, granted_points[clause.key] - still_granted_points.get(clause.key, 0)), unattributed_points
            )
            used_points[clause.key] -= clawed_back
            unattributed_points -= clawed_back
    return tuple((key, points) for key, points in used_points.items() if points)


def _awards(terms: Terms, *, facts: PurchaseFacts, decision: Decision) -> dict[str, ClauseAward]:
    """Awards by key of the clauses whose uses are counted, in the order of the terms."""
    amounts = {
        reason.clause_key: (reason.finding.observed, _UNIT_BY_CODE[reason.finding.code])
        for reason in decision.reasons
        if reason.condition is None
        and reason.clause_key in terms.required_facts.clauses_with_stored_uses
        and reason.finding.code in _UNIT_BY_CODE
        and isinstance(reason.finding.observed, int)
    }
    if not amounts:
        return {}
    purchase = terms.eligible_part(facts)
    return {
        clause.key: ClauseAward(
            *amounts[clause.key], times_awarded(clause, selected_part=selection(clause, purchase=purchase))
        )
        for clause in terms.clauses
        if clause.key in amounts
    }


def _birthday_year(clause: Clause, *, facts: PurchaseFacts) -> int | None:
    """The calendar year of the birthday in whose window by the clause the purchase lies; None if it lies in no such window."""
    years = (facts.rule_facts.birthday_year(window.answer_key) for window in clause.birthday_windows)
    return next((year for year in years if year is not None), None)
