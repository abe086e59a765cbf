"""Move the clock of a sandbox forward, so that a developer need not wait for what time brings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.problems import Problem, ProblemCode
from app.store import programs
from app.store.programs import Program, ProgramKind
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay

FURTHEST = timedelta(days=3_653)
"""How far one step may go: ten years, with as many leap days as they may have."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Advance:
    """The instant that the clock shall show."""

    to: datetime


async def advance_clock(session: Session, *, call: Call, order: Advance) -> Answer | Problem:
    """Let the program's time be `order.to`, or up to a second later; never earlier than it is already.

    Clocks that are moved at once are moved one after the other.
    """
    if (known := await replay(session, call=call)) is not None:
        return known
    if call.program.kind is not ProgramKind.SANDBOX:
        return Problem(ProblemCode.SANDBOX_ONLY)
    held = await programs.with_clock_held(session, program_id=call.program.id)
    if (problem := _unreachable(order.to, present=held.now(call.received_at))) is not None:
        return problem
    moved = _moved(held, to=order.to, real=call.received_at)
    await programs.set_clock(session, program_id=moved.id, ahead=moved.clock_ahead)
    answer = Answer(clock=moved.now(call.received_at), moved_from=held.now(call.received_at))
    return await keep(session, call=call, answer=answer)


def _unreachable(to: datetime, *, present: datetime) -> Problem | None:
    """Why the clock cannot be moved there, or None."""
    if to <= present:
        detail = f"the clock only goes forward; it shows {_shown(present)}"
    elif to > present + FURTHEST:
        detail = f"at most 10 years ahead at once; the clock shows {_shown(present)}"
    else:
        return None
    return Problem(ProblemCode.INVALID_INPUT, path=("to",), detail=detail)


def _moved(program: Program, *, to: datetime, real: datetime) -> Program:
    """The program with its clock moved by whole seconds, so that what begins at `to` has begun."""
    return replace(program, clock_ahead=-((real - to) // _SECOND) * _SECOND)


def _shown(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
