"""The days around a customer's birthday."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from app.domain.calendar import birthday_in, day_start, local_date
from app.domain.customers.profile import CustomerProfile, ProfilePart
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.json_values import FindingValue
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.profile_condition import ProfileCondition
from app.domain.terms.rule import rule_field

MAX_DAYS = 363
"""The most days before and after the birthday together: a window is closed for at least a day before it opens again."""


@dataclass(frozen=True, slots=True)
class BirthdayWindow(ProfileCondition):
    """Holds from the first instant of the local day `before` days before the birthday to the end of the day `after` days after it.

    A clause gives once per birthday. The use counts for the calendar year of the birthday, not of the purchase,
    and stays counted if another date of birth becomes known.
    """

    kind: ClassVar[str] = "birthday_window"
    position: ClassVar[Position] = Position.OCCASION
    description: ClassVar[str] = (
        "Holds on the customer's birthday and this many days before and after it, on the calendar of the location, once for each birthday; "
        "for members born on 29 February it is 28 February in other years."
    )
    aspect: ClassVar[ProfilePart] = ProfilePart.BIRTHDAY
    before: int = rule_field(f"Days before the birthday, 0 or more; with `after` at most {MAX_DAYS}.", default=0)
    after: int = rule_field("Days after the birthday, 0 or more.", default=0)

    @property
    def answer_key(self) -> str:
        """The key under which the answer for these days is stored."""
        return f"birthday {self.before} {self.after}"

    @property
    def required_value(self) -> FindingValue:
        """None: what is required is no quantity."""
        return None

    def answer(self, profile: CustomerProfile, *, today: date) -> bool | None:
        """Whether the day lies in the window of a birthday of this year, last year or next year."""
        return None if profile.birthday is None else self.birthday_year(profile, today=today) is not None

    def birthday_year(self, profile: CustomerProfile, *, today: date) -> int | None:
        """The calendar year of the birthday in whose window a day lies; None if it lies in no window."""
        if profile.birthday is None:
            return None
        days_before, days_after = timedelta(days=self.before), timedelta(days=self.after)
        for year in (today.year, today.year - 1, today.year + 1):
            birthday = birthday_in(year, birthday=profile.birthday)
            if birthday - days_before <= today <= birthday + days_after:
                return year
        return None

    def check(self, purchase: EligiblePurchase) -> Finding:
        """Also not met if the clause gave something for this birthday already; the remedy is the next birthday's window."""
        finding, rule_facts = ProfileCondition.check(self, purchase), purchase.rule_facts
        if (
            not finding.met
            or (purchase.clause_key, rule_facts.birthday_year(self.answer_key)) not in rule_facts.used_birthdays
        ):
            return finding
        remedy = Remedy(RemedyCode.WAIT_FOR_BIRTHDAY, instant=self._next_opening(purchase))
        return Finding(False, ReasonCode.USED_UP, 1, 1, (remedy,))

    def failure(self, purchase: EligiblePurchase, *, is_known: bool) -> tuple[ReasonCode, Remedy]:
        """Outside the window, with the start of the next one; or the birthday is unknown and must be given."""
        if not is_known:
            return ReasonCode.BIRTHDAY_UNKNOWN, Remedy(RemedyCode.PROVIDE_BIRTHDAY)
        opens_at = self._next_opening(purchase)
        return ReasonCode.OUTSIDE_BIRTHDAY_WINDOW, Remedy(RemedyCode.WAIT_FOR_BIRTHDAY, instant=opens_at)

    def _next_opening(self, purchase: EligiblePurchase) -> datetime | None:
        profile = purchase.rule_facts.profile
        if profile is None or profile.birthday is None:
            return None
        today = local_date(purchase.occurred_at, zone_name=purchase.zone)
        for year in range(today.year, today.year + 4):
            first_day = birthday_in(year, birthday=profile.birthday) - timedelta(days=self.before)
            opens_at = day_start(first_day, zone_name=purchase.zone)
            # A zone that moves over the date line leaves a day out. A window of only that day opens again next year.
            if first_day > today and self.answer(profile, today=local_date(opens_at, zone_name=purchase.zone)):
                return opens_at
        return None

    def sentence(self, phrasebook: Phrasebook) -> str:
        """From N days before to N days after your birthday."""
        before, after = phrasebook.days(self.before), phrasebook.days(self.after)
        if self.before and self.after:
            return phrasebook("birthday_window", before=before, after=after)
        if self.before:
            return phrasebook("birthday_window.before", before=before)
        return phrasebook("birthday_window.after", after=after) if self.after else phrasebook("birthday_window.day")

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether it has at least as many days both before and after the birthday."""
        return isinstance(other, BirthdayWindow) and self.before >= other.before and self.after >= other.after

    def validation_error(self) -> Detail | None:
        """Why the days before and after are out of range, or None."""
        if self.before < 0 or self.after < 0:
            return detail_of("NOT_NEGATIVE")
        return None if self.before + self.after <= MAX_DAYS else detail_of("DAYS_TOGETHER", most=MAX_DAYS)


def birthday_years_around(
    conditions: Iterable[Condition], *, profile: CustomerProfile, at: datetime, zone_name: str
) -> tuple[tuple[str, int], ...]:
    """The calendar year of the birthday around which an instant lies, by the `answer_key` of each window that it lies in."""
    today = local_date(at, zone_name=zone_name)
    windows = (condition for condition in conditions if isinstance(condition, BirthdayWindow))
    years = {window.answer_key: window.birthday_year(profile, today=today) for window in windows}
    return tuple(sorted((answer_key, year) for answer_key, year in years.items() if year is not None))
