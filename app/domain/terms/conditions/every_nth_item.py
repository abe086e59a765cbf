"""Every nth item that a customer buys."""

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

MAX_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class EveryNthItem(Condition):
    """Holds when the purchase contains the item number `nth` of what the clause selects, or number 2 x `nth`, and so on.

    Every whole item that the customer bought and has not returned counts, even in purchases for which other conditions of the
    clause do not hold. Counting starts when terms first have such a condition under the key of this clause. The k-th item is
    rewarded only while the customer holds fewer than k / nth rewards of the clause, so that returning an item and buying it
    again brings no second reward.
    """

    kind: ClassVar[str] = "every_nth_item"
    position: ClassVar[Position] = Position.OCCASION
    description: ClassVar[str] = (
        "Holds when the purchase contains an nth item of what the clause counts, over all purchases of a customer."
    )
    nth: int = rule_field(f"2 to {MAX_ITEMS:,}: with 10 the 10th, the 20th item and so on.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to add the missing items, in this purchase or in later ones."""
        items_so_far = purchase.rule_facts.items_before(purchase.clause_key) + purchase.item_count()
        if self.times_reached(purchase):
            return Finding(True, ReasonCode.CONDITION_MET, items_so_far, self.nth)
        total_uses = purchase.rule_facts.total_uses_of(purchase.clause_key)
        required_items = (max(items_so_far // self.nth, total_uses) + 1) * self.nth
        remedy = Remedy(RemedyCode.ADD_QUANTITY, quantity=required_items - items_so_far)
        return Finding(False, ReasonCode.NOT_THE_NTH_ITEM, items_so_far, required_items, (remedy,))

    def times_reached(self, purchase: EligiblePurchase) -> int:
        """How many nth items the purchase reaches that are not rewarded yet."""
        items_before = purchase.rule_facts.items_before(purchase.clause_key)
        nth_items = (items_before + purchase.item_count()) // self.nth
        total_uses = purchase.rule_facts.total_uses_of(purchase.clause_key)
        return max(0, nth_items - max(items_before // self.nth, total_uses))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """For every nth item, counted over all purchases."""
        return self.sentence_for_items(
            phrasebook("each.any", every=self.every_nth_phrase(phrasebook)), phrasebook=phrasebook
        )

    def every_nth_phrase(self, phrasebook: Phrasebook) -> str:
        """The words before the name of the items: "every 10th"."""
        return phrasebook("each.nth", nth=phrasebook.ordinal(self.nth))

    def sentence_for_items(self, items: str, *, phrasebook: Phrasebook) -> str:
        """For `items`, a phrase that says which goods they are and which of them count."""
        return phrasebook("every_nth_item", items=items)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it also holds for every item for which `other` holds: every third item includes every sixth."""
        return isinstance(other, EveryNthItem) and other.nth % self.nth == 0

    def validation_error(self) -> Detail | None:
        """Why `nth` is out of range, or None."""
        return None if 2 <= self.nth <= MAX_ITEMS else range_detail(2, MAX_ITEMS)
