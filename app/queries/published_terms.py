"""The published versions of a program's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.terms import Terms
from app.store import terms
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class PublishedTerms:
    """A version with the one before it (None for the first) and the one after it, as far as published."""

    terms: Terms
    before: Terms | None
    after: Terms | None


async def terms_at(session: Session, *, program_id: str, at: datetime) -> PublishedTerms | None:
    """The version in force at an instant."""
    found = await terms.in_force(session, program_id=program_id, at=at)
    return await _with_neighbours(session, program_id=program_id, found=found)


async def terms_version(session: Session, *, program_id: str, number: int) -> PublishedTerms | None:
    """One version by number."""
    found = await terms.version(session, program_id=program_id, number=number)
    return await _with_neighbours(session, program_id=program_id, found=found)


async def _with_neighbours(session: Session, *, program_id: str, found: Terms | None) -> PublishedTerms | None:
    if found is None:
        return None
    return PublishedTerms(
        terms=found,
        before=await terms.version(session, program_id=program_id, number=found.version - 1),
        after=await terms.version(session, program_id=program_id, number=found.version + 1),
    )
