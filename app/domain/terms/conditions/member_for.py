"""How long somebody has been a member."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from app.domain.calendar import day_start, local_date
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class MemberFor(Condition):
    """Holds from the first instant of the local day that is `days` days after the day of enrolment."""

    kind: ClassVar[str] = "member_for"
    position: ClassVar[Position] = Position.PERSON
    description: ClassVar[str] = "Holds for members who joined at least this long ago."
    days: int = rule_field(f"Days since the day of joining, 1 to {MAX_DAYS:,}.")

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is to come from the day on which the condition begins to hold."""
        enrolled_at = purchase.rule_facts.enrolled_at
        if enrolled_at is None:
            return Finding(False, ReasonCode.MEMBER_TOO_SHORT, None, self.days, (Remedy(RemedyCode.NONE),))
        enrolled_on = local_date(enrolled_at, zone_name=purchase.zone)
        days_of_membership = (local_date(purchase.occurred_at, zone_name=purchase.zone) - enrolled_on).days
        if days_of_membership >= self.days:
            return Finding(True, ReasonCode.CONDITION_MET, days_of_membership, self.days)
        holds_from = day_start(enrolled_on + timedelta(days=self.days), zone_name=purchase.zone)
        remedy = Remedy(RemedyCode.COME_AT, instant=holds_from)
        return Finding(False, ReasonCode.MEMBER_TOO_SHORT, max(0, days_of_membership), self.days, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """Once you have been a member for so long."""
        return phrasebook.counted("member_for", self.days)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whoever has been a member for a number of days has also been one for every smaller number."""
        return isinstance(other, MemberFor) and self.days <= other.days

    def validation_error(self) -> Detail | None:
        """Why `days` is out of range, or None."""
        return None if 1 <= self.days <= MAX_DAYS else range_detail(1, MAX_DAYS)
