"""A number of points that a clause gives to all customers together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.members import Member
from app.domain.rule import stated
from app.domain.wording import Wording
from app.domain.wording.sentences import Position

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
    points: int = stated(f"Points for all customers together, 1 to {MOST_SET_ASIDE:,}.")
    mode: BudgetMode = stated("What happens when less is left than the clause would give.")

    def left(self, member: Member, *, clause: str) -> int:
        """What is left for the clause with this key; all of it where nothing is known of that."""
        known = member.left(clause)
        return self.points if known is None else known

    def check(self, purchase: Counted) -> Finding:
        """Whether anything is left; whether that is enough shows when it is known what the clause would give."""
        left = self.left(purchase.member, clause=purchase.clause)
        if left > 0:
            return Finding(True, ReasonCode.CONDITION_MET, left)
        return self.used_up(left, wanted=None)

    def used_up(self, left: int, *, wanted: int | None) -> Finding:
        """That less is left than the clause would give; waiting fills no budget again."""
        return Finding(False, ReasonCode.BUDGET_USED_UP, left, wanted, (Remedy(RemedyCode.NONE),))

    def sentence(self, say: Wording) -> str:
        """As long as so many points last, and what becomes of the last ones."""
        return say.counted(f"budget.{self.mode.value}", self.points)

    def at_least_as_wide(self, other: Condition) -> bool:
        """As much, in the same way."""
        return isinstance(other, Budget) and self.mode is other.mode and self.points >= other.points

    def problem(self) -> str | None:
        """Nothing to give, or too much."""
        return None if 1 <= self.points <= MOST_SET_ASIDE else f"points are 1 to {MOST_SET_ASIDE:,}"
