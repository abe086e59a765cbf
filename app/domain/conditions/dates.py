"""A period of whole local days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Self

from app.domain.calendar import day_start, local_date
from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.wording import Wording


@dataclass(frozen=True, slots=True)
class Dates(Condition):
    """Holds from the first instant of `first` to the last instant of `last`, local days; an open end is None."""

    kind: ClassVar[str] = "dates"
    first: date | None = None
    last: date | None = None

    def check(self, purchase: Counted) -> Finding:
        """Before the period the remedy is its start; after it there is none."""
        today = local_date(purchase.occurred_at, zone_name=purchase.zone)
        if self.first is not None and today < self.first:
            opens = Remedy(RemedyCode.COME_AT, from_=day_start(self.first, zone_name=purchase.zone))
            return Finding(False, ReasonCode.OUTSIDE_DATES, today, self.first, (opens,))
        if self.last is not None and today > self.last:
            return Finding(False, ReasonCode.OUTSIDE_DATES, today, self.last, (Remedy(RemedyCode.NONE),))
        return Finding(True, ReasonCode.CONDITION_MET, today, None)

    def sentence(self, say: Wording) -> str:
        """From one day to another, both included."""
        if self.first is not None and self.last is not None:
            return say("dates", first=say.date(self.first), last=say.date(self.last))
        if self.first is not None:
            return say("dates.from", first=say.date(self.first))
        if self.last is not None:
            return say("dates.until", last=say.date(self.last))
        raise ValueError("a period without ends has no sentence")

    def problem(self) -> str | None:
        """No end at all, or an end before the beginning."""
        if self.first is None and self.last is None:
            return "a first or a last day is needed"
        if self.first is not None and self.last is not None and self.last < self.first:
            return "the last day is before the first"
        return None

    def to_data(self) -> dict[str, Any]:
        """ISO dates."""
        data: dict[str, Any] = {}
        if self.first is not None:
            data["first"] = self.first.isoformat()
        if self.last is not None:
            data["last"] = self.last.isoformat()
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored condition."""
        return cls(
            first=date.fromisoformat(data["first"]) if "first" in data else None,
            last=date.fromisoformat(data["last"]) if "last" in data else None,
        )
