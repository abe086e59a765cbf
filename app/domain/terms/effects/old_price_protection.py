"""The old price for points that were earned before a reward became dearer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class OldPriceProtection(Effect):
    """For `days` local days after a reward became dearer, points still pay the lower price of the day on which they were earned.

    With 0 days they pay the new price at once. If the points of one payment were earned at different prices, the price is
    worked out in proportion.
    """

    kind: ClassVar[str] = "grandfathering"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = (
        "How long points keep the price that a reward had when they were earned. Standard clause; default 180 days."
    )
    days: int = rule_field(
        f"Local days after the price rose, 0 (the new price applies at once) to {MAX_DAYS:,}.", default=180
    )

    def sentence(self, phrasebook: Phrasebook) -> str:
        """How long points pay the old price."""
        if self.days == 0:
            return phrasebook("grandfathering.never")
        return phrasebook("grandfathering", days=phrasebook.days(self.days))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it lasts at least as long."""
        return isinstance(other, OldPriceProtection) and self.days >= other.days

    def validation_error(self) -> Detail | None:
        """Why `days` is out of range, or None."""
        return None if 0 <= self.days <= MAX_DAYS else range_detail(0, MAX_DAYS)
