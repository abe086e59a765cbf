"""Who customers are: the date of birth, the segments and the preferences. Personal data, in tables of their own kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from app.domain.persons import STRANGER, Aspect, Person, Preference, PreferenceKind
from app.store.unit import Session
from app.store.values import day_or_none

EVERY_ASPECT = frozenset(Aspect)

_BIRTHDAYS = "SELECT id, birthday FROM customers WHERE program_id = $1 AND id = ANY($2)"
_SEGMENTS = "SELECT customer_id, segment FROM customer_segments WHERE program_id = $1 AND customer_id = ANY($2)"
_PREFERENCES = """
SELECT customer_id, kind, value FROM customer_preferences WHERE program_id = $1 AND customer_id = ANY($2)
"""


@dataclass(frozen=True, slots=True)
class Birthday:
    """A date of birth to keep; None takes away the one that is known."""

    day: date | None


@dataclass(frozen=True, slots=True)
class Addressed:
    """The language to address a customer in, a tag of BCP 47; None: none is known."""

    locale: str | None


@dataclass(frozen=True, slots=True)
class PersonChange:
    """What is to be replaced; what is None stays as it is."""

    birthday: Birthday | None = None
    segments: frozenset[str] | None = None
    preferences: frozenset[Preference] | None = None
    language: Addressed | None = None


async def of_customer(
    session: Session, *, program_id: str, customer_id: str, aspects: Collection[Aspect] = EVERY_ASPECT
) -> Person:
    """One customer as a person; what is not asked for is as if it were not known."""
    found = await of_customers(session, program_id=program_id, customer_ids=[customer_id], aspects=aspects)
    return found[customer_id]


async def of_customers(
    session: Session, *, program_id: str, customer_ids: Sequence[str], aspects: Collection[Aspect] = EVERY_ASPECT
) -> dict[str, Person]:
    """Several customers as persons, one statement for each aspect; one that is not there is a stranger."""
    if not aspects:
        return dict.fromkeys(customer_ids, STRANGER)
    ids = list(customer_ids)
    birthdays: dict[str, date | None] = {}
    segments: dict[str, set[str]] = {}
    preferences: dict[str, set[Preference]] = {}
    if Aspect.BIRTHDAY in aspects:
        for row in await session.rows(_BIRTHDAYS, program_id, ids):
            birthdays[row["id"]] = day_or_none(row["birthday"])
    if Aspect.SEGMENTS in aspects:
        for row in await session.rows(_SEGMENTS, program_id, ids):
            segments.setdefault(row["customer_id"], set()).add(row["segment"])
    if Aspect.PREFERENCES in aspects:
        for row in await session.rows(_PREFERENCES, program_id, ids):
            one = Preference(PreferenceKind(row["kind"]), row["value"])
            preferences.setdefault(row["customer_id"], set()).add(one)
    return {
        id: Person(
            birthday=birthdays.get(id),
            segments=frozenset(segments.get(id, ())),
            preferences=frozenset(preferences.get(id, ())),
        )
        for id in ids
    }


async def change(session: Session, *, program_id: str, customer_id: str, change: PersonChange) -> None:
    """Replace what is given of a customer; the account is locked, so that changes follow one another."""
    if change.birthday is not None:
        sql = "UPDATE customers SET birthday = $3 WHERE program_id = $1 AND id = $2"
        await session.execute(sql, program_id, customer_id, change.birthday.day)
    if change.language is not None:
        sql = "UPDATE customers SET locale = $3 WHERE program_id = $1 AND id = $2"
        await session.execute(sql, program_id, customer_id, change.language.locale)
    if change.segments is not None:
        sql = "DELETE FROM customer_segments WHERE program_id = $1 AND customer_id = $2"
        await session.execute(sql, program_id, customer_id)
        await _put_segments(session, program_id=program_id, customer_id=customer_id, segments=change.segments)
    if change.preferences is not None:
        sql = "DELETE FROM customer_preferences WHERE program_id = $1 AND customer_id = $2"
        await session.execute(sql, program_id, customer_id)
        await put_preferences(session, program_id=program_id, customer_id=customer_id, preferences=change.preferences)


async def _put_segments(session: Session, *, program_id: str, customer_id: str, segments: Iterable[str]) -> None:
    for segment in sorted(segments):
        sql = "INSERT INTO customer_segments (program_id, customer_id, segment) VALUES ($1, $2, $3)"
        await session.later(sql, program_id, customer_id, segment)


async def put_preferences(
    session: Session, *, program_id: str, customer_id: str, preferences: Iterable[Preference]
) -> None:
    """Keep preferences of a customer who has none of them."""
    for one in sorted(preferences):
        sql = "INSERT INTO customer_preferences (program_id, customer_id, kind, value) VALUES ($1, $2, $3, $4)"
        await session.later(sql, program_id, customer_id, one.kind.value, one.value)
