"""A number of points that a clause gives to all customers together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.customers.rule_facts import CustomerFacts
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MOST_SET_ASIDE = 1_000_000_000


class BudgetMode(StrEnum):
    """What happens when less is left than the clause would give."""

    WHOLE = "WHOLE"
    PARTIAL = "PARTIAL"


@dataclass(frozen=True, slots=True)
class Budget(Condition):
    """Holds as long as the clause has given all customers together less than `points`.

    Where less is left than it would give, WHOLE gives nothing, and the rest waits for somebody who gets less; PARTIAL
    gives the rest. It goes by the order in which purchases are recorded, and counts what is really given: what a cap
    takes away is not spent. The clause's points are whole by themselves, whatever is rounded with others. Points that
    really come back do not fill it for others: they are given to the same customer first. What was given under the key
    of the clause stays given in later versions of the terms.
    """

    kind: ClassVar[str] = "budget"
    position: ClassVar[Position] = Position.BUDGET
    about: ClassVar[str] = "Holds as long as the points set aside for this clause, for all customers together, last."
    points: int = rule_field(f"Points for all customers together, 1 to {MOST_SET_ASIDE:,}.")
    mode: BudgetMode = rule_field("What happens when less is left than the clause would give.")

    def left(self, customer_facts: CustomerFacts, *, clause: str) -> int:
        """What is left for the clause with this key; all of it where nothing is known of that."""
        known = customer_facts.budget_left(clause)
        return self.points if known is None else known

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Whether anything is left; whether that is enough shows when it is known what the clause would give."""
        left = self.left(purchase.customer_facts, clause=purchase.clause)
        if left > 0:
            return Finding(True, ReasonCode.CONDITION_MET, left)
        return self.used_up(left, wanted=None)

    def used_up(self, left: int, *, wanted: int | None) -> Finding:
        """That less is left than the clause would give; waiting fills no budget again."""
        return Finding(False, ReasonCode.BUDGET_USED_UP, left, wanted, (Remedy(RemedyCode.NONE),))

    def sentence(self, say: Phrasebook) -> str:
        """As long as so many points last, and what becomes of the last ones."""
        return say.counted(f"budget.{self.mode.value}", self.points)

    def at_least_as_wide(self, other: Condition) -> bool:
        """As much, in the same way."""
        return isinstance(other, Budget) and self.mode is other.mode and self.points >= other.points

    def problem(self) -> str | None:
        """Nothing to give, or too much."""
        return None if 1 <= self.points <= MOST_SET_ASIDE else f"points are 1 to {MOST_SET_ASIDE:,}"
