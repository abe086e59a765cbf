"""A weekly window on the wall clock of the shop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, ClassVar, Self

from app.domain.calendar import WEEK, Weekday, in_window, next_opening
from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class WeekdaysAndHours(Condition):
    """Holds on `days` from `start` until just before `end`, local wall-clock time.

    Without hours the whole day; a window that ends at or before its start runs over midnight and belongs to the day on
    which it starts.
    """

    kind: ClassVar[str] = "weekdays_and_hours"
    days: frozenset[Weekday]
    start: time | None = None
    end: time | None = None

    def check(self, purchase: Counted) -> Finding:
        """The remedy is the next moment at which the window is open."""
        seen = purchase.occurred_at
        if in_window(purchase.occurred_at, zone_name=purchase.zone, days=self.days, start=self.start, end=self.end):
            return Finding(True, ReasonCode.CONDITION_MET, seen, None)
        opens = next_opening(
            purchase.occurred_at, zone_name=purchase.zone, days=self.days, start=self.start, end=self.end
        )
        remedy = Remedy(RemedyCode.NONE) if opens is None else Remedy(RemedyCode.COME_AT, from_=opens)
        return Finding(False, ReasonCode.OUTSIDE_TIME_WINDOW, seen, None, (remedy,))

    def sentence(self, say: Wording) -> str:
        """On these days between these hours."""
        days = say.weekdays(self.days)
        if self.start is None and self.end is None:
            return say("weekdays_and_hours.all_day", days=days)
        if self.end is None:
            return say("weekdays_and_hours.from", days=days, start=say.time(self.start or time.min))
        start = self.start or time.min
        key = "weekdays_and_hours" if start < self.end else "weekdays_and_hours.overnight"
        return say(key, days=days, start=say.time(start), end=say.time(self.end))

    def problem(self) -> str | None:
        """No day, or a window of no length."""
        if not self.days:
            return "at least one day is needed"
        if self.end is not None and (self.start or time.min) == self.end:
            return "start and end are the same; leave both out for the whole day"
        if any(
            one is not None and (one.tzinfo is not None or one.second or one.microsecond)
            for one in (self.start, self.end)
        ):
            return "hours are whole minutes on the wall clock"
        return None

    def to_data(self) -> dict[str, Any]:
        """Days in the order of the week, hours as HH:MM."""
        data: dict[str, Any] = {"days": [day.value for day in WEEK if day in self.days]}
        if self.start is not None:
            data["start"] = f"{self.start:%H:%M}"
        if self.end is not None:
            data["end"] = f"{self.end:%H:%M}"
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored condition."""
        return cls(
            days=frozenset(Weekday(day) for day in data["days"]),
            start=time.fromisoformat(data["start"]) if "start" in data else None,
            end=time.fromisoformat(data["end"]) if "end" in data else None,
        )
