"""updateProgram: the owner changes settings of the program."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, execute_command
from app.api.conventions.context import Context, Info
from app.api.conventions.payloads import Payload
from app.api.types.programs.program import Program, program_of
from app.api.types.programs.staff_limits import StaffLimitsInput, changed_limits
from app.domain.access import Permission
from app.domain.details import range_detail
from app.domain.i18n.locales import FormOfAddress
from app.domain.problems import Problem, ProblemCode
from app.domain.programs.slug import slug_error
from app.domain.purchases.receipt_numbers import ReceiptNumbers
from app.usecases.programs import update_program
from app.usecases.programs.update_program import UpdateProgram, UpdateProgramResult

MAX_RECEIPT_AGE_DAYS = 36_500


@strawberry.input(description="Settings of the program. What is left out stays as it is.")
class UpdateProgramInput(CommandInput):
    """One field per setting."""

    receipt_numbers: ReceiptNumbers | None = strawberry.field(
        default=None,
        description="What tells two receipts of the same number apart from now on. Recorded receipts stay as they are, and are told apart by the new setting, too.",
    )
    receipt_day_starts: time | None = strawberry.field(
        default=None,
        description="When a day of business begins if numbers are per day, by the clock of the location: with 04:00, what is rung up between midnight and 4 belongs to the day before.",
    )
    form_of_address: FormOfAddress | None = strawberry.field(
        default=None, description="How German sentences speak to members from now on."
    )
    staff_limits: StaffLimitsInput | None = strawberry.field(
        default=None, description="What staff and tills may do by hand from now on."
    )
    receipt_age_days: int | None = strawberry.field(
        default=None,
        description="How old a purchase or refund from a till may be, 1 to 36,500 days of 24 hours; 30 where nothing was set. An older one goes to quarantine. A sandbox accepts any age.",
    )
    slug: str | None = strawberry.field(
        default=None,
        description="Its name in public addresses from now on: 3 to 40 of a-z, 0-9 and dashes, unique in the deployment. The earlier address stops working.",
    )
    listed: bool | None = strawberry.field(
        default=None, description="Whether the first page of the deployment shows the program."
    )


@strawberry.type(description="Result of `updateProgram`.")
class UpdateProgramPayload(Payload[UpdateProgramResult]):
    """The program with its new settings."""

    @strawberry.field(description="The program, as it is now.")
    def program(self, info: Info) -> Program:
        """Reread after the change, so that it shows the new settings."""
        return program_of(info)


async def resolve(
    info: Info,
    input: Annotated[UpdateProgramInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> UpdateProgramPayload | None:
    """Change settings; later fields of the same request use them."""
    context = info.context
    command = _command(input, context=context)
    outcome = await execute_command(
        update_program.run, command, permission=Permission.UPDATE_PROGRAM, input=input, info=info
    )
    if isinstance(outcome, Problem):
        return UpdateProgramPayload(problem=outcome)
    context.application.settings_changed += 1
    await context.reread_program()
    return UpdateProgramPayload()


def _command(input: UpdateProgramInput, *, context: Context) -> UpdateProgram | Problem:
    staff_limits = changed_limits(input.staff_limits, currency=context.program.currency)
    if isinstance(staff_limits, Problem):
        return staff_limits
    days = input.receipt_age_days
    if days is not None and not 1 <= days <= MAX_RECEIPT_AGE_DAYS:
        return Problem(
            ProblemCode.INVALID_INPUT, path=("receiptAgeDays",), detail=range_detail(1, MAX_RECEIPT_AGE_DAYS)
        )
    if input.slug is not None and (slug_detail := slug_error(input.slug)) is not None:
        return Problem(ProblemCode.INVALID_INPUT, path=("slug",), detail=slug_detail)
    return UpdateProgram(
        receipt_numbers=input.receipt_numbers,
        receipt_day_starts=input.receipt_day_starts,
        form_of_address=input.form_of_address,
        staff_limits=staff_limits,
        receipt_age=timedelta(days=days) if days is not None else None,
        slug=input.slug,
        listed=input.listed,
    )
