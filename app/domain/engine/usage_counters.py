"""What the terms count for a customer, and the rule facts that follow from these counts: all rules of counting are here.

`UsageCounters` are filled in three places: from the events of a replay (`app.domain.wallets`), from a member's history in the
simulation of a draft (`app.domain.simulation`), and from sums of stored rows (`app.store.customers.rule_facts`).
What a single purchase or redemption counts for is in `app.domain.engine.usage`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from app.domain.calendar import Period, period_start
from app.domain.engine.usage import Usage, Use, uses_of
from app.domain.purchases.eligible import period_zone
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""Before everything: the start of the period EVER."""


@dataclass(slots=True)
class TimeSeries:
    """Numbers by instant, for sums from an instant on."""

    instants: list[datetime] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def add(self, number: int, *, at: datetime) -> None:
        """Add a number at an instant."""
        index = bisect_right(self.instants, at)
        self.instants.insert(index, at)
        self.numbers.insert(index, number)

    def since(self, start: datetime) -> int:
        """The sum of numbers at or after an instant."""
        return sum(self.numbers[bisect_left(self.instants, start) :])

    def add_all(self, other: TimeSeries) -> None:
        """Add the numbers of another series."""
        for at, number in zip(other.instants, other.numbers, strict=True):
            self.add(number, at=at)


@dataclass(slots=True)
class UsageCounters:
    """A customer's visits, clause uses, items, and points earned, so far; returned goods are not counted."""

    enrolled_at: datetime
    visits: int = 0
    uses: dict[str, TimeSeries] = field(default_factory=dict)
    birthday_uses: dict[tuple[str, int], int] = field(default_factory=dict)
    """Uses by clause and calendar year of the birthday."""
    items: dict[str, int] = field(default_factory=dict)
    points_earned: TimeSeries = field(default_factory=TimeSeries)

    def with_rule_facts(
        self,
        facts: PurchaseFacts,
        *,
        terms: Terms,
        tier: str | None = None,
        qualifying_points: int = 0,
        held_uses: Iterable[Use] = (),
    ) -> PurchaseFacts:
        """The purchase with the rule facts that the terms require, as of just before the purchase.

        Facts that do not follow from counters stay as they are in `facts`: budgets, which follow the order of recording,
        and answers about the profile. `tier` and `qualifying_points` are the current tier and the points towards a tier.
        `held_uses`, of rewards on hold, count as if the rewards were paid for now, so that their capture exceeds no limit.
        """
        required, earlier_facts = terms.required_facts, facts.rule_facts
        if required.is_empty:
            return facts
        held_times = Counter[str]()
        birthday_uses = {use for use, times in self.birthday_uses.items() if times}
        for use in held_uses:
            held_times[use.clause_key] += use.times
            if use.birthday_year is not None:
                birthday_uses.add((use.clause_key, use.birthday_year))
        uses = [
            (key, self._uses_since(start_of_purchase_period(period, facts=facts, terms=terms), key) + held_times[key])
            for key, period in required.limit_periods.items()
        ]
        total_uses = [(key, self._uses_since(BEGINNING, key) + held_times[key]) for key in required.total_use_clauses]
        years = {year for _, year in earlier_facts.birthday_years}
        rule_facts = replace(
            earlier_facts,
            enrolled_at=self.enrolled_at if required.enrolment else None,
            visits=self.visits if required.visits else 0,
            uses=_nonzero_counts(uses),
            earned_by_period=tuple(
                (period, self.points_earned.since(start_of_purchase_period(period, facts=facts, terms=terms)))
                for period in required.cap_periods
            ),
            items=_nonzero_counts((key, self.items.get(key, 0)) for key in required.item_clauses),
            tier=tier if required.tier else None,
            qualifying_points=qualifying_points if required.tier else 0,
            total_uses=_nonzero_counts(total_uses),
            used_birthdays=tuple(
                sorted((key, year) for key, year in birthday_uses if key in required.birthday_windows and year in years)
            ),
        )
        return facts if rule_facts == earlier_facts else replace(facts, rule_facts=rule_facts)

    def count(self, usage: Usage, *, at: datetime, sign: int = 1) -> None:
        """Add the usage of a purchase; with the sign -1, subtract it again."""
        self.visits += sign * usage.counts_as_visit
        if usage.points:
            self.points_earned.add(sign * usage.points, at=at)
        for use in usage.uses:
            self.count_use(use, at=at, sign=sign)
        for key, item_count in usage.items:
            self.items[key] = self.items.get(key, 0) + sign * item_count

    def recount(self, before: Usage, after: Usage, *, at: datetime) -> None:
        """Replace the usage of a purchase after a return; it counts at the time of the purchase, not of the return."""
        if before != after:
            self.count(before, at=at, sign=-1)
            self.count(after, at=at)

    def count_clauses(self, facts: PurchaseFacts, clause_keys: tuple[str, ...], *, terms: Terms, sign: int = 1) -> None:
        """Add one use of each clause of a redemption; with the sign -1, subtract them again, because it was reversed."""
        for use in uses_of(terms, facts=facts, times_by_clause=dict.fromkeys(clause_keys, 1)):
            self.count_use(use, at=facts.occurred_at, sign=sign)

    def count_use(self, use: Use, *, at: datetime, sign: int = 1) -> None:
        """Add uses of a clause at an instant; with the sign -1, subtract them again."""
        self.uses.setdefault(use.clause_key, TimeSeries()).add(sign * use.times, at=at)
        if use.birthday_year is not None:
            key = use.clause_key, use.birthday_year
            self.birthday_uses[key] = self.birthday_uses.get(key, 0) + sign * use.times

    def absorb(self, other: UsageCounters) -> None:
        """Add the counters of a merged customer."""
        self.visits += other.visits
        self.points_earned.add_all(other.points_earned)
        for key, series in other.uses.items():
            self.uses.setdefault(key, TimeSeries()).add_all(series)
        for birthday_use, times in other.birthday_uses.items():
            self.birthday_uses[birthday_use] = self.birthday_uses.get(birthday_use, 0) + times
        for key, count in other.items.items():
            self.items[key] = self.items.get(key, 0) + count

    def _uses_since(self, start: datetime, clause: str) -> int:
        series = self.uses.get(clause)
        return series.since(start) if series is not None else 0


def start_of_purchase_period(period: Period, *, facts: PurchaseFacts, terms: Terms) -> datetime:
    """When the period of a purchase began: a day by the calendar of its location, a longer one by the program's."""
    zone = period_zone(period, location_zone=facts.zone, program_zone=terms.zone)
    return period_start(facts.occurred_at, zone_name=zone, period=period) or BEGINNING


def use_period_starts(facts: PurchaseFacts, *, terms: Terms) -> list[datetime]:
    """The instants from which uses of clauses count for a purchase, earliest first; none if the terms count no uses.

    The facts must have the birthdays around which the purchase lies.
    """
    required = terms.required_facts
    starts = {start_of_purchase_period(period, facts=facts, terms=terms) for period in required.limit_periods.values()}
    if required.total_use_clauses or facts.rule_facts.birthday_years:
        starts.add(BEGINNING)
    return sorted(starts)


def points_period_starts(facts: PurchaseFacts, *, terms: Terms) -> list[datetime]:
    """The instants from which points count against caps for a purchase, earliest first; none if there is no cap by period."""
    return sorted(
        {start_of_purchase_period(period, facts=facts, terms=terms) for period in terms.required_facts.cap_periods}
    )


def _nonzero_counts(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The counts other than 0, in the order of the clauses' keys."""
    return tuple(sorted((key, count) for key, count in counts if count))
