"""What all commands share: the clock, ids, the database, and plain error messages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

import typer
import uuid_utils
from rich.console import Console

from app.config import Settings
from app.domain.programs.program import Program
from app.queries.programs.programs import all_programs, own_program
from app.store.database.connect import open_database
from app.store.database.migrations import migrate as migrate_database
from app.store.database.session import Unavailable
from app.usecases.application import Application

T = TypeVar("T")

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)

ProgramOption = Annotated[
    str | None, typer.Option("--program", help="The program's id; needed when there are several.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def now() -> datetime:
    """The server's time."""
    return datetime.now(UTC)


def new_id() -> str:
    """A new time-ordered id (UUIDv7)."""
    return str(uuid_utils.uuid7())


def exit_after_printing(message: str) -> typer.Exit:
    """Print an error; returns the exit with status 1, to be raised."""
    err.print(f"troth: {message}", style="red", markup=False)
    return typer.Exit(1)


def run_with_application(work: Callable[[Application], Awaitable[T]], *, settings: Settings) -> T:
    """Open the database, with migrations applied, run the work, and close it."""

    async def run() -> T:
        await migrate_database(settings.database_url)
        database = open_database(settings.database_url)
        await database.start()
        try:
            return await work(Application(database=database, clock=now, new_id=new_id))
        finally:
            await database.stop()

    try:
        return asyncio.run(run())
    except Unavailable as error:
        raise exit_after_printing(str(error)) from error


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


async def select_program(application: Application, program_id: str | None) -> Program:
    """The program with the given id, or the only one."""
    if program_id is not None:
        selected = await application.query(own_program, program_id=program_id) if _is_uuid(program_id) else None
        if selected is None:
            raise exit_after_printing(f"there is no program {program_id}")
        return selected
    programs = await application.query_across_programs(all_programs)
    if len(programs) != 1:
        raise exit_after_printing(
            "there are several programs: choose one with --program ID"
            if programs
            else "there is no program yet: troth init"
        )
    return programs[0]
