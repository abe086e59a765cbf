"""What anybody may read of a program, without a key: its name, and every published version of its terms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.domain.programs.program import Program
from app.domain.terms.status import PublishedVersion, TermsStatus, statuses_at
from app.queries.terms.published_terms import TermsWithNeighbours, terms_version
from app.store.database.session import Session, UnscopedSession
from app.store.programs import programs
from app.store.terms import versions

MAX_LISTED_VERSIONS = 100
MAX_LISTED_PROGRAMS = 100


class VersionStatus(NamedTuple):
    """A version, and whether it is scheduled, in force, superseded or withdrawn."""

    version: PublishedVersion
    status: TermsStatus


@dataclass(frozen=True, slots=True)
class PublicProgram:
    """A program with its last versions, newest first, and their status at `now` of the program's clock."""

    program: Program
    now: datetime
    versions: tuple[VersionStatus, ...]

    @property
    def current(self) -> VersionStatus | None:
        """The version in force or, if none is yet, the scheduled one that starts first; None if there is neither."""
        in_force = (version_status for version_status in self.versions if version_status.status is TermsStatus.IN_FORCE)
        scheduled = (
            version_status
            for version_status in reversed(self.versions)
            if version_status.status is TermsStatus.SCHEDULED
        )
        return next(in_force, None) or next(scheduled, None)

    @property
    def announced(self) -> VersionStatus | None:
        """The version that starts next, if another one is in force."""
        current = self.current
        scheduled = (
            version_status
            for version_status in reversed(self.versions)
            if version_status.status is TermsStatus.SCHEDULED
        )
        return next((version_status for version_status in scheduled if version_status is not current), None)

    @property
    def next_start(self) -> datetime | None:
        """When the status of a version changes next, if nothing is published or withdrawn before; None if never."""
        starts = (
            version_status.version.effective_from
            for version_status in self.versions
            if version_status.status is TermsStatus.SCHEDULED
        )
        return min(starts, default=None)


@dataclass(frozen=True, slots=True)
class PublicTerms:
    """A published version of a program's terms, with its neighbours, its status, and the program."""

    public_program: PublicProgram
    published: TermsWithNeighbours
    status: TermsStatus


async def public_program(
    session: UnscopedSession, *, slug: str, now_of: Callable[[Program], datetime]
) -> PublicProgram | None:
    """The program with this slug, listed or not; None if there is none. `now_of` reads the program's clock."""
    program = await programs.by_slug(session, slug=slug)
    return None if program is None else await _with_versions(session, program=program, at=now_of(program))


async def listed_programs(
    session: UnscopedSession, *, now_of: Callable[[Program], datetime]
) -> tuple[Program, ...] | PublicProgram:
    """The programs that want to be listed, by name, at most 100; if exactly one is listed, that one with its versions."""
    listed = await programs.listed_programs(session, limit=MAX_LISTED_PROGRAMS)
    if len(listed) != 1:
        return listed
    return await _with_versions(session, program=listed[0], at=now_of(listed[0]))


async def public_terms(
    session: UnscopedSession, *, slug: str, number: int | None, now_of: Callable[[Program], datetime]
) -> PublicTerms | None:
    """A version of the terms of a program, by default the current one; None without such a program or version."""
    program = await public_program(session, slug=slug, now_of=now_of)
    return None if program is None else await version_of(session, program=program, number=number)


async def version_of(session: UnscopedSession, *, program: PublicProgram, number: int | None) -> PublicTerms | None:
    """A version of a program's terms, by default the current one; None without such a version."""
    if number is None:
        current = program.current
        if current is None:
            return None
        number = current.version.number
    version = await terms_version(Session(session, program_id=program.program.id), number=number)
    if version is None:
        return None
    status = next(
        (version_status.status for version_status in program.versions if version_status.version.number == number), None
    )
    # A version that is not among the last ones has long been followed by others.
    return PublicTerms(program, version, status if status is not None else _status_of_long_past(version))


def _status_of_long_past(version: TermsWithNeighbours) -> TermsStatus:
    return TermsStatus.WITHDRAWN if version.withdrawn else TermsStatus.SUPERSEDED


async def _with_versions(session: UnscopedSession, *, program: Program, at: datetime) -> PublicProgram:
    program_session = Session(session, program_id=program.id)
    newest_first = await versions.newest_first(program_session, limit=MAX_LISTED_VERSIONS)
    statuses = statuses_at(at, versions=newest_first)
    return PublicProgram(program, at, tuple(map(VersionStatus, newest_first, statuses)))
