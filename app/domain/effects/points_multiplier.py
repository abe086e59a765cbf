"""A multiple of the points that a purchase earns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from app.domain.effects.effect import Effect, Extra
from app.domain.rule import stated
from app.domain.wording import Wording

HIGHEST = 100


@dataclass(frozen=True, slots=True)
class PointsMultiplier(Extra):
    """What the earning clauses give for the goods of this clause, `factor` times instead of once."""

    kind: ClassVar[str] = "points_multiplier"
    by_amount: ClassVar[bool] = True
    about: ClassVar[str] = "So many times the points that the earning clauses give for the goods of this clause."
    factor: Decimal = stated(f"Above 1, at most {HIGHEST}, with at most 2 decimals: 2 doubles the points.")

    @property
    def extra(self) -> Fraction:
        """What comes on top of the points themselves, as a multiple of them."""
        return Fraction(self.factor) - 1

    def sentence(self, say: Wording) -> str:
        """So many times the points."""
        return say("points_multiplier", factor=say.decimal(self.factor))

    def at_least_as_good(self, other: Effect) -> bool:
        """As large a factor."""
        return isinstance(other, PointsMultiplier) and self.factor >= other.factor

    def problem(self) -> str | None:
        """No more points, or too many."""
        if not 1 < self.factor <= HIGHEST or self.factor != round(self.factor, 2):
            return f"a factor is above 1 and at most {HIGHEST}, with at most 2 decimals"
        return None
