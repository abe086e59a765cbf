"""Is it fair? What a draft would do that nobody wants: each finding with its clause and an example that proves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction

from app.domain.amounts import Parts
from app.domain.calendar import Period, day_start, in_zone, local_date
from app.domain.comparing import implied
from app.domain.conditions import Condition, Group
from app.domain.conditions.birthday_window import BirthdayWindow
from app.domain.conditions.dates import Dates
from app.domain.conditions.groups import ExceptWhen, leaves
from app.domain.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.counting import Counted
from app.domain.effects import Earning
from app.domain.effects.bonus_points import BonusPoints
from app.domain.effects.combination import Combination, CombinationMode
from app.domain.effects.points_validity import PointsValidity
from app.domain.effects.reward_cost import RewardCost
from app.domain.judging import holds
from app.domain.terms import Clause, Terms
from app.domain.wording import Wording

LOOK_AHEAD = 400
"""Local days in which a rule must hold at least once."""

DAYS_OF_PATTERN = 15
"""Days after which a rule of hours has shown all it has: two weeks, one of which the clocks may spoil, and a day."""

MOST_MOMENTS = 20_000
"""Moments that are tried for all clauses of a draft; what did not fit in is given the benefit of the doubt."""

FEWEST_VISITS = 20
"""Real visits from which on habits are worth looking at."""

DAYS_OF_A_MONTH = 30


class LintCode(StrEnum):
    """What may be unfair. Stable names."""

    NEVER_HOLDS = "NEVER_HOLDS"
    NEVER_COUNTS = "NEVER_COUNTS"
    CONTRADICTION = "CONTRADICTION"
    EXCLUDES_ITSELF = "EXCLUDES_ITSELF"
    MORE_THAN_ONCE_A_YEAR = "MORE_THAN_ONCE_A_YEAR"
    SHUTS_OUT_VISITS = "SHUTS_OUT_VISITS"
    REWARD_OUT_OF_REACH = "REWARD_OUT_OF_REACH"
    REWARD_WITHOUT_PICTURE = "REWARD_WITHOUT_PICTURE"
    NOTICE_TOO_SHORT = "NOTICE_TOO_SHORT"


@dataclass(frozen=True, slots=True)
class Habits:
    """How customers really behave: the times of recent visits, and the points that the median one earns in 30 days."""

    visits: tuple[datetime, ...] = ()
    pace: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: its clause and the values of its sentence, among them the example."""

    code: LintCode
    clause: Clause
    dates: Mapping[str, date] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    conditions: Mapping[str, Sequence[Condition]] = field(default_factory=dict)

    def statement(self, say: Wording) -> str:
        """What is wrong, in one sentence."""
        return self._said("lint", say=say)

    def example(self, say: Wording) -> str:
        """A case that proves it, in one sentence."""
        return self._said("lint.example", say=say)

    def _said(self, key: str, *, say: Wording) -> str:
        values = {name: say.date(day) for name, day in self.dates.items()}
        values |= {name: say.number(number) for name, number in self.numbers.items()}
        for name, several in self.conditions.items():
            values[name] = say("clause.separator").join(one.sentence(say) for one in several)
        return say(f"{key}.{self.code.value}", **values, **self.texts)


def lint(terms: Terms, *, habits: Habits, pictured: frozenset[str]) -> tuple[Finding, ...]:
    """Every finding in the order of the clauses. `pictured` are the keys of rewards that have a picture."""
    found: list[Finding] = []
    moments = iter(range(MOST_MOMENTS))
    for clause in terms.clauses:
        if not _ever_holds(clause, terms=terms, budget=moments):
            first = local_date(terms.effective_from, zone_name=terms.zone)
            last = first + timedelta(days=LOOK_AHEAD - 1)
            found.append(Finding(LintCode.NEVER_HOLDS, clause, dates={"first": first, "last": last}))
            continue
        found.extend(_shut_out(clause, terms=terms, habits=habits))
        found.extend(_excludes_itself(clause))
        found.extend(_more_than_once_a_year(clause, terms=terms))
        found.extend(_never_counts(clause, terms=terms))
        found.extend(_contradictions(clause, terms=terms))
        found.extend(_reward(clause, terms=terms, habits=habits, pictured=pictured))
    return tuple(found)


def _timed(condition: Condition) -> bool:
    """Whether nothing but the time decides about the condition."""
    inside = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(one, WeekdaysAndHours | Dates) for one in inside)


def _at(moment: datetime, *, terms: Terms) -> Counted:
    return Counted(occurred_at=moment, zone=terms.zone, currency=terms.currency, lines=(), amounts=Parts(()))


def _ever_holds(clause: Clause, *, terms: Terms, budget: Iterator[int]) -> bool:
    """Whether there is a moment at which all its hours and dates hold, tried at every moment where one may begin."""
    timed = [one for one in clause.conditions if _timed(one)]
    if not timed:
        return True
    for moment in _moments(clause, terms=terms):
        if next(budget, None) is None or all(holds(one, purchase=_at(moment, terms=terms)) for one in timed):
            return True
    return False


def _moments(clause: Clause, *, terms: Terms) -> Iterator[datetime]:
    """When one of its windows begins or ends, on the days after which nothing new can come."""
    clocks = {time.min}
    for one in clause.leaves:
        if isinstance(one, WeekdaysAndHours):
            clocks |= {clock for clock in (one.start, one.end) if clock is not None}
    for day in _days(clause, terms=terms):
        yield day_start(day, zone_name=terms.zone)
        for clock in sorted(clocks):
            yield in_zone(datetime.combine(day, clock), zone_name=terms.zone)


def _days(clause: Clause, *, terms: Terms) -> list[date]:
    """The days from the start of the terms, and from each date at which a condition turns, until the week repeats."""
    first = local_date(terms.effective_from, zone_name=terms.zone)
    turns = {first}
    for one in clause.leaves:
        if isinstance(one, Dates):
            turns |= {day for day in (one.first, one.last and one.last + timedelta(days=1)) if day and day > first}
    return sorted({turn + timedelta(days=later) for turn in turns for later in range(DAYS_OF_PATTERN)})


def _shut_out(clause: Clause, *, terms: Terms, habits: Habits) -> Iterator[Finding]:
    """A window that is closed at most of the real visits."""
    timed = [one for one in clause.conditions if _timed(one) and _weekly(one)]
    if not timed or len(habits.visits) < FEWEST_VISITS:
        return
    shut = [
        moment for moment in habits.visits if not all(holds(one, purchase=_at(moment, terms=terms)) for one in timed)
    ]
    share = 100 * len(shut) // len(habits.visits)
    if share > 50:
        day = local_date(shut[0], zone_name=terms.zone)
        yield Finding(
            LintCode.SHUTS_OUT_VISITS,
            clause,
            dates={"day": day},
            numbers={"share": share, "visits": len(habits.visits)},
        )


def _weekly(condition: Condition) -> bool:
    inside = leaves(condition.conditions) if isinstance(condition, Group) else iter((condition,))
    return all(isinstance(one, WeekdaysAndHours) for one in inside)


def _excludes_itself(clause: Clause) -> Iterator[Finding]:
    """An exception that takes away all that the other conditions leave: for members of a group, but not for them."""
    for exception in clause.conditions:
        if isinstance(exception, ExceptWhen):
            others = tuple(one for one in clause.conditions if one is not exception)
            if implied(others, exception.conditions):
                conditions = {"asked": others, "excepted": (exception,)}
                yield Finding(LintCode.EXCLUDES_ITSELF, clause, conditions=conditions)
                return


def _more_than_once_a_year(clause: Clause, *, terms: Terms) -> Iterator[Finding]:
    """A birthday gift without its limit: it is promised once a calendar year, whatever is edited."""
    gift = isinstance(clause.effect, BonusPoints | RewardCost)
    limit = clause.limit
    once = limit is not None and limit.times == 1 and limit.period in (Period.YEAR, Period.EVER)
    if gift and not once and any(isinstance(one, BirthdayWindow) for one in clause.conditions):
        day = local_date(terms.effective_from, zone_name=terms.zone)
        yield Finding(LintCode.MORE_THAN_ONCE_A_YEAR, clause, dates={"first": day})


def _never_counts(clause: Clause, *, terms: Terms) -> Iterator[Finding]:
    """An earning clause next to which another of its kind always gives as much."""
    if not isinstance(clause.effect, Earning) or terms.policy(Combination).mode is CombinationMode.STACK:
        return
    for other, effect in terms.earning:
        first_of_equals = (
            other.effect != clause.effect or other.conditions != clause.conditions or _before(other, clause)
        )
        if (
            other is not clause
            and first_of_equals
            and effect.kind == clause.effect.kind
            and effect.at_least_as_good(clause.effect)
            and implied(clause.conditions, other.conditions)
        ):
            yield Finding(LintCode.NEVER_COUNTS, clause, texts={"other": other.number})
            return


def _before(one: Clause, other: Clause) -> bool:
    return int(one.number) < int(other.number)


def _contradictions(clause: Clause, *, terms: Terms) -> Iterator[Finding]:
    """A bonus that no purchase can bring in full, because a cap stands against it."""
    if not isinstance(clause.effect, BonusPoints):
        return
    for other, cap in terms.caps:
        if cap.points < clause.effect.points:
            numbers = {"points": clause.effect.points, "most": cap.points}
            yield Finding(LintCode.CONTRADICTION, clause, numbers=numbers, texts={"other": other.number})


def _reward(clause: Clause, *, terms: Terms, habits: Habits, pictured: frozenset[str]) -> Iterator[Finding]:
    effect = clause.effect
    if not isinstance(effect, RewardCost):
        return
    months = terms.policy(PointsValidity).months
    if months is not None and habits.pace is not None and habits.pace * months < effect.points:
        needed = (Fraction(effect.points) / habits.pace).__ceil__() if habits.pace else 0
        code = LintCode.REWARD_OUT_OF_REACH
        numbers = {"points": effect.points, "pace": habits.pace.__floor__(), "months": months, "needed": needed}
        yield Finding(code, clause, numbers=numbers)
    if effect.reward not in pictured:
        yield Finding(LintCode.REWARD_WITHOUT_PICTURE, clause, texts={"reward": effect.name or effect.reward})


def notice_finding(clause: Clause, *, wanted: date, earliest: date) -> Finding:
    """A start that comes sooner than the notice clause in force allows."""
    return Finding(LintCode.NOTICE_TOO_SHORT, clause, dates={"wanted": wanted, "earliest": earliest})
