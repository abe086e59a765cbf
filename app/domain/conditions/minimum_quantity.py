"""A number of pieces of what the clause counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.rule import stated
from app.domain.wording import Wording

MOST_PIECES = 100_000


@dataclass(frozen=True, slots=True)
class MinimumQuantity(Condition):
    """Holds when the quantities of the counted lines add up to at least `quantity`."""

    kind: ClassVar[str] = "minimum_quantity"
    about: ClassVar[str] = "Holds when there are at least so many pieces of what the clause counts."
    quantity: int = stated(f"Pieces, 1 to {MOST_PIECES:,}.")

    def check(self, purchase: Counted) -> Finding:
        """Measures count like pieces; the missing quantity is rounded up to whole ones."""
        found = sum((line.kept_quantity() for line in purchase.lines), Decimal(0))
        if found >= self.quantity:
            return Finding(True, ReasonCode.CONDITION_MET, found, self.quantity)
        missing = (self.quantity - found).__ceil__()
        remedy = Remedy(RemedyCode.ADD_QUANTITY, quantity=missing)
        return Finding(False, ReasonCode.BELOW_MINIMUM_QUANTITY, found, self.quantity, (remedy,))

    def sentence(self, say: Wording) -> str:
        """If at least so many pieces count."""
        return say.counted("minimum_quantity", self.quantity)

    def of_these(self, say: Wording) -> str:
        """If at least so many of the goods of the clause are bought."""
        return say.counted("minimum_quantity.of_these", self.quantity)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Fewer pieces are reached wherever more are."""
        return isinstance(other, MinimumQuantity) and self.quantity <= other.quantity

    def problem(self) -> str | None:
        """No pieces, or too many."""
        return None if 1 <= self.quantity <= MOST_PIECES else f"a quantity is 1 to {MOST_PIECES:,}"
