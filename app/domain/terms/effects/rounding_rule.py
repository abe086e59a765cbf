"""How fractions of points are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.amounts import Rounding
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field


class RoundingScope(StrEnum):
    """What is rounded: the points of the whole purchase once, or those of each line."""

    BASKET = "BASKET"
    LINE = "LINE"


@dataclass(frozen=True, slots=True)
class RoundingRule(Effect):
    """Rounds fractions of points by `mode`, once for each `scope`."""

    kind: ClassVar[str] = "rounding"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = (
        "How fractions of points are rounded. Standard clause; default half up, once per basket."
    )
    mode: Rounding = rule_field("How fractions are rounded.", default=Rounding.HALF_UP)
    scope: RoundingScope = rule_field("What is rounded.", default=RoundingScope.BASKET)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """What is rounded and how."""
        return phrasebook(
            "rounding", scope=phrasebook(f"rounding.{self.scope.value}"), mode=phrasebook(f"rounding.{self.mode.value}")
        )

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the scope is the same and the mode never gives less. Rounding each line may give more or less than rounding the basket."""
        order = (Rounding.FLOOR, Rounding.HALF_EVEN, Rounding.HALF_UP)
        return (
            isinstance(other, RoundingRule)
            and self.scope is other.scope
            and order.index(self.mode) >= order.index(other.mode)
        )
