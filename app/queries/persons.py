"""Who customers are, for those who may see it."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.persons import Aspect, Person
from app.store import persons
from app.store.unit import Session


async def birthdays(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Person]:
    """Customers with their dates of birth, in the order asked for."""
    return await _persons(session, program_id=program_id, ids=ids, aspect=Aspect.BIRTHDAY)


async def segments(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Person]:
    """Customers with their segments, in the order asked for."""
    return await _persons(session, program_id=program_id, ids=ids, aspect=Aspect.SEGMENTS)


async def preferences(session: Session, *, program_id: str, ids: Sequence[str]) -> list[Person]:
    """Customers with their preferences, in the order asked for."""
    return await _persons(session, program_id=program_id, ids=ids, aspect=Aspect.PREFERENCES)


async def _persons(session: Session, *, program_id: str, ids: Sequence[str], aspect: Aspect) -> list[Person]:
    found = await persons.of_customers(session, program_id=program_id, customer_ids=ids, aspects={aspect})
    return [found[id] for id in ids]
