"""Change settings of a program, for everything that is recorded from then on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time, timedelta

from app.domain.i18n.locales import FormOfAddress
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.program import Program
from app.domain.purchases.receipt_numbers import Numbering, ReceiptNumbers
from app.store.database.session import Session
from app.store.programs import programs
from app.usecases.command import CommandContext, use_case
from app.usecases.results import CommandResult, stored_as


@dataclass(frozen=True, slots=True)
class UpdateProgram:
    """New settings; None leaves a setting as it is. `staff_limits` are the limits of staff to change, by name."""

    receipt_numbers: ReceiptNumbers | None = None
    receipt_day_starts: time | None = None
    form_of_address: FormOfAddress | None = None
    staff_limits: Mapping[str, int] = field(default_factory=dict)
    receipt_age: timedelta | None = None
    slug: str | None = None
    listed: bool | None = None

    def applied_to(self, program: Program) -> Program:
        """The program with the new settings."""
        numbering = program.numbering
        day_starts = self.receipt_day_starts if self.receipt_day_starts is not None else numbering.day_starts
        return replace(
            program,
            numbering=Numbering(self.receipt_numbers or numbering.uniqueness, day_starts),
            form_of_address=self.form_of_address or program.form_of_address,
            staff_limits=replace(program.staff_limits, **self.staff_limits),
            max_receipt_age=self.receipt_age if self.receipt_age is not None else program.max_receipt_age,
            slug=self.slug or program.slug,
            listed=self.listed if self.listed is not None else program.listed,
        )


@stored_as("program_updated")
@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProgramResult(CommandResult):
    """Without fields, because the settings are stored with the program."""


@use_case(UpdateProgramResult)
async def run(
    session: Session,
    *,
    context: CommandContext,  # noqa: ARG001 - as every handler
    command: UpdateProgram,
) -> UpdateProgramResult | Problem:
    """Store the settings. Other settings that are changed at the same time are not lost."""
    program = await programs.lock(session)
    program_with_slug = (
        await programs.by_slug(session.across_programs, slug=command.slug) if command.slug is not None else None
    )
    if program_with_slug is not None and program_with_slug.id != program.id:
        return Problem(ProblemCode.SLUG_TAKEN, path=("slug",))
    await programs.set_settings(session, program=command.applied_to(program))
    return UpdateProgramResult()
