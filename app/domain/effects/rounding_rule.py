"""How fractions of points are rounded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.domain.amounts import Rounding
from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording


class RoundingScope(StrEnum):
    """The whole purchase once, or each line."""

    BASKET = "BASKET"
    LINE = "LINE"


@dataclass(frozen=True, slots=True)
class RoundingRule(Effect):
    """Mode and scope of rounding."""

    kind: ClassVar[str] = "rounding"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    mode: Rounding = Rounding.HALF_UP
    scope: RoundingScope = RoundingScope.BASKET

    def sentence(self, say: Wording) -> str:
        """What is rounded and how."""
        return say("rounding", scope=say(f"rounding.{self.scope.value}"), mode=say(f"rounding.{self.mode.value}"))

    def to_data(self) -> dict[str, Any]:
        """Mode and scope."""
        return {"mode": self.mode.value, "scope": self.scope.value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(mode=Rounding(data["mode"]), scope=RoundingScope(data["scope"]))
