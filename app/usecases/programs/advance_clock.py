"""Move the clock of a sandbox forward, so that a developer need not wait for scheduled changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.details import detail
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program, ProgramKind
from app.store.database.session import Session
from app.store.programs import programs
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as

FURTHEST = timedelta(days=3_653)
"""The longest step: ten years, with all their leap days."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class AdvanceClock:
    """The instant that the clock is set to."""

    to: datetime


@stored_as("clock_advanced")
@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceClockResult(CommandResult):
    """The program's time after its clock was moved, and before."""

    clock: datetime
    moved_from: datetime


@use_case(AdvanceClockResult)
async def run(session: Session, *, context: CommandContext, command: AdvanceClock) -> AdvanceClockResult | Problem:
    """Set the program's time to `command.to`, or up to a second later; never earlier than it is.

    Concurrent moves are carried out one after the other.
    """
    if context.program.kind is not ProgramKind.SANDBOX:
        return Problem(ProblemCode.SANDBOX_ONLY)
    program = await programs.lock(session)
    if (problem := _clock_problem(command.to, present=program.now(context.received_at))) is not None:
        return problem
    moved = _with_clock_at(program, to=command.to, real=context.received_at)
    await programs.set_clock(session, ahead=moved.clock_ahead)
    return AdvanceClockResult(clock=moved.now(context.received_at), moved_from=program.now(context.received_at))


def _clock_problem(to: datetime, *, present: datetime) -> Problem | None:
    """Why the clock cannot be set to this time, or None."""
    if to <= present:
        wrong = detail("CLOCK_FORWARD", time=_shown(present))
    elif to > present + FURTHEST:
        wrong = detail("CLOCK_FAR", time=_shown(present))
    else:
        return None
    return Problem(ProblemCode.INVALID_INPUT, path=("to",), detail=wrong)


def _with_clock_at(program: Program, *, to: datetime, real: datetime) -> Program:
    """The program with its clock moved by whole seconds, so that `to` has been reached."""
    return replace(program, clock_ahead=-((real - to) // _SECOND) * _SECOND)


def _shown(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
