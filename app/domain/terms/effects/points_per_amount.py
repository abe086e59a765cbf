"""Points in proportion to what is spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.amounts import Money, Parts
from app.domain.details import Detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, Earning, Effect, points_error
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class PointsPerAmount(Earning):
    """`points` for every `per` of the counted amount, in proportion; fractions go to the rounding clause."""

    kind: ClassVar[str] = "points_per_amount"
    depends_on_amount: ClassVar[bool] = True
    goods_form: ClassVar[GoodsForm | None] = GoodsForm.ON
    description: ClassVar[str] = "Points in proportion to what is spent; fractions are rounded by the rounding clause."
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")
    per: Money = rule_field("The amount for which they are given, in the program's currency, above 0.")

    def earn(self, purchase: EligiblePurchase) -> Parts:
        """One part per line."""
        return purchase.amounts.scaled(self.points, self.per.minor)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N points for every amount spent."""
        return phrasebook("points_per_amount", points=phrasebook.points(self.points), per=phrasebook.money(self.per))

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """N points for every amount spent on these goods."""
        return phrasebook(
            "points_per_amount.on", points=phrasebook.points(self.points), per=phrasebook.money(self.per), goods=goods
        )

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as many points for the same amount."""
        return isinstance(other, PointsPerAmount) and self.points * other.per.minor >= other.points * self.per.minor

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
