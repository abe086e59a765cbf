"""The first purchase of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition


@dataclass(frozen=True, slots=True)
class FirstPurchase(Condition):
    """Holds when no earlier purchase counts as a visit, and no earlier award of the clause still counts."""

    kind: ClassVar[str] = "first_purchase"
    position: ClassVar[Position] = Position.OCCASION
    description: ClassVar[str] = "Holds for the first purchase of a customer."

    def check(self, purchase: EligiblePurchase) -> Finding:
        """There is no remedy: a later purchase never becomes the first one."""
        visits, total_uses = purchase.rule_facts.visits, purchase.rule_facts.total_uses_of(purchase.clause_key)
        if visits == 0 and total_uses:
            return Finding(False, ReasonCode.USED_UP, total_uses, 1, (Remedy(RemedyCode.NONE),))
        if visits == 0:
            return Finding(True, ReasonCode.CONDITION_MET, visits + 1, 1)
        return Finding(False, ReasonCode.NOT_THE_FIRST, visits + 1, 1, (Remedy(RemedyCode.NONE),))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """On your first purchase."""
        return phrasebook("first_purchase")
