"""Who redeems: a till for the customer, not the customer with a key of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition


@dataclass(frozen=True, slots=True)
class AtTill(Condition):
    """Holds unless a customer redeems with a key of their own, as in an app: the reward can be redeemed only at a till."""

    kind: ClassVar[str] = "at_till"
    position: ClassVar[Position] = Position.PLACE
    description: ClassVar[str] = (
        "Of a reward: holds when a till or staff redeem it. Left out, customers can redeem it with their own keys as well."
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to ask at the till."""
        if not purchase.self_service:
            return Finding(True, ReasonCode.CONDITION_MET)
        return Finding(False, ReasonCode.NOT_AT_TILL, remedies=(Remedy(RemedyCode.ASK_AT_TILL),))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """At the till."""
        return phrasebook("at_till")
