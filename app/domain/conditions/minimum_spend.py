"""A minimum spend on what the clause counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.amounts import Money
from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.rule import stated
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class MinimumSpend(Condition):
    """Holds when the counted amount is at least `amount`, in the program's currency."""

    kind: ClassVar[str] = "minimum_spend"
    about: ClassVar[str] = "Holds when what the clause counts comes to at least this much."
    amount: Money = stated("In the program's currency, above 0.")

    def check(self, purchase: Counted) -> Finding:
        """Compares exactly; what is shown is rounded down, the missing amount is rounded up, so that spending it is enough."""
        total = purchase.total()
        shown = Money(total.__floor__(), purchase.currency)
        if total >= self.amount.minor:
            return Finding(True, ReasonCode.CONDITION_MET, shown, self.amount)
        missing = Money((self.amount.minor - total).__ceil__(), self.amount.currency)
        remedy = Remedy(RemedyCode.SPEND_MORE, amount=missing)
        return Finding(False, ReasonCode.BELOW_MINIMUM_SPEND, shown, self.amount, (remedy,))

    def sentence(self, say: Wording) -> str:
        """If what counts comes to at least so much."""
        return say("minimum_spend", amount=say.money(self.amount))

    def at_least_as_wide(self, other: Condition) -> bool:
        """A smaller amount is reached wherever a larger one is."""
        return isinstance(other, MinimumSpend) and self.amount <= other.amount
