"""A minimum spend on what the clause counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.amounts import Money
from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class MinimumSpend(Condition):
    """Holds when the counted amount is at least `amount`, in the program's currency."""

    kind: ClassVar[str] = "minimum_spend"
    amount: Money

    def check(self, purchase: Counted) -> Finding:
        """Compares exactly; the missing amount is rounded up, so that spending it is enough."""
        total = purchase.total()
        if total >= self.amount.minor:
            return Finding(True, ReasonCode.CONDITION_MET, purchase.shown(), self.amount)
        missing = Money((self.amount.minor - total).__ceil__(), self.amount.currency)
        remedy = Remedy(RemedyCode.SPEND_MORE, amount=missing)
        return Finding(False, ReasonCode.BELOW_MINIMUM_SPEND, purchase.shown(), self.amount, (remedy,))

    def sentence(self, say: Wording) -> str:
        """If what counts comes to at least so much."""
        return say("minimum_spend", amount=say.money(self.amount))

    def amounts(self) -> tuple[Money, ...]:
        """What is to be reached."""
        return (self.amount,)

    def to_data(self) -> dict[str, Any]:
        """Amount in minor units and currency."""
        return {"amount": [self.amount.minor, self.amount.currency]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored condition."""
        return cls(amount=Money(*data["amount"]))
