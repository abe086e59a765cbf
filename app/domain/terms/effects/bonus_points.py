"""A fixed number of points on top of what a purchase earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, Effect, Extra, points_error
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class BonusPoints(Extra):
    """`points` once for a purchase in which something counts; several bonuses are added up."""

    kind: ClassVar[str] = "bonus_points"
    description: ClassVar[str] = "Points on top of what a purchase earns, once for each purchase."
    points: int = rule_field(f"Points, 1 to {MAX_POINTS_PER_CLAUSE:,}.")

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N points on top."""
        return phrasebook.counted("bonus_points", self.points)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it gives at least as many points."""
        return isinstance(other, BonusPoints) and self.points >= other.points

    def validation_error(self) -> Detail | None:
        """Why `points` is out of range, or None."""
        return points_error(self.points)
