"""How long points stay valid, and whether they expire then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar

from app.domain.details import Detail, detail_of, range_detail
from app.domain.i18n import Phrasebook
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd, last_day_of_validity
from app.domain.terms.effects.effect import ClauseKind, Effect
from app.domain.terms.rule import rule_field, sorted_values
from app.domain.units import Unit

MAX_MONTHS = 120
MAX_DAYS = 3650
MAX_NOTICE_DAYS = 365

_SHORTEST_MONTH, _LONGEST_MONTH = 28, 31
_MAX_DAYS_TO_END = {ValidityEnd.DAY: 0, ValidityEnd.MONTH: 30, ValidityEnd.QUARTER: 91, ValidityEnd.YEAR: 365}
"""The most days from a day to the end of its calendar period."""


class ValidityStart(StrEnum):
    """The day from which points are valid; no member of this enum means an earlier day than the one above it.

    EARNING is the day of the earning, ACTIVATION the day from which the points can be spent, ACTIVITY the day of the
    customer's last purchase or redemption, or the day of the activation if that is later.
    """

    EARNING = "EARNING"
    ACTIVATION = "ACTIVATION"
    ACTIVITY = "ACTIVITY"


_START_ORDER = tuple(ValidityStart)
_END_ORDER = tuple(ValidityEnd)
"""Starts and ends of a validity, the earlier ones first."""


@dataclass(frozen=True, slots=True)
class PointsValidity(Effect):
    """Points are valid for `months` or `days` from the day that `since` says, and on to the end of the period `until`.

    Without months and days they never expire. If `expires` is False, the validity is a guaranteed minimum and no points
    expire; if it is True, they expire only after a notice. `notice_from` and `notice_until` are numbers of days before the last
    day, so `notice_from` is the larger one: with 60 and 30, a notice counts from 60 days before the last day, and must be
    given at least 30 days before it. For points valid for less than `notice_until` days, the receipt that earned them is
    the notice.
    """

    kind: ClassVar[str] = "points_validity"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.POLICY
    description: ClassVar[str] = (
        "How long points stay valid at least, or when they expire. Standard clause; by default they never do."
    )
    months: int | None = rule_field(
        f"Months, 1 to {MAX_MONTHS}; null, and no `days`: points do not expire.", default=None
    )
    days: int | None = rule_field(f"Days instead of months, 1 to {MAX_DAYS:,}.", default=None)
    expires: bool = rule_field(
        "Whether points expire at the end of this time. If false, the time is only a guaranteed minimum and no points are removed.",
        default=False,
    )
    until: ValidityEnd = rule_field("The calendar period at whose end the points expire.", default=ValidityEnd.DAY)
    since: ValidityStart = rule_field("The start of the validity.", default=ValidityStart.ACTIVATION)
    notice_from: int = rule_field(
        f"For points that expire: a notice counts if it is delivered at most this many days before the last day, 2 to {MAX_NOTICE_DAYS}.",
        default=60,
    )
    notice_until: int = rule_field(
        "A notice is in time if it is delivered at least this many days before the last day: at least 1, and less than `noticeFrom`.",
        default=30,
    )
    notice_by: frozenset[NoticeChannel] = rule_field(
        "What counts as a notice; at least one.", default=frozenset(NoticeChannel)
    )

    @property
    def never_expires(self) -> bool:
        """Whether neither `months` nor `days` is set, so that points never expire."""
        return self.months is None and self.days is None

    @property
    def fewest_days(self) -> int:
        """The fewest days for which points are valid; 0 if they never expire."""
        return self.days or (self.months or 0) * _SHORTEST_MONTH

    @property
    def most_days(self) -> int:
        """The most days for which points are valid; 0 if they never expire."""
        return (self.days or (self.months or 0) * _LONGEST_MONTH) + _MAX_DAYS_TO_END[self.until]

    @property
    def receipt_is_notice(self) -> bool:
        """Whether there may be points so short-lived that the receipt which earned them is their notice."""
        return self.expires and self.fewest_days < self.notice_until

    def last_day(self, *, since: datetime, zone_name: str) -> date | None:
        """The last local day of points whose validity runs from an instant; None if they never expire."""
        if self.never_expires:
            return None
        return last_day_of_validity(
            since=since, zone_name=zone_name, months=self.months, days=self.days, ends_with=self.until
        )

    def sentence(self, phrasebook: Phrasebook) -> str:
        """How long points stay valid, and what it takes for them to expire."""
        if self.never_expires:
            return phrasebook("points_validity.never_expires")
        length = phrasebook.months(self.months) if self.months is not None else phrasebook.days(self.days or 0)
        since = phrasebook(f"points_validity.since.{self.since.value}")
        until = phrasebook(f"points_validity.until.{self.until.value}")
        if not self.expires:
            return phrasebook("points_validity", length=length, since=since, until=until)
        return phrasebook(
            "points_validity.expires",
            length=length,
            since=since,
            until=until,
            earliest=phrasebook.days(self.notice_from),
            latest=phrasebook.number(self.notice_until),
            channels=phrasebook.listed(
                [phrasebook(f"points_validity.by.{channel.value}") for channel in sorted_values(self.notice_by)],
                last="or",
            ),
            short=phrasebook("points_validity.short", latest=phrasebook.days(self.notice_until))
            if self.receipt_is_notice
            else "",
        )

    def sentence_for_units(self, units: tuple[Unit, ...], *, phrasebook: Phrasebook) -> str:
        """How long points stay valid, and that stamps do not expire if members collect any."""
        if Unit.STAMPS not in units:
            return self.sentence(phrasebook)
        if units == (Unit.STAMPS,) and self.never_expires:
            return phrasebook("points_validity.stamps")
        if self.never_expires:
            return phrasebook("points_validity.for_ever_with_stamps")
        return phrasebook("points_validity.with_stamps", points=self.sentence(phrasebook))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether points never expire sooner than under `other`, nor with less notice."""
        if not isinstance(other, PointsValidity):
            return False
        if self.never_expires or other.never_expires:
            return self.never_expires
        lasts_as_long = (
            self._at_least_as_long(other)
            and _END_ORDER.index(self.until) >= _END_ORDER.index(other.until)
            and _START_ORDER.index(self.since) >= _START_ORDER.index(other.since)
        )
        return lasts_as_long and (not self.expires or (other.expires and self._has_as_good_notice(other)))

    def _at_least_as_long(self, other: PointsValidity) -> bool:
        if self.months is not None:
            return self.months >= other.months if other.months is not None else self.fewest_days >= (other.days or 0)
        return (self.days or 0) >= (other.days or (other.months or 0) * _LONGEST_MONTH)

    def _has_as_good_notice(self, other: PointsValidity) -> bool:
        """Whether every notice that counts here would count under the other rule."""
        return (
            other.notice_until <= self.notice_until
            and self.notice_from <= other.notice_from
            and self.notice_by <= other.notice_by
            # A larger `notice_until` makes the receipt the notice of more points. So may a later start, if the last
            # day stays the same: a month from 28 January and one from 30 January both end on 28 February.
            and (not self.receipt_is_notice or (self.notice_until == other.notice_until and self.since is other.since))
        )

    def validation_error(self) -> Detail | None:
        """Why the validity or its notice is impossible, or None."""
        if self.months is not None and self.days is not None:
            return detail_of("MONTHS_OR_DAYS")
        if self.months is not None and not 1 <= self.months <= MAX_MONTHS:
            return range_detail(1, MAX_MONTHS)
        if self.days is not None and not 1 <= self.days <= MAX_DAYS:
            return range_detail(1, MAX_DAYS)
        if self.never_expires and self != PointsValidity():
            return detail_of("VALID_FOR_EVER")
        if not 1 <= self.notice_until < self.notice_from <= MAX_NOTICE_DAYS:
            return detail_of("NOTICE_DAYS", most=MAX_NOTICE_DAYS)
        if not self.notice_by:
            return detail_of("MISSING")
        with_default_notice = PointsValidity(months=self.months, days=self.days, until=self.until, since=self.since)
        return None if self.expires or self == with_default_notice else detail_of("NOTICE_WITHOUT_EXPIRY")
