"""The facts about a customer that rules require, as of just before a purchase or redemption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.domain.calendar import Period
from app.domain.customers.profile import CustomerProfile


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """A customer's history as the rules see it; kept with the purchase, so that an old decision can be made again.

    `visits` counts the purchases before this one of which something is kept; `uses` how often a clause was applied in
    the period of its limit; `held` how many of its rewards are held; `earned` the points earned so far in a period;
    `items` the items kept that a clause counted before; `budgets` what is left of the points that a clause gives to all
    customers together, `shares` what came back of them and is the customer's own, below 0 where more is held than was
    taken; `charged` what the purchase took of `budgets` when it was recorded; `tier` is the key of the tier held, `qualifying` the points towards one.

    `birthdays` are the calendar years of the birthdays around which the purchase lies, by the question of the window;
    `birthday_uses` the clauses that gave something for the birthday of a year already.

    Who the customer is, `person`, is there while something is decided and never kept. What is kept of it are the
    `answers` to what the terms ask, yes or no at the time of the purchase, None where it takes a birthday that nobody has
    told: enough to decide again, and neither a date of birth nor an age.
    """

    enrolled_at: datetime | None = None
    visits: int = 0
    uses: tuple[tuple[str, int], ...] = ()
    earned: tuple[tuple[Period, int], ...] = ()
    items: tuple[tuple[str, int], ...] = ()
    budgets: tuple[tuple[str, int], ...] = ()
    shares: tuple[tuple[str, int], ...] = ()
    charged: tuple[tuple[str, int], ...] = ()
    condition_answers: tuple[tuple[str, bool | None], ...] = ()
    tier: str | None = None
    qualifying: int = 0
    held_uses: tuple[tuple[str, int], ...] = ()
    birthdays: tuple[tuple[str, int], ...] = ()
    birthday_uses: tuple[tuple[str, int], ...] = ()
    person: CustomerProfile | None = field(default=None, compare=False, repr=False)

    def uses_of(self, clause: str) -> int:
        """How often the clause was applied in its period."""
        return dict(self.uses).get(clause, 0)

    def held_uses_of(self, clause: str) -> int:
        """How many rewards of the clause are held."""
        return dict(self.held_uses).get(clause, 0)

    def birthday_year(self, question: str) -> int | None:
        """The calendar year of the birthday in whose window the purchase lies; None where it lies in none."""
        return dict(self.birthdays).get(question)

    def earned_in(self, period: Period) -> int:
        """Points earned so far in this period."""
        return dict(self.earned).get(period, 0)

    def items_before(self, clause: str) -> int:
        """Items counted by the clause before."""
        return dict(self.items).get(clause, 0)

    def budget_left(self, clause: str) -> int | None:
        """Points left in the clause's budget, with the customer's own share; None where nothing is known of one."""
        for_all = dict(self.budgets).get(clause)
        return None if for_all is None else max(0, for_all + self.own_budget_share(clause))

    def own_budget_share(self, clause: str) -> int:
        """Points of the clause's budget that came back and are given to this customer first."""
        return dict(self.shares).get(clause, 0)

    def with_charged_budgets(self, charged: Iterable[tuple[str, int]]) -> CustomerFacts:
        """The same with what a purchase takes of each budget; as it is where no budget counts what comes back."""
        if not self.shares:
            return self
        taken = dict(charged)
        return replace(self, charged=tuple((clause, taken.get(clause, 0)) for clause, _ in self.shares))

    def answer(self, question: str) -> bool | None:
        """What a question about the person was answered; None where that is not known."""
        return dict(self.condition_answers).get(question)

    def to_data(self) -> dict[str, Any]:
        """As JSON, what is not known left out."""
        data: dict[str, Any] = {}
        if self.enrolled_at is not None:
            data["enrolled_at"] = self.enrolled_at.isoformat()
        if self.visits:
            data["visits"] = self.visits
        if self.earned:
            data["earned"] = {period.value: points for period, points in self.earned}
        if self.condition_answers:
            data["answers"] = dict(self.condition_answers)
        if self.tier is not None:
            data["tier"] = self.tier
        if self.qualifying:
            data["qualifying"] = self.qualifying
        for name in ("uses", "items", "budgets", "shares", "charged", "held_uses", "birthdays"):
            if counts := getattr(self, name):
                data[name] = dict(counts)
        if self.birthday_uses:
            data["birthday_uses"] = [list(use) for use in self.birthday_uses]
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> CustomerFacts:
        """What `to_data` wrote."""
        return cls(
            enrolled_at=datetime.fromisoformat(data["enrolled_at"]) if "enrolled_at" in data else None,
            visits=data.get("visits", 0),
            uses=tuple(sorted(data.get("uses", {}).items())),
            earned=tuple((Period(period), points) for period, points in data.get("earned", {}).items()),
            condition_answers=tuple(data.get("answers", {}).items()),
            tier=data.get("tier"),
            qualifying=data.get("qualifying", 0),
            items=tuple(sorted(data.get("items", {}).items())),
            budgets=tuple(sorted(data.get("budgets", {}).items())),
            shares=tuple(sorted(data.get("shares", {}).items())),
            charged=tuple(sorted(data.get("charged", {}).items())),
            held_uses=tuple(sorted(data.get("held_uses", {}).items())),
            birthdays=tuple(sorted(data.get("birthdays", {}).items())),
            birthday_uses=tuple(sorted((clause, year) for clause, year in data.get("birthday_uses", ()))),
        )


NO_FACTS = CustomerFacts()
"""No facts: nothing is known or required."""
