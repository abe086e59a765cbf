"""Change settings of a program: they hold for what is recorded from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta

from app.domain.problems import Problem
from app.domain.receipt_numbers import Numbering, ReceiptNumbers
from app.domain.wording import Address
from app.store import programs
from app.store.programs import Program
from app.store.unit import Session
from app.usecases.call import Answer, Call, keep, replay


@dataclass(frozen=True, slots=True)
class ProgramSettings:
    """What shall be set; None leaves a setting as it is. `staff` are limits of staff by name, those that change."""

    receipt_numbers: ReceiptNumbers | None = None
    receipt_day_starts: time | None = None
    address: Address | None = None
    staff: Mapping[str, int] = field(default_factory=dict)
    receipt_age: timedelta | None = None

    def of(self, program: Program) -> Program:
        """The program with these settings."""
        before = program.numbering
        starts = self.receipt_day_starts if self.receipt_day_starts is not None else before.day_starts
        return replace(
            program,
            numbering=Numbering(self.receipt_numbers or before.numbers, starts),
            address=self.address or program.address,
            staff=replace(program.staff, **self.staff),
            receipt_age=self.receipt_age if self.receipt_age is not None else program.receipt_age,
        )


async def update_program(session: Session, *, call: Call, order: ProgramSettings) -> Answer | Problem:
    """Keep the settings. Who changes some at once with another owner leaves the other one's alone."""
    if (known := await replay(session, call=call)) is not None:
        return known
    held = await programs.with_clock_held(session, program_id=call.program.id)
    await programs.set_settings(session, program=order.of(held))
    return await keep(session, call=call, answer=Answer())
