"""What all commands share: the clock, ids, the database, and error messages in one sentence."""

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
from app.domain.problems import Problem
from app.domain.programs.program import Program
from app.queries.programs.programs import all_programs, own_program
from app.store.database.connect import open_database
from app.store.database.migrations import migrate as migrate_database
from app.store.database.migrations import missing_migrations
from app.usecases.application import Application
from app.usecases.command import CommandType, UseCase
from app.usecases.results import ResultType

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


def run_with_application(
    work: Callable[[Application], Awaitable[T]], *, settings: Settings, migrating: bool = False
) -> T:
    """Open the database, run the work, and close it.

    The database must exist and be up to date, unless the command may create and migrate it (`migrating`).
    """

    async def run() -> T:
        if migrating:
            await migrate_database(settings.database_url)
        else:
            await _check_migrated(settings.database_url)
        database = open_database(settings.database_url)
        await database.start()
        try:
            return await work(Application(database=database, clock=now, new_id=new_id))
        finally:
            await database.stop()

    return asyncio.run(run())


async def _check_migrated(url: str) -> None:
    missing = await missing_migrations(url)
    if missing is None:
        raise exit_after_printing("there is no database yet: troth init creates it, at TROTH_DATABASE_URL")
    if missing:
        raise exit_after_printing("the database was made by an older version of Troth: run troth migrate first")


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


async def execute(
    application: Application,
    use_case: UseCase[CommandType, ResultType],
    *,
    name: str,
    program: Program,
    command: CommandType,
) -> ResultType | Problem:
    """Carry out a command under a new idempotency key, so that each call carries it out; returns its result."""
    key = f"cli:{new_id()}"
    execution = await application.execute(
        use_case, name=name, program=program, principal=None, key=key, fingerprint_input=key, command=command
    )
    return execution if isinstance(execution, Problem) else execution.result
