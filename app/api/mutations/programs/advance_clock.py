"""advanceClock: the clock of a sandbox is moved forward."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, execute_command
from app.api.conventions.context import Info
from app.api.conventions.payloads import Payload
from app.domain.access import Permission
from app.domain.problems import Problem
from app.jobs.scheduler import NoticeReaders, Scheduler
from app.usecases.programs import advance_clock
from app.usecases.programs.advance_clock import AdvanceClock, AdvanceClockResult

TIME_LIMIT = 5
"""Maximum number of seconds that a request spends on running due jobs."""


@strawberry.input(description="The new time of a sandbox.")
class AdvanceClockInput(CommandInput):
    """The new time, which is ahead of the present one."""

    to: datetime = strawberry.field(
        description="The new time of the program's clock: later than its present time, by 10 years at most."
    )
    deliver_notices: bool = strawberry.field(
        default=False,
        description="Whether customers open each notice of expiry that is given while the clock moves, at once, so that their points expire. If false, nobody opens them, and points that expire only after a notice do not expire.",
    )


@strawberry.type(description="Result of `advanceClock`.")
class AdvanceClockPayload(Payload[AdvanceClockResult]):
    """The new time, and whether all jobs due by then have run."""

    clock: datetime = strawberry.field(
        description="What the program's clock showed after it had been moved: `to`, or less than a second later. If it was not moved, what it shows now."
    )
    complete: bool = strawberry.field(
        default=True,
        description="Whether everything that fell due has been done. It is false if that takes more than 5 seconds: servers go on with it, and so does this mutation if it is sent again with the same `idempotencyKey`.",
    )


async def resolve(
    info: Info,
    input: Annotated[AdvanceClockInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> AdvanceClockPayload | None:
    """Move the clock and run the jobs that fell due; later fields of the same request use the new time."""
    context = info.context
    outcome = await execute_command(
        advance_clock.run, AdvanceClock(new_time=input.to), permission=Permission.ADVANCE_CLOCK, input=input, info=info
    )
    await context.reread_program()
    if isinstance(outcome, Problem):
        return AdvanceClockPayload(problem=outcome, clock=context.now)
    readers = None
    if input.deliver_notices:
        readers = NoticeReaders(since=outcome.moved_from, until=outcome.clock)
    result = await Scheduler(context.application).run_program(context.program, readers=readers, time_limit=TIME_LIMIT)
    return AdvanceClockPayload(clock=outcome.clock, complete=result.complete)
