"""Points for coming by and buying something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.amounts import Parts
from app.domain.counting import Counted
from app.domain.effects.effect import Earning, points_problem
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class PointsPerVisit(Earning):
    """`points` for each purchase in which something counts, whatever it costs."""

    kind: ClassVar[str] = "points_per_visit"
    points: int

    def earn(self, purchase: Counted) -> Parts:
        """One whole part, as long as a line counts."""
        return Parts((self.points if purchase.lines else 0,))

    def sentence(self, say: Wording) -> str:
        """So many points for each visit."""
        return say("points_per_visit", points=say.points(self.points))

    def problem(self) -> str | None:
        """Nothing earned, or too much."""
        return points_problem(self.points)

    def to_data(self) -> dict[str, Any]:
        """The points."""
        return {"points": self.points}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(points=data["points"])
