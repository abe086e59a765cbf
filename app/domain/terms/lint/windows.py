"""Hours and dates: clauses that never apply, and windows that exclude most visits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from app.domain.amounts import Parts
from app.domain.calendar import day_start, instant_of_wall_time, local_date
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.groups import Group, leaves
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.evaluation import is_met
from app.domain.terms.lint.finding import MIN_VISITS, LintCode, LintFinding, VisitStatistics
from app.domain.terms.version import Terms

LOOK_AHEAD_DAYS = 400
"""The local days from the start of the terms for which a finding says that the clause never applies."""

DAYS_OF_PATTERN = 15
"""Days after which weekly hours repeat: two weeks, in case the clocks change in one of them, and one day."""

MAX_MOMENTS = 20_000
"""The most instants that are tried for all clauses of a draft together; after these, every clause counts as one that applies."""


def never_applies_finding(clause: Clause, *, terms: Terms, attempts: Iterator[int]) -> LintFinding | None:
    """A finding if the hours and dates of the clause never hold together.

    `attempts` has an item for each instant that may still be tried.
    """
    if _ever_holds(clause, terms=terms, attempts=attempts):
        return None
    first_day = local_date(terms.effective_from, zone_name=terms.zone)
    last_day = first_day + timedelta(days=LOOK_AHEAD_DAYS - 1)
    return LintFinding(LintCode.NEVER_HOLDS, clause, dates={"first": first_day, "last": last_day})


def _depends_on_time_only(condition: Condition) -> bool:
    """Whether the condition depends on nothing but the time."""
    condition_leaves = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(leaf, WeekdaysAndHours | Dates) for leaf in condition_leaves)


def _purchase_at(moment: datetime, *, terms: Terms) -> EligiblePurchase:
    return EligiblePurchase(occurred_at=moment, zone=terms.zone, currency=terms.currency, lines=(), amounts=Parts(()))


def _ever_holds(clause: Clause, *, terms: Terms, attempts: Iterator[int]) -> bool:
    """Whether all hours and dates of the clause hold at one of the instants of `_moments_to_try`; also True once `attempts` are used up."""
    timed_conditions = [condition for condition in clause.conditions if _depends_on_time_only(condition)]
    if not timed_conditions:
        return True
    for moment in _moments_to_try(clause, terms=terms):
        if next(attempts, None) is None or all(
            is_met(condition, purchase=_purchase_at(moment, terms=terms)) for condition in timed_conditions
        ):
            return True
    return False


def _moments_to_try(clause: Clause, *, terms: Terms) -> Iterator[datetime]:
    """The instants at which a window of the clause begins or ends, on the days of `_days_to_try`."""
    times_of_day = {time.min}
    for leaf in clause.leaves:
        if isinstance(leaf, WeekdaysAndHours):
            times_of_day |= {at for at in (leaf.start, leaf.end) if at is not None}
    for day in _days_to_try(clause, terms=terms):
        yield day_start(day, zone_name=terms.zone)
        for time_of_day in sorted(times_of_day):
            yield instant_of_wall_time(datetime.combine(day, time_of_day), zone_name=terms.zone)


def _days_to_try(clause: Clause, *, terms: Terms) -> list[date]:
    """The days to try: `DAYS_OF_PATTERN` days from the start of the terms and from each date at which a condition changes."""
    first_day = local_date(terms.effective_from, zone_name=terms.zone)
    change_days = {first_day}
    for leaf in clause.leaves:
        if isinstance(leaf, Dates):
            change_days |= {
                day for day in (leaf.first, leaf.last and leaf.last + timedelta(days=1)) if day and day > first_day
            }
    return sorted({day + timedelta(days=offset) for day in change_days for offset in range(DAYS_OF_PATTERN)})


def excluded_visit_findings(clause: Clause, *, terms: Terms, statistics: VisitStatistics) -> Iterator[LintFinding]:
    """A finding if the hours of the clause exclude more than half of the real visits."""
    timed_conditions = [
        condition for condition in clause.conditions if _depends_on_time_only(condition) and _is_weekly(condition)
    ]
    if not timed_conditions or len(statistics.visits) < MIN_VISITS:
        return
    excluded_visits = [
        visit
        for visit in statistics.visits
        if not all(
            is_met(condition, purchase=_purchase_at(visit.at, terms=terms)._replace(zone=visit.zone))
            for condition in timed_conditions
        )
    ]
    excluded_percent = 100 * len(excluded_visits) // len(statistics.visits)
    if excluded_percent > 50:
        day = local_date(excluded_visits[0].at, zone_name=excluded_visits[0].zone)
        yield LintFinding(
            LintCode.SHUTS_OUT_VISITS,
            clause,
            dates={"day": day},
            numbers={"share": excluded_percent, "visits": len(statistics.visits)},
        )


def _is_weekly(condition: Condition) -> bool:
    """Whether the condition depends on nothing but weekdays and hours."""
    condition_leaves = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(leaf, WeekdaysAndHours) for leaf in condition_leaves)
