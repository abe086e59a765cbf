"""Profiles: date of birth, segments and preferences. Personal data, in separate tables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from app.domain.customers.profile import (
    EMPTY_PROFILE,
    CustomerProfile,
    Preference,
    PreferenceKind,
    ProfileChange,
    ProfilePart,
)
from app.store.database.codecs import day_or_none
from app.store.database.session import Session

EVERY_ASPECT = frozenset(ProfilePart)

_BIRTHDAYS = "SELECT id, birthday FROM customers WHERE program_id = $1 AND id = ANY($2)"
_SEGMENTS = "SELECT customer_id, segment FROM customer_segments WHERE program_id = $1 AND customer_id = ANY($2)"
_PREFERENCES = """
SELECT customer_id, kind, value FROM customer_preferences WHERE program_id = $1 AND customer_id = ANY($2)
"""


async def of_customer(
    session: Session, *, customer_id: str, aspects: Collection[ProfilePart] = EVERY_ASPECT
) -> CustomerProfile:
    """The profile of one customer; aspects that are not requested are left empty."""
    by_id = await of_customers(session, customer_ids=[customer_id], aspects=aspects)
    return by_id[customer_id]


async def of_customers(
    session: Session, *, customer_ids: Sequence[str], aspects: Collection[ProfilePart] = EVERY_ASPECT
) -> dict[str, CustomerProfile]:
    """The profiles of several customers, with one statement for each aspect; unknown customers have empty profiles."""
    if not aspects:
        return dict.fromkeys(customer_ids, EMPTY_PROFILE)
    ids = list(customer_ids)
    birthdays: dict[str, date | None] = {}
    segments: dict[str, set[str]] = {}
    preferences: dict[str, set[Preference]] = {}
    if ProfilePart.BIRTHDAY in aspects:
        for row in await session.rows(_BIRTHDAYS, ids):
            birthdays[row["id"]] = day_or_none(row["birthday"])
    if ProfilePart.SEGMENTS in aspects:
        for row in await session.rows(_SEGMENTS, ids):
            segments.setdefault(row["customer_id"], set()).add(row["segment"])
    if ProfilePart.PREFERENCES in aspects:
        for row in await session.rows(_PREFERENCES, ids):
            preference = Preference(PreferenceKind(row["kind"]), row["value"])
            preferences.setdefault(row["customer_id"], set()).add(preference)
    return {
        id: CustomerProfile(
            birthday=birthdays.get(id),
            segments=frozenset(segments.get(id, ())),
            preferences=frozenset(preferences.get(id, ())),
        )
        for id in ids
    }


async def update(session: Session, *, customer_id: str, change: ProfileChange) -> None:
    """Replace the parts of a profile that `change` has. The customer's account must be locked, so that changes do not mix."""
    if change.birthday is not None:
        sql = "UPDATE customers SET birthday = $3 WHERE program_id = $1 AND id = $2"
        await session.execute(sql, customer_id, change.birthday.day)
    if change.locale is not None:
        sql = "UPDATE customers SET locale = $3 WHERE program_id = $1 AND id = $2"
        await session.execute(sql, customer_id, change.locale.locale)
    if change.segments is not None:
        sql = "DELETE FROM customer_segments WHERE program_id = $1 AND customer_id = $2"
        await session.execute(sql, customer_id)
        await _put_segments(session, customer_id=customer_id, segments=change.segments)
    if change.preferences is not None:
        sql = "DELETE FROM customer_preferences WHERE program_id = $1 AND customer_id = $2"
        await session.execute(sql, customer_id)
        await put_preferences(session, customer_id=customer_id, preferences=change.preferences)


async def _put_segments(session: Session, *, customer_id: str, segments: Iterable[str]) -> None:
    for segment in sorted(segments):
        sql = "INSERT INTO customer_segments (program_id, customer_id, segment) VALUES ($1, $2, $3)"
        await session.enqueue(sql, customer_id, segment)


async def put_preferences(session: Session, *, customer_id: str, preferences: Iterable[Preference]) -> None:
    """Store preferences that the customer does not have yet."""
    for preference in sorted(preferences):
        sql = "INSERT INTO customer_preferences (program_id, customer_id, kind, value) VALUES ($1, $2, $3, $4)"
        await session.enqueue(sql, customer_id, preference.kind.value, preference.value)
