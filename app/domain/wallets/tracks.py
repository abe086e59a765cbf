"""A customer's counters while a wallet is replayed: all that terms may count, in the order of business time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.calendar import Period, period_start
from app.domain.counting import period_zone
from app.domain.deciding.usage import Usage, Use, uses_of
from app.domain.facts import PurchaseFacts
from app.domain.members import Member
from app.domain.terms import Terms


@dataclass(slots=True)
class _Tally:
    """Numbers in the order of time, to be added up from an instant on."""

    moments: list[datetime] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def add(self, number: int, *, at: datetime) -> None:
        """A number at its place in time."""
        place = bisect_right(self.moments, at)
        self.moments.insert(place, at)
        self.numbers.insert(place, number)

    def since(self, start: datetime | None) -> int:
        """What has come together from an instant on; None: from the first one."""
        place = 0 if start is None else bisect_left(self.moments, start)
        return sum(self.numbers[place:])

    def add_all(self, other: _Tally) -> None:
        """Everything that another tally counts."""
        for at, number in zip(other.moments, other.numbers, strict=True):
            self.add(number, at=at)


@dataclass(slots=True)
class Track:
    """Visits, uses of clauses, items, and points earned in periods, up to now: of what the customer keeps."""

    enrolled_at: datetime
    visits: int = 0
    uses: dict[str, _Tally] = field(default_factory=dict)
    gifts: dict[tuple[str, int], int] = field(default_factory=dict)
    """How often a clause gave something for the birthday of a calendar year."""
    pieces: dict[str, int] = field(default_factory=dict)
    gains: _Tally = field(default_factory=_Tally)

    def seen(self, facts: PurchaseFacts, *, terms: Terms) -> Member:
        """The customer as the terms ask, before this purchase.

        Budgets, which follow the order of recording, and answers about the person stay as they were recorded.
        """
        asked = terms.asked
        if asked.nothing:
            return facts.member
        uses = [
            (key, self.uses[key].since(_start(facts, period, terms=terms)))
            for key, period in asked.uses.items()
            if key in self.uses
        ]
        held = [(key, self.uses[key].since(None)) for key in asked.held if key in self.uses]
        pieces = [(key, self.pieces[key]) for key in asked.pieces if key in self.pieces]
        years = {year for _, year in facts.member.birthdays}
        gifts = [
            gift for gift, times in self.gifts.items() if times and gift[0] in asked.birthdays and gift[1] in years
        ]
        return replace(
            facts.member,
            enrolled_at=self.enrolled_at if asked.enrolment else None,
            visits=self.visits if asked.visits else 0,
            uses=tuple(sorted((key, count) for key, count in uses if count)),
            earned=tuple((period, self.gains.since(_start(facts, period, terms=terms))) for period in asked.earned),
            pieces=tuple(sorted((key, count) for key, count in pieces if count)),
            held=tuple(sorted((key, count) for key, count in held if count)),
            gifts=tuple(sorted(gifts)),
        )

    def add(self, usage: Usage, *, at: datetime) -> None:
        """What a purchase of a moment counts for."""
        self._change(usage, at=at, sign=1)

    def change(self, before: Usage, after: Usage, *, at: datetime) -> None:
        """A purchase of a moment counts for something else from now on, because goods of it came back."""
        if before != after:
            self._change(before, at=at, sign=-1)
            self._change(after, at=at, sign=1)

    def use(self, facts: PurchaseFacts, clauses: tuple[str, ...], *, terms: Terms, times: int = 1) -> None:
        """Count the clauses of a redemption; -1 takes it back."""
        for use in uses_of(terms, facts=facts, clauses=dict.fromkeys(clauses, 1)):
            self._use(use, at=facts.occurred_at, sign=times)

    def _change(self, usage: Usage, *, at: datetime, sign: int) -> None:
        self.visits += sign * usage.visit
        if usage.points:
            self.gains.add(sign * usage.points, at=at)
        for use in usage.uses:
            self._use(use, at=at, sign=sign)
        for key, count in usage.items:
            self.pieces[key] = self.pieces.get(key, 0) + sign * count

    def _use(self, use: Use, *, at: datetime, sign: int) -> None:
        self.uses.setdefault(use.clause, _Tally()).add(sign * use.times, at=at)
        if use.birthday is not None:
            gift = use.clause, use.birthday
            self.gifts[gift] = self.gifts.get(gift, 0) + sign * use.times

    def take_over(self, other: Track) -> None:
        """All that was counted for a customer who was merged into this one."""
        self.visits += other.visits
        self.gains.add_all(other.gains)
        for key, tally in other.uses.items():
            self.uses.setdefault(key, _Tally()).add_all(tally)
        for gift, times in other.gifts.items():
            self.gifts[gift] = self.gifts.get(gift, 0) + times
        for key, count in other.pieces.items():
            self.pieces[key] = self.pieces.get(key, 0) + count


def _start(facts: PurchaseFacts, period: Period, *, terms: Terms) -> datetime | None:
    """When the period of a purchase began: a day by the calendar of the location, a longer one by the program's."""
    return period_start(
        facts.occurred_at, zone_name=period_zone(period, location=facts.zone, program=terms.zone), period=period
    )
