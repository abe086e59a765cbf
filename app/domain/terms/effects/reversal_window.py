"""How long a customer may cancel a redemption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_HOURS = 8760


@dataclass(frozen=True, slots=True)
class ReversalWindow(Effect):
    """Within `hours` of a redemption the customer may cancel it, unless its reward was handed over; what it cost comes back."""

    kind: ClassVar[str] = "undo_window"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = (
        "How long a customer may cancel a redemption whose reward was not handed over yet. Left out: customers cannot cancel. Owner and staff can, with a reason."
    )
    hours: int = rule_field(f"Hours from the redemption on, 1 to {MAX_HOURS:,}.")

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Within how many hours a redemption can be cancelled."""
        return phrasebook("undo_window", hours=phrasebook.counted("hours", self.hours))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it lasts at least as long."""
        return isinstance(other, ReversalWindow) and self.hours >= other.hours

    def validation_error(self) -> Detail | None:
        """Why `hours` is out of range, or None."""
        return None if 1 <= self.hours <= MAX_HOURS else range_detail(1, MAX_HOURS)
