"""What a purchase counts for in later decisions: as a visit, in items, in points, in uses of clauses, and in budgets.

All of it follows what the customer keeps. A use of a clause is held until the clause gives nothing for what is kept and
what it gave was really taken back; what is taken counts first for such clauses, in the order of the terms. The points of a
budget are held likewise, one by one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from app.domain.decisions import Decision, ReasonCode
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.evaluation import is_visit, items_counted, rewards, selection
from app.domain.terms.version import Clause, Terms
from app.domain.units import Unit


class Use(NamedTuple):
    """So many uses of a clause; `birthday` is the calendar year of the birthday that they were given for, if any."""

    clause: str
    times: int
    birthday: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a purchase counts for: `points` are what it earned less what was really taken back, `items` those by clause.

    `budgets` are the points of each clause's budget that are held.
    """

    visit: bool
    points: int
    items: tuple[tuple[str, int], ...] = ()
    uses: tuple[Use, ...] = ()
    budgets: tuple[tuple[str, int], ...] = ()


class ClauseAward(NamedTuple):
    """What a clause gave in a decision, of which unit, and how often."""

    amount: int
    unit: Unit
    times: int


@dataclass(frozen=True, slots=True)
class Clawback:
    """What was really taken back of a purchase in each unit: taken, owed, or expired unspent; not what was short."""

    points: int = 0
    stamps: int = 0

    def of(self, unit: Unit) -> int:
        """What was taken of a unit."""
        return self.points if unit is Unit.POINTS else self.stamps


NO_CLAWBACK = Clawback()

_UNITS = {ReasonCode.POINTS_EARNED: Unit.POINTS, ReasonCode.STAMPS_EARNED: Unit.STAMPS}
"""The unit of what a clause gave, by what its reason says."""


def usage_of(*, terms: Terms, facts: PurchaseFacts, decision: Decision) -> Usage:
    """What a purchase counts for as long as nothing of it comes back."""
    return remaining_usage(
        terms=terms, facts=facts, decision=decision, remaining=facts, remaining_decision=decision, clawback=NO_CLAWBACK
    )


def remaining_usage(
    *,
    terms: Terms,
    facts: PurchaseFacts,
    decision: Decision,
    remaining: PurchaseFacts,
    remaining_decision: Decision,
    clawback: Clawback,
) -> Usage:
    """What it counts for when `kept` is what is kept of it, and `still` what that would earn."""
    return Usage(
        visit=is_visit(terms, facts=remaining),
        points=decision.points - clawback.points,
        items=items_counted(terms, facts=remaining) if terms.required_facts.items else (),
        uses=_counted_uses(
            terms,
            facts=facts,
            decision=decision,
            remaining=remaining,
            remaining_decision=remaining_decision,
            clawback=clawback,
        ),
        budgets=_charged_budgets(terms, decision=decision, remaining_decision=remaining_decision, clawback=clawback),
    )


def uses_of(terms: Terms, *, facts: PurchaseFacts, clauses: Mapping[str, int]) -> tuple[Use, ...]:
    """The uses of clauses (by key, each so many times) that are kept, with the birthdays that they are for."""
    return tuple(
        Use(key, times, _birthday(terms.clause(key), facts=facts))
        for key, times in clauses.items()
        if times > 0 and key in terms.required_facts.using
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
    if not terms.required_facts.using:
        return ()
    given = _awards(terms, facts=facts, decision=decision)
    if remaining_decision is decision and clawback == NO_CLAWBACK:
        return uses_of(terms, facts=facts, clauses={key: award.times for key, award in given.items()})
    gives_still = _awards(terms, facts=remaining, decision=remaining_decision)
    left = {unit: decision.amount(unit) for unit in Unit}
    back = {unit: clawback.of(unit) for unit in Unit}
    held = {}
    for key, award in given.items():
        # A cap may have left less than the clauses gave together.
        gave = min(award.amount, left[award.unit])
        left[award.unit] -= gave
        still_there = gives_still.get(key, award._replace(amount=0, times=0))
        # What a clause still gives for what is kept did not come back of it, but of others.
        returned = min(max(0, gave - still_there.amount), back[award.unit])
        back[award.unit] -= returned
        lost = award.times * returned // gave if gave else award.times
        held[key] = max(award.times - lost, still_there.times)
    return uses_of(terms, facts=facts, clauses=held)


def _charged_budgets(
    terms: Terms, *, decision: Decision, remaining_decision: Decision, clawback: Clawback
) -> tuple[tuple[str, int], ...]:
    """What is held of each budget: what was given, less what the clause no longer gives and was really taken."""
    if clawback == NO_CLAWBACK:
        return decision.budget_usage
    gave, gives_still, back = dict(decision.budget_usage), dict(remaining_decision.budget_usage), clawback.points
    held = dict(gave)
    for clause in terms.clauses:
        if clause.key in gave:
            returned = min(max(0, gave[clause.key] - gives_still.get(clause.key, 0)), back)
            held[clause.key] -= returned
            back -= returned
    return tuple((key, points) for key, points in held.items() if points)


def _awards(terms: Terms, *, facts: PurchaseFacts, decision: Decision) -> dict[str, ClauseAward]:
    """What each clause of which uses are kept gave, in the order of the terms."""
    amounts = {
        reason.clause: (reason.finding.observed, _UNITS[reason.finding.code])
        for reason in decision.reasons
        if reason.condition is None
        and reason.clause in terms.required_facts.using
        and reason.finding.code in _UNITS
        and isinstance(reason.finding.observed, int)
    }
    if not amounts:
        return {}
    purchase = terms.eligible(facts)
    return {
        clause.key: ClauseAward(*amounts[clause.key], rewards(clause, selected=selection(clause, purchase=purchase)))
        for clause in terms.clauses
        if clause.key in amounts
    }


def _birthday(clause: Clause, *, facts: PurchaseFacts) -> int | None:
    years = (facts.customer_facts.birthday_year(window.question) for window in clause.birthdays)
    return next((year for year in years if year is not None), None)
