"""How long points stay valid at least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.effects.effect import ClauseKind, Effect
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class PointsValidity(Effect):
    """Points are good for at least `months` from the local day they are earned, to the end of its last day.

    None: they do not expire. The sentence promises a minimum, since nothing takes points away yet.
    """

    kind: ClassVar[str] = "points_validity"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    months: int | None = None

    def sentence(self, say: Wording) -> str:
        """How long points stay valid."""
        if self.months is None:
            return say("points_validity.for_ever")
        return say("points_validity", months=say.months(self.months))

    def problem(self) -> str | None:
        """Not a number of months."""
        return None if self.months is None or 1 <= self.months <= 120 else "months are 1 to 120"

    def to_data(self) -> dict[str, Any]:
        """The months."""
        return {"months": self.months}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(months=data["months"])
