"""How often a clause applies for one customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.calendar import Period, next_period_start
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_TIMES = 1000


@dataclass(frozen=True, slots=True)
class TimesPerPeriod(Condition):
    """Holds as long as the clause was applied fewer than `times` times for the customer in the current calendar period."""

    kind: ClassVar[str] = "times_per_period"
    description: ClassVar[str] = (
        "Holds this many times per customer and period: a day by the calendar of the location, longer periods by the program's."
    )
    position: ClassVar[Position] = Position.LIMIT
    times: int = rule_field(f"1 to {MAX_TIMES:,}.")
    period: Period = rule_field("The period, after which counting starts anew.")
    calendar: str | None = rule_field(
        "The IANA zone by whose calendar weeks, months and years are counted; null if all locations are in the program's zone.",
        default=None,
        is_owner_supplied=False,
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to come when the next period starts; for EVER there is no remedy."""
        uses = purchase.rule_facts.uses_of(purchase.clause_key)
        if uses < self.times:
            return Finding(True, ReasonCode.CONDITION_MET, uses, self.times)
        next_start = next_period_start(
            purchase.occurred_at, zone_name=purchase.period_zone(self.period), period=self.period
        )
        remedy = Remedy(RemedyCode.NONE) if next_start is None else Remedy(RemedyCode.COME_AT, instant=next_start)
        return Finding(False, ReasonCode.USED_UP, uses, self.times, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """At most N times in the period."""
        period = phrasebook(f"period.{self.period.value}")
        text = phrasebook("times_per_period", times=phrasebook.counted("times", self.times), period=period)
        return text + phrasebook.calendar_note(self.calendar, period=self.period)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it allows as many uses in the same period."""
        return isinstance(other, TimesPerPeriod) and self.period is other.period and self.times >= other.times

    def validation_error(self) -> Detail | None:
        """Why `times` is out of range, or None."""
        return None if 1 <= self.times <= MAX_TIMES else range_detail(1, MAX_TIMES)
