"""Customer profiles: birthday, segments and preferences. All of it is personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.domain import names
from app.domain.calendar import local_date
from app.domain.details import Detail, InvalidFieldError, detail_of, key_detail
from app.domain.names import normalised_identifier

MAX_PREFERENCE_LENGTH = 60
"""The most characters of the value of a preference."""

MAX_PREFERENCES = 50
MAX_SEGMENTS = 50

_SEGMENT = re.compile(r"[a-z0-9-]{1,40}")


class ProfilePart(StrEnum):
    """The parts of a profile; each is read only on request."""

    BIRTHDAY = "BIRTHDAY"
    SEGMENTS = "SEGMENTS"
    PREFERENCES = "PREFERENCES"


class PreferenceKind(StrEnum):
    """What a preference is about."""

    FAVOURITE_CATEGORY = "FAVOURITE_CATEGORY"
    DIET = "DIET"
    SIZE = "SIZE"


class ProfileError(InvalidFieldError):
    """An invalid part of a profile; `path` leads to it."""


@dataclass(frozen=True, slots=True, order=True)
class Preference:
    """A preference; `value` is in the customer's own spelling."""

    kind: PreferenceKind
    value: str

    def folded_value(self) -> str:
        """The value in the spelling in which preferences are compared."""
        return folded_preference(self.value)


@dataclass(frozen=True, slots=True)
class CustomerProfile:
    """A customer's profile. `birthday` is the date of birth, None if unknown. Never logged."""

    birthday: date | None = field(default=None, repr=False)
    segments: frozenset[str] = field(default=frozenset(), repr=False)
    preferences: frozenset[Preference] = field(default=frozenset(), repr=False)


EMPTY_PROFILE = CustomerProfile()
"""The profile of a customer about whom nothing is known."""


def folded_preference(value: str) -> str:
    """The spelling of a preference for comparisons: in small letters, and normalised as an identifier."""
    return normalised_identifier(normalised_identifier(value).casefold())


def validate_birthday(birthday: date, *, now: datetime, zone_name: str) -> date:
    """The date of birth, if it is valid. Raises ProfileError if it is later than today in the zone."""
    if birthday > local_date(now, zone_name=zone_name):
        raise ProfileError(("birthday",), detail_of("BIRTHDAY_AHEAD"))
    return birthday


def segment_error(segment: str) -> Detail | None:
    """What is wrong with the key of a segment; None if it is valid."""
    return None if _SEGMENT.fullmatch(segment) else key_detail()


def parse_segments(inputs: Iterable[str]) -> frozenset[str]:
    """The segments of a customer, if they are valid. Raises ProfileError."""
    segments = list(inputs)
    for index, segment in enumerate(segments):
        if (error := segment_error(segment)) is not None:
            raise ProfileError(("segments", index), error)
    if len(set(segments)) > MAX_SEGMENTS:
        raise ProfileError(("segments",), detail_of("COUNT_MOST", most=MAX_SEGMENTS))
    return frozenset(segments)


def preference_error(value: str) -> Detail | None:
    """What is wrong with the value of a preference; None if it is valid."""
    return names.name_error(value, max_length=MAX_PREFERENCE_LENGTH)


def parse_preferences(inputs: Iterable[tuple[PreferenceKind, str]]) -> frozenset[Preference]:
    """The preferences of a customer, if they are valid, stripped and without duplicates. Raises ProfileError."""
    by_folded_value: dict[tuple[PreferenceKind, str], Preference] = {}
    for index, (kind, value) in enumerate(inputs):
        if (error := preference_error(value.strip())) is not None:
            raise ProfileError(("preferences", index, "value"), error)
        preference = Preference(kind, value.strip())
        by_folded_value[kind, preference.folded_value()] = preference
    if len(by_folded_value) > MAX_PREFERENCES:
        raise ProfileError(("preferences",), detail_of("COUNT_MOST", most=MAX_PREFERENCES))
    return frozenset(by_folded_value.values())


@dataclass(frozen=True, slots=True)
class BirthdayChange:
    """The date of birth to store; `day` None removes the stored one."""

    day: date | None


@dataclass(frozen=True, slots=True)
class LocaleChange:
    """The language to store for messages to a customer, a BCP 47 tag; None removes the stored one."""

    locale: str | None


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to replace in a profile; a field that is None leaves its part of the profile as it is."""

    birthday: BirthdayChange | None = None
    segments: frozenset[str] | None = None
    preferences: frozenset[Preference] | None = None
    locale: LocaleChange | None = None
