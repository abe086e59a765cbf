"""Points for each item that is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.amounts import Parts
from app.domain.details import Detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, Earning, Effect, points_error
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class PointsPerItem(Earning):
    """`points` for each whole item of every counted line, or each whole unit of what is sold by measure."""

    kind: ClassVar[str] = "points_per_item"
    goods_form: ClassVar[GoodsForm | None] = GoodsForm.EACH
    description: ClassVar[str] = (
        "Points for each item that counts, or for each whole unit of a line that is sold by measure."
    )
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")

    def earn(self, purchase: EligiblePurchase) -> Parts:
        """One part per line, each a whole number."""
        return Parts(tuple(line.remaining_quantity().__floor__() * self.points for line in purchase.lines) or (0,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N points for each item."""
        return self.sentence_for_goods(phrasebook("each.any", every=phrasebook("each.every")), phrasebook=phrasebook)

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """N points for each of the named goods."""
        return phrasebook("points_per_item", points=phrasebook.points(self.points), items=goods)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as many points."""
        return isinstance(other, PointsPerItem) and self.points >= other.points

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
