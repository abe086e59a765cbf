"""Points for each visit with a purchase, whatever it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.amounts import Parts
from app.domain.details import Detail
from app.domain.i18n import Phrasebook
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, Earning, Effect, points_error
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class PointsPerVisit(Earning):
    """`points` for each purchase in which something counts, whatever it costs."""

    kind: ClassVar[str] = "points_per_visit"
    description: ClassVar[str] = "Points for each visit with a purchase."
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")

    def earn(self, purchase: EligiblePurchase) -> Parts:
        """One part, a whole number: `points` if any line counts, otherwise 0."""
        return Parts((self.points if purchase.lines else 0,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N points for each visit."""
        return phrasebook("points_per_visit", points=phrasebook.points(self.points))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as many points."""
        return isinstance(other, PointsPerVisit) and self.points >= other.points

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
