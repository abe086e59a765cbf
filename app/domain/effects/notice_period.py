"""How long before it starts a change of the terms is announced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class NoticePeriod(Effect):
    """A changed version starts at the earliest when `days` whole local days have passed since the announcement."""

    kind: ClassVar[str] = "notice_period"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    days: int = 30

    def sentence(self, say: Wording) -> str:
        """How long changes are announced ahead."""
        if self.days == 0:
            return say("notice_period.at_once")
        return say("notice_period", days=say.days(self.days))

    def problem(self) -> str | None:
        """Not a number of days."""
        return None if 0 <= self.days <= 365 else "days are 0 to 365"

    def to_data(self) -> dict[str, Any]:
        """The days."""
        return {"days": self.days}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(days=data["days"])
