"""The programs of a deployment, for the `troth` command; not reachable over the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.domain.programs.program import Program
from app.store.database.session import Session, UnscopedSession
from app.store.programs import programs


async def all_programs(session: UnscopedSession) -> tuple[Program, ...]:
    """All programs, oldest first."""
    return await programs.all_programs(session)


own_program: Callable[[Session], Awaitable[Program | None]] = programs.get
"""The program that a session is limited to."""
