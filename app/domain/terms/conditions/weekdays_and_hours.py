"""A weekly window on the wall clock of the shop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import ClassVar

from app.domain.calendar import WEEK, Weekday, next_closing, next_opening, opens_on
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, detail_of
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.rule import rule_field

_MINUTES_PER_DAY = 24 * 60
_MOST_SKIPPED_MINUTES = 120
"""No clock is set forward by more minutes than these."""
_LOOK_AHEAD_DAYS = 2 * 366


@dataclass(frozen=True, slots=True)
class WeekdaysAndHours(Condition):
    """Holds on `days` from `start` until just before `end`, local wall-clock time.

    Without hours it holds the whole day. A window whose end is earlier than its start runs over midnight and belongs to the
    day on which it starts.
    """

    kind: ClassVar[str] = "weekdays_and_hours"
    position: ClassVar[Position] = Position.TIME
    description: ClassVar[str] = "Holds on these days between these hours, by the clock on the shop's wall."
    can_be_excepted: ClassVar[bool] = True
    days: frozenset[Weekday] = rule_field(
        "At least one day; a window that passes midnight belongs to the day it starts on."
    )
    start: time | None = rule_field("From this time on; default the whole day.", default=None)
    end: time | None = rule_field("Until just before this time.", default=None)
    skipped_on: date | None = rule_field(
        "A day on which the clocks skip all of these hours; null if there is none.",
        default=None,
        is_owner_supplied=False,
    )

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy is the next moment at which the window is open."""
        at = purchase.occurred_at
        opens_at = next_opening(at, zone_name=purchase.zone, days=self.days, start=self.start, end=self.end)
        if opens_at is not None and opens_at <= at:
            return Finding(True, ReasonCode.CONDITION_MET, at, None)
        remedy = Remedy(RemedyCode.NONE) if opens_at is None else Remedy(RemedyCode.COME_AT, instant=opens_at)
        return Finding(False, ReasonCode.OUTSIDE_TIME_WINDOW, at, None, (remedy,))

    def exception_remedies(self, purchase: EligiblePurchase) -> tuple[Remedy, ...]:
        """To come at the next moment at which the window is closed; none if it never closes."""
        closes_at = next_closing(
            purchase.occurred_at, zone_name=purchase.zone, days=self.days, start=self.start, end=self.end
        )
        return (Remedy(RemedyCode.NONE) if closes_at is None else Remedy(RemedyCode.COME_AT, instant=closes_at),)

    def sentence(self, phrasebook: Phrasebook) -> str:
        """On these days between these hours."""
        days = phrasebook.weekdays(self.days)
        if self.start is None and self.end is None:
            return phrasebook("weekdays_and_hours.all_day", days=days)
        if self.start is None and self.end is not None:
            sentence = phrasebook(
                f"weekdays_and_hours.until{self.key_ending}", days=days, end=phrasebook.time_of_day(self.end)
            )
            return sentence + self._skipped_hours_sentence(phrasebook)
        if self.end is None:
            return phrasebook(
                f"weekdays_and_hours.from{self.key_ending}", days=days, start=phrasebook.time(self.start or time.min)
            )
        start = self.start or time.min
        key = f"weekdays_and_hours{'' if start < self.end else '.overnight'}{self.key_ending}"
        return phrasebook(
            key, days=days, start=phrasebook.time(start), end=phrasebook.time(self.end)
        ) + self._skipped_hours_sentence(phrasebook)

    @property
    def key_ending(self) -> str:
        """The ending of the key of the sentence: ".daily" for hours of every day, as that sentence names no days."""
        return ".daily" if len(self.days) == len(WEEK) else ""

    def _skipped_hours_sentence(self, phrasebook: Phrasebook) -> str:
        """A remark that the clocks skip all of the hours on some days, with one of the days; empty if they never do."""
        return (
            ""
            if self.skipped_on is None
            else phrasebook("weekdays_and_hours.skipped", date=phrasebook.date(self.skipped_on))
        )

    def with_skipped_hours(self, zone_name: str, *, since: date) -> WeekdaysAndHours:
        """The condition with the first day from `since` on, within two years, on which the clocks skip its hours."""
        minutes_open = (
            (_minute_of_day(self.end) - _minute_of_day(self.start)) % _MINUTES_PER_DAY
            if self.end is not None
            else _MINUTES_PER_DAY
        )
        if minutes_open > _MOST_SKIPPED_MINUTES:
            return self
        days = (since + timedelta(days=ahead) for ahead in range(_LOOK_AHEAD_DAYS))
        days_without_hours = (
            day
            for day in days
            if WEEK[day.weekday()] in self.days
            and not opens_on(day, zone_name=zone_name, days=self.days, start=self.start, end=self.end)
        )
        return replace(self, skipped_on=next(days_without_hours, None))

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whether this window is open in every minute of a week in which `other` is open."""
        return isinstance(other, WeekdaysAndHours) and other.open_minutes() <= self.open_minutes()

    def open_minutes(self) -> frozenset[int]:
        """The minutes of a week at which the window is open, without clock changes; Monday 00:00 is minute 0."""
        opening_minute = _minute_of_day(self.start)
        closing_minute = _minute_of_day(self.end) or _MINUTES_PER_DAY
        minutes_open = (
            closing_minute - opening_minute
            if closing_minute > opening_minute
            else closing_minute - opening_minute + _MINUTES_PER_DAY
        )
        starts = [index * _MINUTES_PER_DAY + opening_minute for index, day in enumerate(WEEK) if day in self.days]
        return frozenset(
            (start + minute) % (7 * _MINUTES_PER_DAY) for start in starts for minute in range(minutes_open)
        )

    def validation_error(self) -> Detail | None:
        """Why the days or the hours are invalid, or None."""
        if not self.days:
            return detail_of("MISSING")
        if self.end is not None and (self.start or time.min) == self.end:
            return detail_of("SAME_HOURS")
        if any(
            boundary is not None and (boundary.tzinfo is not None or boundary.second or boundary.microsecond)
            for boundary in (self.start, self.end)
        ):
            return detail_of("WHOLE_MINUTES")
        return None


def _minute_of_day(at: time | None) -> int:
    return 0 if at is None else at.hour * 60 + at.minute
