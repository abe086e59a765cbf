"""The least number of items, of those that the clause counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_QUANTITY = 100_000


@dataclass(frozen=True, slots=True)
class MinimumQuantity(Condition):
    """Holds when the quantities of the counted lines add up to at least `quantity`."""

    kind: ClassVar[str] = "minimum_quantity"
    description: ClassVar[str] = "Holds when there are at least this many items of what the clause counts."
    quantity: int = rule_field(f"Items, 1 to {MAX_QUANTITY:,}.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Quantities by weight or length count as they are; the missing quantity is rounded up to whole items."""
        quantity = sum((line.remaining_quantity() for line in purchase.lines), Decimal(0))
        if quantity >= self.quantity:
            return Finding(True, ReasonCode.CONDITION_MET, quantity, self.quantity)
        missing = (self.quantity - quantity).__ceil__()
        remedy = Remedy(RemedyCode.ADD_QUANTITY, quantity=missing)
        return Finding(False, ReasonCode.BELOW_MINIMUM_QUANTITY, quantity, self.quantity, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """If at least N items count."""
        return phrasebook.counted("minimum_quantity", self.quantity)

    def sentence_for_named_goods(self, phrasebook: Phrasebook) -> str:
        """If at least N of the goods of the clause are bought."""
        return phrasebook.counted("minimum_quantity.of_named_goods", self.quantity)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whoever reaches a quantity also reaches every smaller one."""
        return isinstance(other, MinimumQuantity) and self.quantity <= other.quantity

    def validation_error(self) -> Detail | None:
        """Why `quantity` is out of range, or None."""
        return None if 1 <= self.quantity <= MAX_QUANTITY else range_detail(1, MAX_QUANTITY)
