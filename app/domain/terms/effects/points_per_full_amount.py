"""Points for each full amount that is spent."""

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
class PointsPerFullAmount(Earning):
    """`points` for every full `per` of the counted amount; what is left over earns nothing."""

    kind: ClassVar[str] = "points_per_full_amount"
    depends_on_amount: ClassVar[bool] = True
    goods_form: ClassVar[GoodsForm | None] = GoodsForm.ON
    description: ClassVar[str] = "Points for each full amount; what is left over earns nothing."
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")
    per: Money = rule_field("The full amount for which they are given, in the program's currency, above 0.")

    def earn(self, purchase: EligiblePurchase) -> Parts:
        """One part, a whole number."""
        return Parts((max(0, purchase.total() // self.per.minor) * self.points,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N points for every full amount."""
        return phrasebook(
            "points_per_full_amount", points=phrasebook.points(self.points), per=phrasebook.money(self.per)
        )

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """N points for every full amount spent on these goods."""
        return phrasebook(
            "points_per_full_amount.on",
            points=phrasebook.points(self.points),
            per=phrasebook.money(self.per),
            goods=goods,
        )

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the full amount of the other consists of full amounts of this one, which together give at least as many points."""
        return (
            isinstance(other, PointsPerFullAmount)
            and other.per.minor % self.per.minor == 0
            and self.points * (other.per.minor // self.per.minor) >= other.points
        )

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
