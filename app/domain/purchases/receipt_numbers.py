"""Receipt numbering: unique numbers, or unique only per location or day.

A recorded receipt keeps the setting under which it was recorded. Two receipts with one number are the same receipt if both
this setting and the current one say so. A receipt that is sent twice is therefore recognised even if the setting was
changed in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from app.domain.calendar import zone_info

OWN_SOURCE = "till"
"""The source of receipts of the program itself, shared by all access keys and imports."""

NO_LOCATION = "-"
"""The location of a receipt without one, if each location has its own numbers."""

ALL_LOCATIONS = ALL_DAYS = ""
"""The location and the day of a number that is unique in all locations, or on all days."""

_DAY = timedelta(days=1)


class ReceiptNumbers(StrEnum):
    """The scope within which a receipt number, a refund number or a checkout is unique."""

    UNIQUE = "UNIQUE"
    PER_LOCATION = "PER_LOCATION"
    PER_DAY = "PER_DAY"
    PER_LOCATION_AND_DAY = "PER_LOCATION_AND_DAY"


class NumberSpace(NamedTuple):
    """The scope of a number as texts: the location's id and the business day; "" for all."""

    location: str = ""
    day: str = ""


PROGRAM_WIDE = NumberSpace()
"""The scope of numbers that are unique in a program."""


def digest_fields(space: NumberSpace) -> tuple[str, ...]:
    """What a scope adds to the digest of a row; nothing if numbers are unique in the program."""
    return () if space == PROGRAM_WIDE else tuple(space)


class ReceiptOrigin(NamedTuple):
    """Where and when a number was used: the location, the instant, and the zone.

    `location` is an id or a key; origins that are compared must all have the same of the two.
    """

    location: str | None
    at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class ReceiptReference:
    """A reference to a receipt: its number and, where that may not be enough, its location (id) and its business day."""

    number: str
    location_id: str | None = None
    day: date | None = None


@dataclass(frozen=True)
class Numbering:
    """The setting of a source of receipts. `day_starts` is the local time at which a business day begins."""

    uniqueness: ReceiptNumbers = ReceiptNumbers.UNIQUE
    day_starts: time = time()

    @cached_property
    def per_location(self) -> bool:
        """Whether each location has its own numbers."""
        return self.uniqueness in (ReceiptNumbers.PER_LOCATION, ReceiptNumbers.PER_LOCATION_AND_DAY)

    @cached_property
    def per_day(self) -> bool:
        """Whether numbers start again each business day."""
        return self.uniqueness in (ReceiptNumbers.PER_DAY, ReceiptNumbers.PER_LOCATION_AND_DAY)

    def business_day(self, origin: ReceiptOrigin) -> date:
        """The business day of an instant, by the wall clock of the location."""
        local_time = origin.at.astimezone(zone_info(origin.zone))
        return local_time.date() if local_time.time() >= self.day_starts else local_time.date() - _DAY

    def space(self, origin: ReceiptOrigin) -> NumberSpace:
        """The scope of a number with this origin."""
        if self.uniqueness is ReceiptNumbers.UNIQUE:
            return PROGRAM_WIDE
        return NumberSpace(
            location=(origin.location or NO_LOCATION) if self.per_location else ALL_LOCATIONS,
            day=self.business_day(origin).isoformat() if self.per_day else ALL_DAYS,
        )

    def candidate_spaces(self, origin: ReceiptOrigin) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The locations and the days of all scopes in which a number with this origin may be recorded, by any setting."""
        day = origin.at.astimezone(zone_info(origin.zone)).date()
        return (ALL_LOCATIONS, origin.location or NO_LOCATION), (ALL_DAYS, day.isoformat(), (day - _DAY).isoformat())

    def is_unambiguous(self, reference: ReceiptReference) -> bool:
        """Whether a reference identifies one receipt, so that it cannot match another one later."""
        return (reference.location_id is not None or not self.per_location) and (
            reference.day is not None or not self.per_day
        )

    def matches(self, reference: ReceiptReference, *, origin: ReceiptOrigin) -> bool:
        """Whether a reference matches the receipt that has its number and this origin (with the location's id)."""
        return reference.location_id in (None, origin.location) and reference.day in (None, self.business_day(origin))

    def is_same_receipt(self, origin: ReceiptOrigin, *, recorded_origin: ReceiptOrigin, space: NumberSpace) -> bool:
        """Whether a receipt is the recorded one of the same number, by their origins; `space` is that of the recorded one."""
        if (self.per_location or space.location) and origin.location != recorded_origin.location:
            return False
        return not (self.per_day or space.day) or self.business_day(origin) == self.business_day(recorded_origin)
