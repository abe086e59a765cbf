"""Points for each piece that is bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.amounts import Parts
from app.domain.counting import Counted
from app.domain.effects.effect import MOST_POINTS, Earning, Effect, points_problem
from app.domain.rule import stated
from app.domain.wording import Wording
from app.domain.wording.sentences import GoodsForm


@dataclass(frozen=True, slots=True)
class PointsPerItem(Earning):
    """`points` for each whole piece of every counted line; what is sold by measure counts its whole units."""

    kind: ClassVar[str] = "points_per_item"
    goods_form: ClassVar[GoodsForm | None] = GoodsForm.EACH
    about: ClassVar[str] = (
        "Points for each piece that counts; of what is sold by measure, for each whole unit of a line."
    )
    points: int = stated(f"Points, 1 to {MOST_POINTS:,}.")

    def earn(self, purchase: Counted) -> Parts:
        """One whole part per line."""
        return Parts(tuple(line.kept_quantity().__floor__() * self.points for line in purchase.lines) or (0,))

    def sentence(self, say: Wording) -> str:
        """So many points for each piece."""
        return self.of_goods(say("each.any", every=say("each.every")), say=say)

    def of_goods(self, goods: str, *, say: Wording) -> str:
        """So many points for each of these."""
        return say("points_per_item", points=say.points(self.points), items=goods)

    def at_least_as_good(self, other: Effect) -> bool:
        """As many points."""
        return isinstance(other, PointsPerItem) and self.points >= other.points

    def problem(self) -> str | None:
        """Nothing earned, or too much."""
        return points_problem(self.points)
