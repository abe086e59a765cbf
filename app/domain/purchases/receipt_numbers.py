"""Receipt numbering: unique numbers, or unique only per location or day.

A recorded receipt keeps the number space that it got by the setting at that time. A receipt that arrives later with the
same number is taken for the recorded one unless the earlier or the current setting tells the two apart. A receipt that
is sent twice is therefore recognised even if the setting was changed in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from app.domain.calendar import zone_info

OWN_SOURCE = "till"
"""The source of the program's receipts, which all access keys and imports share."""

NO_LOCATION = "-"
"""The location in the number space of a receipt without a location, if each location has its own numbers."""

ALL_LOCATIONS = ALL_DAYS = ""
"""The location and the day in a number space that includes all locations, or all days."""

_DAY = timedelta(days=1)


class ReceiptNumbers(StrEnum):
    """Where and when a number of a receipt, a refund or a checkout is used only once."""

    UNIQUE = "UNIQUE"
    PER_LOCATION = "PER_LOCATION"
    PER_DAY = "PER_DAY"
    PER_LOCATION_AND_DAY = "PER_LOCATION_AND_DAY"


class NumberSpace(NamedTuple):
    """The space in which a number is unique: a location (id) and a business day (ISO); "" for all of them."""

    location: str = ""
    day: str = ""


PROGRAM_WIDE = NumberSpace()
"""The space of numbers that are unique in the whole program."""


def digest_fields(space: NumberSpace) -> tuple[str, ...]:
    """What a number space adds to the digest of a row: nothing if the number is unique in the whole program."""
    return () if space == PROGRAM_WIDE else tuple(space)


class ReceiptOrigin(NamedTuple):
    """Where and when a number was used: the location, the instant, and the location's zone.

    `location` is an id or a key; where origins are compared, all have ids or all have keys.
    """

    location: str | None
    at: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class ReceiptReference:
    """A reference to a receipt: its number and, if the caller states them, its location (id) and its business day."""

    number: str
    location_id: str | None = None
    day: date | None = None


@dataclass(frozen=True)
class Numbering:
    """How the receipts of a program are numbered. A business day begins at the local time `day_starts`."""

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
        """The business day on which a number was used, by the wall clock of the location."""
        local_time = origin.at.astimezone(zone_info(origin.zone))
        return local_time.date() if local_time.time() >= self.day_starts else local_time.date() - _DAY

    def space(self, origin: ReceiptOrigin) -> NumberSpace:
        """The space of a number with this origin."""
        if self.uniqueness is ReceiptNumbers.UNIQUE:
            return PROGRAM_WIDE
        return NumberSpace(
            location=(origin.location or NO_LOCATION) if self.per_location else ALL_LOCATIONS,
            day=self.business_day(origin).isoformat() if self.per_day else ALL_DAYS,
        )

    def candidate_spaces(self, origin: ReceiptOrigin) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The locations and the days of all number spaces that a receipt with this origin can have, by any setting."""
        day = origin.at.astimezone(zone_info(origin.zone)).date()
        return (ALL_LOCATIONS, origin.location or NO_LOCATION), (ALL_DAYS, day.isoformat(), (day - _DAY).isoformat())

    def is_unambiguous(self, reference: ReceiptReference) -> bool:
        """Whether a reference can only ever match one receipt."""
        return (reference.location_id is not None or not self.per_location) and (
            reference.day is not None or not self.per_day
        )

    def matches(self, reference: ReceiptReference, *, origin: ReceiptOrigin) -> bool:
        """Whether a reference matches the receipt that has its number and this origin (with the location's id)."""
        return reference.location_id in (None, origin.location) and reference.day in (None, self.business_day(origin))

    def is_same_receipt(self, origin: ReceiptOrigin, *, recorded_origin: ReceiptOrigin, space: NumberSpace) -> bool:
        """Whether a receipt with `origin` is the recorded one with its number; `recorded_origin` and `space` are that one's."""
        if (self.per_location or space.location) and origin.location != recorded_origin.location:
            return False
        return not (self.per_day or space.day) or self.business_day(origin) == self.business_day(recorded_origin)
