"""A minimum spend on what the clause counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.amounts import Exact, Money
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field


class SpendBasis(StrEnum):
    """Whether the minimum applies to the amount with tax (GROSS) or without (NET)."""

    NET = "NET"
    GROSS = "GROSS"


_BASIS_ORDER = {SpendBasis.NET: 0, None: 1, SpendBasis.GROSS: 2}
"""The order of the bases by the amount they yield for a purchase: NET <= default <= GROSS."""


@dataclass(frozen=True, slots=True)
class MinimumSpend(Condition):
    """Holds when the counted amount is at least `amount`, in the program's currency.

    `basis` says whether the amount is with or without tax; None: as the clause on counted amounts says.
    """

    kind: ClassVar[str] = "minimum_spend"
    description: ClassVar[str] = "Holds when what the clause counts comes to at least this much."
    amount: Money = rule_field("In the program's currency, above 0.")
    basis: SpendBasis | None = rule_field(
        "Whether amounts are compared with or without tax; null: as the clause on counted amounts says. That clause also says whether discounts and other amounts count.",
        default=None,
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Compares exactly; what is shown is rounded down, the missing amount is rounded up, so that spending it is enough."""
        total = self._total(purchase)
        shown_total = Money(total.__floor__(), purchase.currency)
        if total >= self.amount.minor:
            return Finding(True, ReasonCode.CONDITION_MET, shown_total, self.amount)
        missing = Money((self.amount.minor - total).__ceil__(), self.amount.currency)
        remedy = Remedy(RemedyCode.SPEND_MORE, amount=missing)
        return Finding(False, ReasonCode.BELOW_MINIMUM_SPEND, shown_total, self.amount, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """ "If you spend at least 5.00 on eligible items"."""
        key = "minimum_spend" if self.basis is None else f"minimum_spend.{self.basis.value}"
        return phrasebook(key, amount=phrasebook.money(self.amount))

    def sentence_for_named_goods(self, phrasebook: Phrasebook) -> str:
        """The sentence where the clause has named the goods already."""
        key = "minimum_spend" if self.basis is None else f"minimum_spend.{self.basis.value}"
        return phrasebook(f"{key}.of_named_goods", amount=phrasebook.money(self.amount))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whoever reaches an amount also reaches every smaller one; whoever reaches it without tax also reaches it with tax."""
        return (
            isinstance(other, MinimumSpend)
            and self.amount <= other.amount
            and _BASIS_ORDER[self.basis] >= _BASIS_ORDER[other.basis]
        )

    def _total(self, purchase: EligiblePurchase) -> Exact:
        return purchase.total(taxes=None if self.basis is None else self.basis is SpendBasis.GROSS)
