"""How long points stay valid at least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.effects.effect import ClauseKind, Effect
from app.domain.rule import stated
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class PointsValidity(Effect):
    """Points are good for at least `months` from the local day they are earned, to the end of its last day.

    None: they do not expire. The sentence promises a minimum, since nothing takes points away yet.
    """

    kind: ClassVar[str] = "points_validity"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    about: ClassVar[str] = "How long points stay valid at least. Standard clause; default for ever."
    months: int | None = stated(
        "Months from the day they are earned, 1 to 120; null: they do not expire.", default=None
    )

    def sentence(self, say: Wording) -> str:
        """How long points stay valid."""
        if self.months is None:
            return say("points_validity.for_ever")
        return say("points_validity", months=say.months(self.months))

    def at_least_as_good(self, other: Effect) -> bool:
        """As long."""
        return isinstance(other, PointsValidity) and (
            self.months is None or (other.months is not None and self.months >= other.months)
        )

    def problem(self) -> str | None:
        """Not a number of months."""
        return None if self.months is None or 1 <= self.months <= 120 else "months are 1 to 120"
