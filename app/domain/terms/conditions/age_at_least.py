"""How old a customer is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from app.domain.calendar import birthday_in, day_start
from app.domain.customers.profile import CustomerProfile, ProfilePart
from app.domain.decisions import ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, range_detail
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.json_values import FindingValue
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.profile_condition import ProfileCondition
from app.domain.terms.rule import rule_field

MAX_YEARS = 120


@dataclass(frozen=True, slots=True)
class AgeAtLeast(ProfileCondition):
    """Holds from the first instant of the local day on which the customer is `years` years old."""

    kind: ClassVar[str] = "age_at_least"
    position: ClassVar[Position] = Position.PERSON
    description: ClassVar[str] = (
        "Holds from the birthday on which the customer reaches this age, on the calendar of the location; "
        "for members born on 29 February it is 28 February in other years."
    )
    aspect: ClassVar[ProfilePart] = ProfilePart.BIRTHDAY
    years: int = rule_field(f"1 to {MAX_YEARS}.")

    @property
    def answer_key(self) -> str:
        """The key under which the answer for this age is stored."""
        return f"age {self.years}"

    @property
    def required_value(self) -> FindingValue:
        """The required years. Findings are stored, so they do not say how old the customer is."""
        return self.years

    def answer(self, profile: CustomerProfile, *, today: date) -> bool | None:
        """Whether the customer is old enough on that day; None without a birthday."""
        return None if profile.birthday is None else today >= self._first_day(profile.birthday)

    def failure(self, purchase: EligiblePurchase, *, is_known: bool) -> tuple[ReasonCode, Remedy]:
        """Too young, with the instant from which the customer is old enough; or the birthday is unknown and must be given."""
        if not is_known:
            return ReasonCode.BIRTHDAY_UNKNOWN, Remedy(RemedyCode.PROVIDE_BIRTHDAY)
        profile = purchase.rule_facts.profile
        old_enough_at = None
        if profile is not None and profile.birthday is not None:
            old_enough_at = day_start(self._first_day(profile.birthday), zone_name=purchase.zone)
        return ReasonCode.TOO_YOUNG, Remedy(RemedyCode.WAIT_FOR_BIRTHDAY, instant=old_enough_at)

    def _first_day(self, birthday: date) -> date:
        return birthday_in(birthday.year + self.years, birthday=birthday)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """If you have reached this age."""
        return phrasebook.counted("age_at_least", self.years)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whoever has reached an age has also reached every lower one."""
        return isinstance(other, AgeAtLeast) and self.years <= other.years

    def validation_error(self) -> Detail | None:
        """Why `years` is out of range, or None."""
        return None if 1 <= self.years <= MAX_YEARS else range_detail(1, MAX_YEARS)
