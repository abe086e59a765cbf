"""Customer profiles: birthday, segments and preferences. All of it is personal data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from app.domain import names
from app.domain.calendar import local_date
from app.domain.details import Detail, InvalidFieldError, detail, key_format
from app.domain.names import normalised_identifier

MAX_VALUE_LENGTH = 60
"""Characters of the value of a preference."""

MAX_PREFERENCES = 50
MAX_SEGMENTS = 50

_SEGMENT = re.compile(r"[a-z0-9-]{1,40}")


class Aspect(StrEnum):
    """Parts of a profile, which are read only on request."""

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
    """A preference in the customer's own spelling."""

    kind: PreferenceKind
    value: str

    def folded(self) -> str:
        """The value in the form in which values are compared: without difference between capital and small letters."""
        return folded(self.value)


@dataclass(frozen=True, slots=True)
class CustomerProfile:
    """A customer's profile. `birthday` is the date of birth, None if unknown. Never logged."""

    birthday: date | None = field(default=None, repr=False)
    segments: frozenset[str] = field(default=frozenset(), repr=False)
    preferences: frozenset[Preference] = field(default=frozenset(), repr=False)


EMPTY_PROFILE = CustomerProfile()
"""The profile of a customer about whom nothing is known."""


def folded(value: str) -> str:
    """The spelling of a preference used for comparison."""
    return normalised_identifier(normalised_identifier(value).casefold())


def validate_birthday(birthday: date, *, now: datetime, zone_name: str) -> date:
    """A checked date of birth. Raises ProfileError if it is in the future in the zone."""
    if birthday > local_date(now, zone_name=zone_name):
        raise ProfileError(("birthday",), detail("BIRTHDAY_AHEAD"))
    return birthday


def segment_error(segment: str) -> Detail | None:
    """What is wrong with the key of a segment, or None."""
    return None if _SEGMENT.fullmatch(segment) else key_format()


def parse_segments(given: Iterable[str]) -> frozenset[str]:
    """Checked segments of a customer. Raises ProfileError."""
    found = list(given)
    for index, text in enumerate(found):
        if (wrong := segment_error(text)) is not None:
            raise ProfileError(("segments", index), wrong)
    if len(set(found)) > MAX_SEGMENTS:
        raise ProfileError(("segments",), detail("COUNT_MOST", most=MAX_SEGMENTS))
    return frozenset(found)


def preference_error(value: str) -> Detail | None:
    """What is wrong with the value of a preference, or None."""
    return names.name_error(value, max_length=MAX_VALUE_LENGTH)


def parse_preferences(given: Iterable[tuple[PreferenceKind, str]]) -> frozenset[Preference]:
    """Checked preferences of a customer, stripped and without duplicates. Raises ProfileError."""
    found: dict[tuple[PreferenceKind, str], Preference] = {}
    for index, (kind, value) in enumerate(given):
        if (error := preference_error(value.strip())) is not None:
            raise ProfileError(("preferences", index, "value"), error)
        preference = Preference(kind, value.strip())
        found[kind, preference.folded()] = preference
    if len(found) > MAX_PREFERENCES:
        raise ProfileError(("preferences",), detail("COUNT_MOST", most=MAX_PREFERENCES))
    return frozenset(found.values())


@dataclass(frozen=True, slots=True)
class Birthday:
    """A date of birth to store; None removes the present one."""

    day: date | None


@dataclass(frozen=True, slots=True)
class CustomerLocale:
    """The language to address a customer in, a tag of BCP 47; None: none is known."""

    locale: str | None


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """What to replace in a profile; None leaves a field as it is."""

    birthday: Birthday | None = None
    segments: frozenset[str] | None = None
    preferences: frozenset[Preference] | None = None
    language: CustomerLocale | None = None
