"""Rule facts: what the terms require to know about a customer, as of just before a purchase or redemption."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.domain.calendar import Period
from app.domain.customers.profile import CustomerProfile

_STORED_NAME_BY_FIELD = {
    "uses": "uses",
    "items": "items",
    "common_budgets_left": "budgets_left",
    "own_budget_shares": "own_budget_shares",
    "common_budget_usage": "common_budget_usage",
    "total_uses": "held_uses",
    "birthday_years": "birthday_years",
}
"""Fields of `RuleFacts` that hold numbers by key, each with its name in the stored JSON, where it is an object."""


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the terms require to know about a customer; stored with the purchase, so that it can be decided again.

    - `visits`: how many earlier purchases count as visits: those that were not returned as a whole;
    - `uses`: how often each clause was applied in the period of its limit. Clauses are named by their keys, here and
      below;
    - `total_uses`: how often each clause was ever applied, uses of active holds included;
    - `earned_by_period`: points earned so far in each period;
    - `items`: how many items each clause has counted so far, without those that were returned;
    - `common_budgets_left`: points left in the budget of each clause, for all customers;
    - `own_budget_shares`: points of each budget that only this customer can still get, because they came back from the
      customer's own purchases. If a purchase takes 100 points from a budget and 30 come back with a refund, the share
      is 30. A share is below 0 if the customer's purchases now use more of the budget than they took from it;
    - `common_budget_usage`: what the purchase took from `common_budgets_left` when it was recorded;
    - `tier`: the key of the customer's tier; `qualifying_points`: the points that count towards a tier;
    - `birthday_years`: for each birthday window in which the purchase lies, by `answer_key`: the calendar year of the
      birthday;
    - `used_birthdays`: clauses that were already applied for a birthday, each with the calendar year of that birthday;
    - `condition_answers`: whether each condition about the customer held at the time of the purchase, by `answer_key`
      (the key of the condition, `ProfileCondition.answer_key`); None if that depends on a birthday that is not known;
    - `profile`: birthday, segments and preferences, present while something is decided and never stored. To decide
      again, `condition_answers` are enough; they contain neither a date of birth nor an age.
    """

    enrolled_at: datetime | None = None
    visits: int = 0
    uses: tuple[tuple[str, int], ...] = ()
    earned_by_period: tuple[tuple[Period, int], ...] = ()
    items: tuple[tuple[str, int], ...] = ()
    common_budgets_left: tuple[tuple[str, int], ...] = ()
    own_budget_shares: tuple[tuple[str, int], ...] = ()
    common_budget_usage: tuple[tuple[str, int], ...] = ()
    condition_answers: tuple[tuple[str, bool | None], ...] = ()
    tier: str | None = None
    qualifying_points: int = 0
    total_uses: tuple[tuple[str, int], ...] = ()
    birthday_years: tuple[tuple[str, int], ...] = ()
    used_birthdays: tuple[tuple[str, int], ...] = ()
    profile: CustomerProfile | None = field(default=None, compare=False, repr=False)

    def uses_of(self, clause_key: str) -> int:
        """How often the clause was applied in the period of its limit."""
        return dict(self.uses).get(clause_key, 0)

    def total_uses_of(self, clause_key: str) -> int:
        """How often the clause was ever applied, uses of active holds included."""
        return dict(self.total_uses).get(clause_key, 0)

    def birthday_year(self, answer_key: str) -> int | None:
        """The calendar year of the birthday in whose window the purchase lies; None if it is outside the window."""
        return dict(self.birthday_years).get(answer_key)

    def earned_in(self, period: Period) -> int:
        """Points earned so far in a period."""
        return dict(self.earned_by_period).get(period, 0)

    def items_before(self, clause_key: str) -> int:
        """How many items the clause has counted so far."""
        return dict(self.items).get(clause_key, 0)

    def budget_left_for_customer(self, clause_key: str) -> int | None:
        """Points left in the clause's budget for this customer, with their own share; None if the clause has no budget."""
        common_points = dict(self.common_budgets_left).get(clause_key)
        return None if common_points is None else max(0, common_points + self.own_budget_share(clause_key))

    def own_budget_share(self, clause_key: str) -> int:
        """Points of the clause's budget that came back from this customer's purchases; they are used first."""
        return dict(self.own_budget_shares).get(clause_key, 0)

    def with_common_budget_usage(self, usage: Iterable[tuple[str, int]]) -> RuleFacts:
        """The facts with the points that the purchase takes from each budget; unchanged if the terms have no budget."""
        if not self.own_budget_shares:
            return self
        points_by_clause = dict(usage)
        return replace(
            self,
            common_budget_usage=tuple((key, points_by_clause.get(key, 0)) for key, _ in self.own_budget_shares),
        )

    def answer(self, answer_key: str) -> bool | None:
        """Whether a condition about the customer held; None if that was not known."""
        return dict(self.condition_answers).get(answer_key)

    def to_data(self) -> dict[str, Any]:
        """The facts as JSON, without fields that have their default."""
        data: dict[str, Any] = {}
        if self.enrolled_at is not None:
            data["enrolled_at"] = self.enrolled_at.isoformat()
        if self.visits:
            data["visits"] = self.visits
        if self.earned_by_period:
            data["earned"] = {period.value: points for period, points in self.earned_by_period}
        if self.condition_answers:
            data["answers"] = dict(self.condition_answers)
        if self.tier is not None:
            data["tier"] = self.tier
        if self.qualifying_points:
            data["qualifying"] = self.qualifying_points
        for name, stored_name in _STORED_NAME_BY_FIELD.items():
            if counts := getattr(self, name):
                data[stored_name] = dict(counts)
        if self.used_birthdays:
            data["used_birthdays"] = [list(use) for use in self.used_birthdays]
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RuleFacts:
        """The facts of the JSON that `to_data` wrote."""
        return cls(
            enrolled_at=datetime.fromisoformat(data["enrolled_at"]) if "enrolled_at" in data else None,
            visits=data.get("visits", 0),
            uses=tuple(sorted(data.get("uses", {}).items())),
            earned_by_period=tuple((Period(period), points) for period, points in data.get("earned", {}).items()),
            condition_answers=tuple(data.get("answers", {}).items()),
            tier=data.get("tier"),
            qualifying_points=data.get("qualifying", 0),
            items=tuple(sorted(data.get("items", {}).items())),
            common_budgets_left=tuple(sorted(data.get("budgets_left", {}).items())),
            own_budget_shares=tuple(sorted(data.get("own_budget_shares", {}).items())),
            common_budget_usage=tuple(sorted(data.get("common_budget_usage", {}).items())),
            total_uses=tuple(sorted(data.get("held_uses", {}).items())),
            birthday_years=tuple(sorted(data.get("birthday_years", {}).items())),
            used_birthdays=tuple(sorted((clause, year) for clause, year in data.get("used_birthdays", ()))),
        )


NO_RULE_FACTS = RuleFacts()
"""The facts of a customer about whom nothing is known or required."""
