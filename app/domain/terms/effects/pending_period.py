"""How long points that were earned wait until they can be spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_DAYS = 365


@dataclass(frozen=True, slots=True)
class PendingPeriod(Effect):
    """Points can be spent when `days` whole local days have passed after the day they were earned."""

    kind: ClassVar[str] = "pending_period"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    is_burden: ClassVar[bool] = True
    description: ClassVar[str] = "How long points wait until they can be spent. Left out, they can be spent at once."
    days: int = rule_field(f"Whole local days to wait after the day on which they were earned, 1 to {MAX_DAYS}.")

    def sentence(self, phrasebook: Phrasebook) -> str:
        """From which day on points can be spent."""
        return phrasebook("pending_period", nth=phrasebook.ordinal(self.days + 1))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether points wait at most as long."""
        return isinstance(other, PendingPeriod) and self.days <= other.days

    def validation_error(self) -> Detail | None:
        """Why `days` is out of range, or None."""
        return None if 1 <= self.days <= MAX_DAYS else range_detail(1, MAX_DAYS)
