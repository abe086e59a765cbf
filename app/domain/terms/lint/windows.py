"""Hours and dates: windows that never open, and windows that shut out most visits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from app.domain.amounts import Parts
from app.domain.calendar import day_start, in_zone, local_date
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.clause import Clause
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.groups import Group, leaves
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.evaluation import holds
from app.domain.terms.lint.finding import MIN_VISITS, Finding, LintCode, VisitStatistics
from app.domain.terms.version import Terms

LOOK_AHEAD = 400
"""Local days in which a rule must hold at least once."""

DAYS_OF_PATTERN = 15
"""Days after which a rule of hours has shown all it has: two weeks, one of which the clocks may spoil, and a day."""

MAX_MOMENTS = 20_000
"""Moments that are tried for all clauses of a draft; what did not fit in is given the benefit of the doubt."""


def never_applies(clause: Clause, *, terms: Terms, attempts: Iterator[int]) -> Finding | None:
    """A finding where no moment is left at which all hours and dates of the clause hold."""
    if _ever_holds(clause, terms=terms, attempts=attempts):
        return None
    first = local_date(terms.effective_from, zone_name=terms.zone)
    last = first + timedelta(days=LOOK_AHEAD - 1)
    return Finding(LintCode.NEVER_HOLDS, clause, dates={"first": first, "last": last})


def _depends_on_time_only(condition: Condition) -> bool:
    """Whether nothing but the time decides about the condition."""
    inside = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(each_condition, WeekdaysAndHours | Dates) for each_condition in inside)


def _at(moment: datetime, *, terms: Terms) -> EligiblePurchase:
    return EligiblePurchase(occurred_at=moment, zone=terms.zone, currency=terms.currency, lines=(), amounts=Parts(()))


def _ever_holds(clause: Clause, *, terms: Terms, attempts: Iterator[int]) -> bool:
    """Whether there is a moment at which all its hours and dates hold, tried at every moment where one may begin."""
    timed = [condition for condition in clause.conditions if _depends_on_time_only(condition)]
    if not timed:
        return True
    for moment in _moments(clause, terms=terms):
        if next(attempts, None) is None or all(
            holds(condition, purchase=_at(moment, terms=terms)) for condition in timed
        ):
            return True
    return False


def _moments(clause: Clause, *, terms: Terms) -> Iterator[datetime]:
    """When one of its windows begins or ends, on the days after which nothing new can come."""
    clocks = {time.min}
    for leaf in clause.leaves:
        if isinstance(leaf, WeekdaysAndHours):
            clocks |= {clock for clock in (leaf.start, leaf.end) if clock is not None}
    for day in _days(clause, terms=terms):
        yield day_start(day, zone_name=terms.zone)
        for clock in sorted(clocks):
            yield in_zone(datetime.combine(day, clock), zone_name=terms.zone)


def _days(clause: Clause, *, terms: Terms) -> list[date]:
    """The days from the start of the terms, and from each date at which a condition turns, until the week repeats."""
    first = local_date(terms.effective_from, zone_name=terms.zone)
    turns = {first}
    for leaf in clause.leaves:
        if isinstance(leaf, Dates):
            turns |= {day for day in (leaf.first, leaf.last and leaf.last + timedelta(days=1)) if day and day > first}
    return sorted({turn + timedelta(days=later) for turn in turns for later in range(DAYS_OF_PATTERN)})


def excludes_most_visits(clause: Clause, *, terms: Terms, statistics: VisitStatistics) -> Iterator[Finding]:
    """A window that is closed at most of the real visits."""
    timed = [condition for condition in clause.conditions if _depends_on_time_only(condition) and _is_weekly(condition)]
    if not timed or len(statistics.visits) < MIN_VISITS:
        return
    shut = [
        visit
        for visit in statistics.visits
        if not all(
            holds(condition, purchase=_at(visit.at, terms=terms)._replace(zone=visit.zone)) for condition in timed
        )
    ]
    share = 100 * len(shut) // len(statistics.visits)
    if share > 50:
        day = local_date(shut[0].at, zone_name=shut[0].zone)
        yield Finding(
            LintCode.SHUTS_OUT_VISITS,
            clause,
            dates={"day": day},
            numbers={"share": share, "visits": len(statistics.visits)},
        )


def _is_weekly(condition: Condition) -> bool:
    inside = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(each_condition, WeekdaysAndHours) for each_condition in inside)
