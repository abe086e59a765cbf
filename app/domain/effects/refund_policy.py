"""What happens to the points of goods that come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self

from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording


class RefundMode(StrEnum):
    """What happens beyond the balance."""

    CLAMP_TO_ZERO = "CLAMP_TO_ZERO"


@dataclass(frozen=True, slots=True)
class RefundPolicy(Effect):
    """Points that the kept goods would not have earned are taken back, as far as the balance goes."""

    kind: ClassVar[str] = "refund_policy"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    mode: RefundMode = RefundMode.CLAMP_TO_ZERO

    def sentence(self, say: Wording) -> str:
        """What is taken back."""
        return say(f"refund_policy.{self.mode.value}")

    def to_data(self) -> dict[str, Any]:
        """The mode."""
        return {"mode": self.mode.value}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(mode=RefundMode(data["mode"]))
