"""Stamps on a card, a unit of their own beside points."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_STAMPS = 100


class StampOccasion(StrEnum):
    """What is stamped: a visit with a purchase, or each item that counts."""

    VISIT = "VISIT"
    ITEM = "ITEM"


@dataclass(frozen=True, slots=True)
class Stamps(Effect):
    """`stamps` for each purchase in which something counts, or for each whole item that counts.

    Stamps do not compete with clauses that give points; the stamps of several clauses are added up. A customer owes the
    stamps that a refund claws back and that are no longer there.
    """

    kind: ClassVar[str] = "stamps"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.EARNING
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Stamps, which buy rewards that cost stamps; a refund claws them back, from later ones if they are spent."
    )
    stamps: int = rule_field(f"Stamps, 1 to {MAX_STAMPS}.")
    per: StampOccasion = rule_field("What stamps are given for.", default=StampOccasion.VISIT)

    @property
    def gives_fixed_number(self) -> bool:
        """Whether the number of stamps does not depend on the number of items."""
        return self.per is StampOccasion.VISIT

    def earn(self, purchase: EligiblePurchase) -> int:
        """The stamps for what the clause counts; 0 if nothing counts."""
        if self.per is StampOccasion.ITEM:
            return self.stamps * purchase.item_count()
        return self.stamps if purchase.lines else 0

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N stamps for a visit or for each item."""
        stamps = phrasebook.counted("stamps", self.stamps)
        if self.per is StampOccasion.VISIT:
            return phrasebook("stamps.VISIT", stamps=stamps)
        return phrasebook("stamps.ITEM", stamps=stamps, items=phrasebook("each.any", every=phrasebook("each.every")))

    @property
    def goods_form(self) -> GoodsForm | None:  # type: ignore[override]  # a stamp for each item names them, one for a visit does not
        """EACH if items are stamped, None if visits are."""
        return GoodsForm.EACH if self.per is StampOccasion.ITEM else None

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """N stamps for each of the named goods."""
        return phrasebook("stamps.ITEM", stamps=phrasebook.counted("stamps", self.stamps), items=goods)

    def additional_sentence(self, phrasebook: Phrasebook) -> str:
        """The sentence that a refund takes stamps back."""
        return phrasebook("stamps.refunds")

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as many stamps for the same occasion."""
        return isinstance(other, Stamps) and self.per is other.per and self.stamps >= other.stamps

    def validation_error(self) -> Detail | None:
        """Why `stamps` is out of range, or None."""
        return None if 1 <= self.stamps <= MAX_STAMPS else range_detail(1, MAX_STAMPS)
