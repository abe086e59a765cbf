"""A multiple of the points that a purchase earns."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import GoodsForm
from app.domain.terms.effects.effect import Effect, Extra
from app.domain.terms.rule import rule_field

MAX_FACTOR = 100
_WORDS = {Decimal(2): "double", Decimal(3): "triple"}
"""Factors that have a word."""


@dataclass(frozen=True, slots=True)
class PointsMultiplier(Extra):
    """Multiplies by `factor` the points that the earning clauses give for the goods of this clause."""

    kind: ClassVar[str] = "points_multiplier"
    depends_on_amount: ClassVar[bool] = True
    goods_form: ClassVar[GoodsForm | None] = GoodsForm.ON
    description: ClassVar[str] = "Multiplies the points that the earning clauses give for the goods of this clause."
    factor: Decimal = rule_field(f"Above 1, at most {MAX_FACTOR}, with at most 2 decimals: 2 doubles the points.")

    @property
    def added_factor(self) -> Fraction:
        """The multiple of the points that comes on top of them: `factor` less 1."""
        return Fraction(self.factor) - 1

    def sentence(self, phrasebook: Phrasebook) -> str:
        """N times the points."""
        return phrasebook("points_multiplier", times=self._times_phrase(phrasebook))

    def sentence_for_goods(self, goods: str, *, phrasebook: Phrasebook) -> str:
        """N times the points on these goods."""
        return phrasebook("points_multiplier.on", times=self._times_phrase(phrasebook), goods=goods)

    def _times_phrase(self, phrasebook: Phrasebook) -> str:
        if self.factor in _WORDS:
            return phrasebook(f"points_multiplier.{_WORDS[self.factor]}")
        return phrasebook("points_multiplier.times", factor=phrasebook.decimal(self.factor))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the factor is at least as large."""
        return isinstance(other, PointsMultiplier) and self.factor >= other.factor

    def validation_error(self) -> Detail | None:
        """Why `factor` is out of range or has too many decimals, or None."""
        if not 1 < self.factor <= MAX_FACTOR or self.factor != round(self.factor, 2):
            return detail_of("FACTOR", most=MAX_FACTOR)
        return None
