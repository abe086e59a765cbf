"""Move the clock of a sandbox forward, so that a developer need not wait for scheduled changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.details import detail_of
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program, ProgramKind
from app.store.database.session import Session
from app.store.programs import programs
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as

LONGEST_STEP = timedelta(days=3_653)
"""The longest step: ten years, with all their leap days."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    """The instant that the clock is set to."""

    new_time: datetime


@stored_as("clock_advanced")
@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClockResult(CommandResult):
    """The program's time after its clock was moved, and before."""

    clock: datetime
    moved_from: datetime


@use_case(AdvanceClockResult)
async def run(session: Session, *, context: CommandContext, command: AdvanceClock) -> AdvanceClockResult | Problem:
    """Set the program's time to `command.new_time`, or up to a second later; never back.

    Concurrent moves are carried out one after the other.
    """
    if context.program.kind is not ProgramKind.SANDBOX:
        return Problem(ProblemCode.SANDBOX_ONLY)
    program = await programs.lock(session)
    if (problem := _clock_problem(command.new_time, present=program.now(context.received_at))) is not None:
        return problem
    moved_program = _with_clock_at(program, new_time=command.new_time, server_time=context.received_at)
    await programs.set_clock(session, ahead=moved_program.clock_ahead)
    return AdvanceClockResult(clock=moved_program.now(context.received_at), moved_from=program.now(context.received_at))


def _clock_problem(new_time: datetime, *, present: datetime) -> Problem | None:
    """Why the clock cannot be set to this time; None if it can."""
    if new_time <= present:
        wrong = detail_of("CLOCK_FORWARD", time=_utc_text(present))
    elif new_time > present + LONGEST_STEP:
        wrong = detail_of("CLOCK_FAR", time=_utc_text(present))
    else:
        return None
    return Problem(ProblemCode.INVALID_INPUT, path=("to",), detail=wrong)


def _with_clock_at(program: Program, *, new_time: datetime, server_time: datetime) -> Program:
    """The program with its clock moved by whole seconds, so that it has reached `new_time`."""
    return replace(program, clock_ahead=-((server_time - new_time) // _SECOND) * _SECOND)


def _utc_text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
