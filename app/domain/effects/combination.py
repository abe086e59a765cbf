"""What happens when several earning clauses fit one purchase."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording


class CombinationMode(StrEnum):
    """The best one counts, or all of them."""

    BEST = "BEST"
    STACK = "STACK"


@dataclass(frozen=True, slots=True)
class Combination(Effect):
    """BEST: the one clause that gives most. STACK: all, added exactly and rounded once."""

    kind: ClassVar[str] = "combination"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    mode: CombinationMode = CombinationMode.BEST

    def sentence(self, say: Wording) -> str:
        """Which clauses count."""
        return say(f"combination.{self.mode.value}")

    def to_data(self) -> dict[str, Any]:
        """The mode."""
        return {"mode": self.mode.value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(mode=CombinationMode(data["mode"]))
