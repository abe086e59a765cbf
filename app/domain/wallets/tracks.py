"""A customer's history while a wallet is told from the beginning: all that terms may count, in business order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.calendar import Period, period_start
from app.domain.deciding.judging import pieces_counted
from app.domain.decisions import Decision
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
    """Visits, uses of limited clauses, pieces, and points earned in periods, up to now."""

    enrolled_at: datetime
    visits: int = 0
    uses: dict[str, _Tally] = field(default_factory=dict)
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
            (key, self.uses[key].since(_start(facts, period))) for key, period in asked.uses.items() if key in self.uses
        ]
        pieces = [(key, self.pieces[key]) for key in asked.pieces if key in self.pieces]
        return replace(
            facts.member,
            enrolled_at=self.enrolled_at if asked.enrolment else None,
            visits=self.visits if asked.visits else 0,
            uses=tuple(sorted((key, count) for key, count in uses if count)),
            earned=tuple((one, self.gains.since(_start(facts, one))) for one in asked.earned),
            pieces=tuple(sorted(pieces)),
        )

    def book(self, facts: PurchaseFacts, decision: Decision, *, terms: Terms) -> None:
        """Count a purchase."""
        self.visits += 1
        self.gains.add(decision.points, at=facts.occurred_at)
        if terms.asked.uses:
            self.use(facts, decision.applied(), terms=terms)
        for key, count in pieces_counted(terms, facts=facts) if terms.asked.pieces else ():
            self.pieces[key] = self.pieces.get(key, 0) + count

    def use(self, facts: PurchaseFacts, clauses: Sequence[str], *, terms: Terms, times: int = 1) -> None:
        """Count clauses that apply only so many times; -1 takes it back."""
        for key in clauses:
            if key in terms.asked.uses:
                self.uses.setdefault(key, _Tally()).add(times, at=facts.occurred_at)

    def take_over(self, other: Track) -> None:
        """All that was counted for a customer who was merged into this one."""
        self.visits += other.visits
        self.gains.add_all(other.gains)
        for key, tally in other.uses.items():
            self.uses.setdefault(key, _Tally()).add_all(tally)
        for key, count in other.pieces.items():
            self.pieces[key] = self.pieces.get(key, 0) + count


def _start(facts: PurchaseFacts, period: Period) -> datetime | None:
    """When the period of a purchase began, by the calendar of its place."""
    return period_start(facts.occurred_at, zone_name=facts.zone, period=period)
