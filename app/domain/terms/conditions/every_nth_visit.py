"""Every nth purchase of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_VISITS = 1000


@dataclass(frozen=True, slots=True)
class EveryNthVisit(Condition):
    """Holds on the purchase number `nth` of a customer, on number 2 x `nth`, and so on.

    A purchase does not count once all its goods are returned. The k-th purchase is rewarded only while the customer holds
    fewer than k / nth rewards of the clause, so that returning goods and buying them again brings no second reward.
    """

    kind: ClassVar[str] = "every_nth_visit"
    position: ClassVar[Position] = Position.OCCASION
    description: ClassVar[str] = "Holds on every nth purchase of a customer."
    nth: int = rule_field(f"2 to {MAX_VISITS:,}: with 6 the 6th, the 12th and so on.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy says how many more purchases it takes."""
        visit, total_uses = purchase.rule_facts.visits + 1, purchase.rule_facts.total_uses_of(purchase.clause_key)
        if visit % self.nth == 0 and total_uses < visit // self.nth:
            return Finding(True, ReasonCode.CONDITION_MET, visit, self.nth)
        required_visits = (max(visit // self.nth, total_uses) + 1) * self.nth
        remedy = Remedy(RemedyCode.COME_AGAIN, quantity=required_visits - visit)
        return Finding(False, ReasonCode.NOT_THE_NTH, visit, required_visits, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """On every nth purchase."""
        return phrasebook("every_nth_visit", nth=phrasebook.ordinal(self.nth))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it also holds on every purchase on which `other` holds: every third purchase includes every sixth."""
        return isinstance(other, EveryNthVisit) and other.nth % self.nth == 0

    def validation_error(self) -> Detail | None:
        """Why `nth` is out of range, or None."""
        return None if 2 <= self.nth <= MAX_VISITS else range_detail(2, MAX_VISITS)
