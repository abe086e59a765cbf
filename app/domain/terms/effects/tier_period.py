"""Which points count towards a tier, and how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field

MAX_GRACE_DAYS = 400


class TierWindow(StrEnum):
    """Which qualifying points count.

    CALENDAR_YEAR: those of a calendar year, for that year and the next; ROLLING_YEAR: those of the last 12 months;
    SINCE_JOINING: all of them.
    """

    CALENDAR_YEAR = "CALENDAR_YEAR"
    ROLLING_YEAR = "ROLLING_YEAR"
    SINCE_JOINING = "SINCE_JOINING"


@dataclass(frozen=True, slots=True)
class TierPeriod(Effect):
    """A tier is reached as soon as the points of the period suffice; once they no longer do, it is kept for `grace_days` more."""

    kind: ClassVar[str] = "tier_period"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Which points count towards a tier and how long it is kept. Standard clause of terms with tiers; default a"
        " calendar year and 30 days of grace."
    )
    period: TierWindow = rule_field("Which qualifying points count.", default=TierWindow.CALENDAR_YEAR)
    grace_days: int = rule_field(
        f"Whole local days for which a tier is kept after its points are lost, 0 to {MAX_GRACE_DAYS}; counted for each tier on its own.",
        default=30,
    )

    def sentence(self, phrasebook: Phrasebook) -> str:
        """When a tier is reached, and how long it stays."""
        grace = phrasebook.counted("tier_period.grace", self.grace_days) if self.grace_days else ""
        return phrasebook("tier_period", period=phrasebook(f"tier_period.{self.period.value}"), grace=grace)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether there are at least as many grace days, and the points of the same period count, or all points."""
        return (
            isinstance(other, TierPeriod)
            and self.period in (other.period, TierWindow.SINCE_JOINING)
            and self.grace_days >= other.grace_days
        )

    def validation_error(self) -> Detail | None:
        """Why `grace_days` is out of range, or None."""
        return None if 0 <= self.grace_days <= MAX_GRACE_DAYS else range_detail(0, MAX_GRACE_DAYS)
