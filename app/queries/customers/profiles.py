"""Profiles of customers, for callers who may see them."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.customers.profile import CustomerProfile, ProfilePart
from app.store.customers import profiles
from app.store.database.session import Session


async def birthdays(session: Session, *, ids: Sequence[str]) -> list[CustomerProfile]:
    """The profiles of customers (by id) with only the date of birth, in the order requested."""
    return await _profiles_with(session, ids=ids, aspect=ProfilePart.BIRTHDAY)


async def segments(session: Session, *, ids: Sequence[str]) -> list[CustomerProfile]:
    """The profiles of customers (by id) with only the segments, in the order requested."""
    return await _profiles_with(session, ids=ids, aspect=ProfilePart.SEGMENTS)


async def preferences(session: Session, *, ids: Sequence[str]) -> list[CustomerProfile]:
    """The profiles of customers (by id) with only the preferences, in the order requested."""
    return await _profiles_with(session, ids=ids, aspect=ProfilePart.PREFERENCES)


async def _profiles_with(session: Session, *, ids: Sequence[str], aspect: ProfilePart) -> list[CustomerProfile]:
    profile_by_id = await profiles.of_customers(session, customer_ids=ids, aspects={aspect})
    return [profile_by_id[id] for id in ids]
