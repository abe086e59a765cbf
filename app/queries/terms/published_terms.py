"""The published versions of a program's terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.terms.changes import ClauseChange, clause_changes
from app.domain.terms.version import Terms
from app.store.database.session import Session
from app.store.terms import versions


@dataclass(frozen=True, slots=True)
class TermsWithNeighbours:
    """A version with the one before it (None for the first) and the one after it, among those published and not withdrawn."""

    terms: Terms
    before: Terms | None
    after: Terms | None
    withdrawn: bool

    @property
    def changes(self) -> tuple[ClauseChange, ...]:
        """What the version changed against the one before it; nothing for the first."""
        return clause_changes(self.before, self.terms) if self.before is not None else ()


async def terms_at(session: Session, *, at: datetime) -> TermsWithNeighbours | None:
    """The version in force at an instant."""
    version = await versions.in_force(session, at=at)
    return await _with_neighbours(session, version=version)


async def first_terms_start(session: Session) -> datetime | None:
    """When the first terms start, before which nothing can be recorded; None without terms."""
    first = await versions.first(session)
    return None if first is None else first.effective_from


async def terms_version(session: Session, *, number: int) -> TermsWithNeighbours | None:
    """One version by number."""
    version = await versions.version(session, number=number)
    return await _with_neighbours(session, version=version)


async def _with_neighbours(session: Session, *, version: Terms | None) -> TermsWithNeighbours | None:
    if version is None:
        return None
    return TermsWithNeighbours(
        terms=version,
        before=await versions.before(session, number=version.version),
        after=await versions.after(session, number=version.version),
        withdrawn=await versions.is_withdrawn(session, number=version.version),
    )


@dataclass(frozen=True, slots=True)
class Notice:
    """An announced version, with the version that it replaces."""

    terms: Terms
    before: Terms
    announced_at: datetime


async def notices(session: Session, *, enrolled_at: datetime) -> tuple[Notice, ...]:
    """Versions announced since a customer enrolled, newest first. Customers who enrol later accept them by enrolling."""
    announcements = []
    for announced in await versions.announced(session, since=enrolled_at):
        before = await versions.before(session, number=announced.terms.version)
        if before is not None:
            announcements.append(Notice(terms=announced.terms, before=before, announced_at=announced.published_at))
    return tuple(announcements)
