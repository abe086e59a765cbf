"""The reference's points, each an object, and the lots that contain them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.domain.calendar import add_months, day_start, local_date
from app.domain.ledger.lots import ValidityEnd
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.version import Terms

FREE, HELD, GONE = "free", "held", "gone"
DAY = timedelta(days=1)


@dataclass(slots=True, eq=False)
class Point:
    """One point: free, held or gone; `by` is the id of the hold, spending, clawback or transfer, "" for expiry."""

    state: str = FREE
    by: str = ""


@dataclass(slots=True)
class Lot:
    """Points that were added together. `notified_at` has the notices through channels that count, `grace_until` is the
    end of a grace period, `earlier_ids` are its ids before merges.

    `gift`: it came from another customer, who alone had the receipt, or from the staff.
    """

    id: str
    terms: Terms
    zone: str
    earned_at: datetime
    available_from: datetime
    promised_last_day: date | None
    points: list[Point]
    notified_at: list[datetime] = field(default_factory=list)
    grace_until: datetime | None = None
    earlier_ids: set[str] = field(default_factory=set)
    gift: bool = False
    pending: bool = False
    """Whether its points cannot be spent yet."""

    def count(self, *states: str) -> int:
        return sum(point.state in states for point in self.points)

    def last_day(self, last_activity_at: datetime | None) -> date | None:
        """The last valid day, extended by activity where the rule says so."""
        rule = self.terms.validity
        if (
            rule.since is ValidityStart.ACTIVITY
            and last_activity_at is not None
            and last_activity_at > self.available_from
        ):
            return last_day(rule, local_date(last_activity_at, zone_name=self.zone))
        return self.promised_last_day

    def expiry_day(self, last_activity_at: datetime | None) -> date:
        """The last valid day if the points expire; the latest of all dates if they never do."""
        last = self.last_day(last_activity_at) if self.terms.validity.expires else None
        return last or date.max

    def expires_at(self, last_activity_at: datetime | None) -> datetime | None:
        """The first instant at which the lot is expired: never without a notice, and not before the notice period has
        passed."""
        rule, last = self.terms.validity, self.last_day(last_activity_at)
        if last is None or not rule.expires:
            return None
        if self.gift or last - local_date(self.earned_at, zone_name=self.zone) >= timedelta(days=rule.notice_until):
            earliest = last - timedelta(days=rule.notice_from)
            days = [day for day in (local_date(at, zone_name=self.zone) for at in self.notified_at) if day >= earliest]
            if not days:
                return None
            last = max(last, min(days) + timedelta(days=rule.notice_until))
        end = day_start(last + DAY, zone_name=self.zone)
        return end if self.grace_until is None else max(end, self.grace_until)


def last_day(rule: PointsValidity, first: date) -> date | None:
    """Adds days or months, then extends to the end of the month, quarter or year."""
    if rule.never_expires:
        return None
    day = first + timedelta(days=rule.days) if rule.days else add_months(first, months=rule.months or 0)
    while not {
        ValidityEnd.DAY: True,
        ValidityEnd.MONTH: (day + DAY).day == 1,
        ValidityEnd.QUARTER: (day + DAY).day == 1 and day.month in (3, 6, 9, 12),
        ValidityEnd.YEAR: (day.month, day.day) == (12, 31),
    }[rule.until]:
        day += DAY
    return day
