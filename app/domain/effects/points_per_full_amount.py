"""Points for each completed step of what is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.amounts import Money, Parts
from app.domain.counting import Counted
from app.domain.effects.effect import Earning, points_problem
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class PointsPerFullAmount(Earning):
    """`points` for every full `per` of the counted amount of the whole purchase; what is left over earns nothing."""

    kind: ClassVar[str] = "points_per_full_amount"
    points: int
    per: Money

    def earn(self, purchase: Counted) -> Parts:
        """One whole part."""
        return Parts((max(0, purchase.total() // self.per.minor) * self.points,))

    def sentence(self, say: Wording) -> str:
        """So many points for every full so much."""
        return say("points_per_full_amount", points=say.points(self.points), per=say.money(self.per))

    def amounts(self) -> tuple[Money, ...]:
        """What the points are for."""
        return (self.per,)

    def problem(self) -> str | None:
        """Nothing earned, or too much."""
        return points_problem(self.points)

    def to_data(self) -> dict[str, Any]:
        """Points, minor units and currency."""
        return {"points": self.points, "per": [self.per.minor, self.per.currency]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(points=data["points"], per=Money(*data["per"]))
