"""A number of points that a clause gives to all customers together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.customers.rule_facts import RuleFacts
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_BUDGET = 1_000_000_000


class BudgetMode(StrEnum):
    """What happens when less is left than the clause would give."""

    WHOLE = "WHOLE"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True)
class Budget(Condition):
    """Holds as long as the clause has given all customers together less than `points`.

    If less is left than the clause would give, WHOLE gives nothing and leaves the rest for smaller awards; PARTIAL gives
    the rest. Purchases use the budget in the order in which they are recorded, by the points they really get: points
    that a cap removes are not used. The clause's award is rounded on its own, even if others are rounded together.
    Points that come back with a refund are available to the same customer only (see `RuleFacts`). Usage belongs to
    the key of the clause, so it continues in later versions of the terms.
    """

    kind: ClassVar[str] = "budget"
    position: ClassVar[Position] = Position.BUDGET
    description: ClassVar[str] = (
        "Holds until the points set aside for this clause, for all customers together, are used up."
    )
    points: int = rule_field(f"Points for all customers together, 1 to {MAX_BUDGET:,}.")
    mode: BudgetMode = rule_field("What happens when less is left than the clause would give.")

    def points_left(self, rule_facts: RuleFacts, *, clause: str) -> int:
        """Points left for the clause with this key; all its points if nothing is known about the use of the budget."""
        points_for_customer = rule_facts.budget_left_for_customer(clause)
        return self.points if points_for_customer is None else points_for_customer

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Whether anything is left. Whether it is enough is checked later, when the award of the clause is known."""
        points_left = self.points_left(purchase.rule_facts, clause=purchase.clause_key)
        if points_left > 0:
            return Finding(True, ReasonCode.CONDITION_MET, points_left)
        return self.used_up_finding(points_left, wanted=None)

    def used_up_finding(self, points_left: int, *, wanted: int | None) -> Finding:
        """The finding that too little is left; `wanted` is what the clause would give, None: not known yet.

        There is no remedy, because a budget is never refilled.
        """
        return Finding(False, ReasonCode.BUDGET_USED_UP, points_left, wanted, (Remedy(RemedyCode.NONE),))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """ "As long as 1,000 points last", and what happens to the last ones."""
        return phrasebook.counted(f"budget.{self.mode.value}", self.points)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether the budget is as large, in the same mode."""
        return isinstance(other, Budget) and self.mode is other.mode and self.points >= other.points

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return None if 1 <= self.points <= MAX_BUDGET else range_detail(1, MAX_BUDGET)
