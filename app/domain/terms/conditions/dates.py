"""A period of whole local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from app.domain.calendar import day_start, local_date
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class Dates(Condition):
    """Holds from the first instant of `first` to the last instant of `last`, which are local days; None: no such limit."""

    kind: ClassVar[str] = "dates"
    position: ClassVar[Position] = Position.TIME
    description: ClassVar[str] = (
        "Holds between two dates of the calendar of the location, both included; at least one end is given."
    )
    can_be_excepted: ClassVar[bool] = True
    first: date | None = rule_field("The first day.", default=None)
    last: date | None = rule_field("The last day, to its end.", default=None)

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Before the period the remedy is its start; after it there is none."""
        today = local_date(purchase.occurred_at, zone_name=purchase.zone)
        if self.first is not None and today < self.first:
            remedy = Remedy(RemedyCode.COME_AT, instant=day_start(self.first, zone_name=purchase.zone))
            return Finding(False, ReasonCode.OUTSIDE_DATES, today, self.first, (remedy,))
        if self.last is not None and today > self.last:
            return Finding(False, ReasonCode.OUTSIDE_DATES, today, self.last, (Remedy(RemedyCode.NONE),))
        return Finding(True, ReasonCode.CONDITION_MET, today, None)

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:
        """To come from the day after the last one on; none if the period has no end."""
        if self.last is None:
            return (Remedy(RemedyCode.NONE),)
        reopens_at = day_start(self.last + timedelta(days=1), zone_name=purchase.zone)
        return (Remedy(RemedyCode.COME_AT, instant=reopens_at),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """From one day to another, both included."""
        if self.first is not None and self.last is not None:
            return phrasebook("dates", first=phrasebook.date(self.first), last=phrasebook.date(self.last))
        if self.first is not None:
            return phrasebook("dates.from", first=phrasebook.date(self.first))
        if self.last is not None:
            return phrasebook("dates.until", last=phrasebook.date(self.last))
        raise ValueError("a period without ends has no sentence")

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether the period of `other` lies inside this one."""
        return (
            isinstance(other, Dates)
            and (self.first is None or (other.first is not None and self.first <= other.first))
            and (self.last is None or (other.last is not None and other.last <= self.last))
        )

    def validation_error(self) -> Detail | None:
        """Why the period is invalid, or None: it has neither start nor end, ends before it begins, or lasts until the last date."""
        if self.first is None and self.last is None:
            return detail_of("DAY_MISSING")
        if self.first is not None and self.last is not None and self.last < self.first:
            return detail_of("DAYS_REVERSED")
        if self.last == date.max:
            return detail_of("END_OF_CALENDAR")
        return None
