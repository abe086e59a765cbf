"""A customer's usage counters while a wallet is replayed: everything that terms may count."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.calendar import Period, period_start
from app.domain.customers.rule_facts import CustomerFacts
from app.domain.engine.usage import Usage, Use, uses_of
from app.domain.purchases.eligible import period_zone
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms


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

    def since(self, start: datetime | None) -> int:
        """The sum of numbers at or after `start`; None sums all."""
        index = 0 if start is None else bisect_left(self.instants, start)
        return sum(self.numbers[index:])

    def add_all(self, other: TimeSeries) -> None:
        """Add the numbers of another series."""
        for at, number in zip(other.instants, other.numbers, strict=True):
            self.add(number, at=at)


@dataclass(slots=True)
class UsageCounters:
    """Visits, clause uses, items, and points earned, so far; returned goods are not counted."""

    enrolled_at: datetime
    visits: int = 0
    uses: dict[str, TimeSeries] = field(default_factory=dict)
    birthday_uses: dict[tuple[str, int], int] = field(default_factory=dict)
    """Uses by clause and calendar year of the birthday."""
    items: dict[str, int] = field(default_factory=dict)
    points_earned: TimeSeries = field(default_factory=TimeSeries)

    def customer_facts(self, facts: PurchaseFacts, *, terms: Terms) -> CustomerFacts:
        """The customer facts that the terms require, before this purchase.

        Budgets, which follow the order of recording, and answers about the profile stay as recorded.
        """
        required = terms.required_facts
        if required.is_empty:
            return facts.customer_facts
        uses = [
            (key, self.uses[key].since(_start(facts, period, terms=terms)))
            for key, period in required.uses.items()
            if key in self.uses
        ]
        held = [(key, self.uses[key].since(None)) for key in required.held_uses if key in self.uses]
        items = [(key, self.items[key]) for key in required.items if key in self.items]
        years = {year for _, year in facts.customer_facts.birthdays}
        birthday_uses = [
            use
            for use, times in self.birthday_uses.items()
            if times and use[0] in required.birthdays and use[1] in years
        ]
        return replace(
            facts.customer_facts,
            enrolled_at=self.enrolled_at if required.enrolment else None,
            visits=self.visits if required.visits else 0,
            uses=tuple(sorted((key, count) for key, count in uses if count)),
            earned=tuple(
                (period, self.points_earned.since(_start(facts, period, terms=terms)))
                for period in required.earned_periods
            ),
            items=tuple(sorted((key, count) for key, count in items if count)),
            held_uses=tuple(sorted((key, count) for key, count in held if count)),
            birthday_uses=tuple(sorted(birthday_uses)),
        )

    def count(self, usage: Usage, *, at: datetime) -> None:
        """Add the usage of a purchase."""
        self._change(usage, at=at, sign=1)

    def recount(self, before: Usage, after: Usage, *, at: datetime) -> None:
        """Replace the usage of a purchase after a return."""
        if before != after:
            self._change(before, at=at, sign=-1)
            self._change(after, at=at, sign=1)

    def count_clauses(self, facts: PurchaseFacts, clauses: tuple[str, ...], *, terms: Terms, times: int = 1) -> None:
        """Count the clauses of a redemption; `times=-1` reverses it."""
        for use in uses_of(terms, facts=facts, clauses=dict.fromkeys(clauses, 1)):
            self._use(use, at=facts.occurred_at, sign=times)

    def _change(self, usage: Usage, *, at: datetime, sign: int) -> None:
        self.visits += sign * usage.visit
        if usage.points:
            self.points_earned.add(sign * usage.points, at=at)
        for use in usage.uses:
            self._use(use, at=at, sign=sign)
        for key, count in usage.items:
            self.items[key] = self.items.get(key, 0) + sign * count

    def _use(self, use: Use, *, at: datetime, sign: int) -> None:
        self.uses.setdefault(use.clause, TimeSeries()).add(sign * use.times, at=at)
        if use.birthday is not None:
            key = use.clause, use.birthday
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


def _start(facts: PurchaseFacts, period: Period, *, terms: Terms) -> datetime | None:
    """When the period of a purchase began: days follow the location's calendar, longer periods the program's."""
    return period_start(
        facts.occurred_at, zone_name=period_zone(period, location=facts.zone, program=terms.zone), period=period
    )
