"""The programs of a deployment, for the `troth` command; nothing of it is reachable over the API."""

from __future__ import annotations

from app.store import programs
from app.store.programs import Program
from app.store.unit import Session


async def every_program(session: Session) -> tuple[Program, ...]:
    """All programs, oldest first."""
    return await programs.all_programs(session)


async def one_program(session: Session, *, program_id: str) -> Program | None:
    """The program with this id."""
    return await programs.get(session, program_id=program_id)
