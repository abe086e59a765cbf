"""The published versions of a program's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.terms import Terms
from app.store import terms
from app.store.unit import Session


@dataclass(frozen=True, slots=True)
class PublishedTerms:
    """A version with the one before it (None for the first) and the one after it, as far as published and not withdrawn."""

    terms: Terms
    before: Terms | None
    after: Terms | None
    withdrawn: bool


async def terms_at(session: Session, *, program_id: str, at: datetime) -> PublishedTerms | None:
    """The version in force at an instant."""
    found = await terms.in_force(session, program_id=program_id, at=at)
    return await _with_neighbours(session, program_id=program_id, found=found)


async def first_terms(session: Session, *, program_id: str) -> datetime | None:
    """When the first terms started; before that, nothing can be recorded."""
    found = await terms.first(session, program_id=program_id)
    return None if found is None else found.effective_from


async def terms_version(session: Session, *, program_id: str, number: int) -> PublishedTerms | None:
    """One version by number."""
    found = await terms.version(session, program_id=program_id, number=number)
    return await _with_neighbours(session, program_id=program_id, found=found)


async def _with_neighbours(session: Session, *, program_id: str, found: Terms | None) -> PublishedTerms | None:
    if found is None:
        return None
    return PublishedTerms(
        terms=found,
        before=await terms.before(session, program_id=program_id, number=found.version),
        after=await terms.after(session, program_id=program_id, number=found.version),
        withdrawn=await terms.withdrawn(session, program_id=program_id, number=found.version),
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """A version that was announced to a member, with the one that it replaces."""

    terms: Terms
    before: Terms
    announced_at: datetime


async def notices(session: Session, *, program_id: str, enrolled_at: datetime) -> tuple[Notice, ...]:
    """What was announced since somebody joined, newest first. Whoever joins later accepts it with joining."""
    found = []
    for one in await terms.announced(session, program_id=program_id, since=enrolled_at):
        before = await terms.before(session, program_id=program_id, number=one.terms.version)
        if before is not None:
            found.append(Notice(terms=one.terms, before=before, announced_at=one.published_at))
    return tuple(found)
