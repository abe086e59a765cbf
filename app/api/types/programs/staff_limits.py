"""What staff and tills may do by hand, as the API shows it and as the owner sets it."""

from __future__ import annotations

from decimal import Decimal

import strawberry

from app.api.conventions.context import Context
from app.api.conventions.money import Money, money_of
from app.domain import amounts
from app.domain.amounts import MAX_POINTS, AmountError
from app.domain.details import Detail, range_detail
from app.domain.problems import Problem, ProblemCode

MAX_AMENDMENT_DAYS = 3650
MAX_AMENDMENT_AMOUNT = Decimal(1_000_000_000)

_ADJUSTMENTS_DESCRIPTION = "Points that one staff key may adjust in a day of the program's zone. Added and removed points count alike. The same limit applies to stamps, counted separately. An amended receipt counts by the points it changes, a cancelled redemption by the points it restores."
_TRANSFERS_DESCRIPTION = "Points that one staff key may transfer in a day of the program's zone. A moved purchase counts by the points that move with it."
_DAYS_DESCRIPTION = "The maximum age of a receipt that a till may amend, in days of 24 hours."
_AMOUNT_DESCRIPTION = "The amount by which tills may change any receipt, all changes together, up or down. They may change it by up to twice its total if that is more."


@strawberry.type(
    description="What staff and tills may do by hand. What is above a limit is rejected with ABOVE_LIMIT; only the owner can do it."
)
class StaffLimits:
    """The limits, which `updateProgram` sets."""

    adjustments_per_day: int = strawberry.field(description=_ADJUSTMENTS_DESCRIPTION)
    transfers_per_day: int = strawberry.field(description=_TRANSFERS_DESCRIPTION)
    amendment_days: int = strawberry.field(description=_DAYS_DESCRIPTION)
    amendment_amount: Money = strawberry.field(description=_AMOUNT_DESCRIPTION)


@strawberry.input(description="What staff and tills may do by hand. What is left out stays as it is.")
class StaffLimitsInput:
    """One field per limit."""

    adjustments_per_day: int | None = strawberry.field(
        default=None, description=f"{_ADJUSTMENTS_DESCRIPTION} 0 to {MAX_POINTS:,}; 5,000 where nothing was set."
    )
    transfers_per_day: int | None = strawberry.field(
        default=None, description=f"{_TRANSFERS_DESCRIPTION} 0 to {MAX_POINTS:,}; 10,000 where nothing was set."
    )
    amendment_days: int | None = strawberry.field(
        default=None, description=f"{_DAYS_DESCRIPTION} 0 to {MAX_AMENDMENT_DAYS:,}; 3 where nothing was set."
    )
    amendment_amount: Decimal | None = strawberry.field(
        default=None,
        description=f"{_AMOUNT_DESCRIPTION} In the program's currency, 0 to 1,000,000,000; 100 where nothing was set.",
    )


def staff_limits_of(context: Context) -> StaffLimits:
    """The GraphQL object for the limits of the caller's program."""
    program = context.program
    return StaffLimits(
        adjustments_per_day=program.staff_limits.adjustments,
        transfers_per_day=program.staff_limits.transfers,
        amendment_days=program.staff_limits.amendment_days,
        amendment_amount=money_of(program.staff_limits.always_allowed_amendment(currency=program.currency)),
    )


def changed_limits(input: StaffLimitsInput | None, *, currency: str) -> dict[str, int] | Problem:
    """The limits that an input sets, by their names in the domain, or the problem with the first one that is out of range."""
    if input is None:
        return {}
    number_limits = (
        ("adjustments", input.adjustments_per_day, MAX_POINTS, "adjustmentsPerDay"),
        ("transfers", input.transfers_per_day, MAX_POINTS, "transfersPerDay"),
        ("amendment_days", input.amendment_days, MAX_AMENDMENT_DAYS, "amendmentDays"),
    )
    changed: dict[str, int] = {}
    for name, value, maximum, field in number_limits:
        if value is not None and not 0 <= value <= maximum:
            return _invalid_limit(field, range_detail(0, maximum))
        if value is not None:
            changed[name] = value
    if input.amendment_amount is not None:
        try:
            if not 0 <= input.amendment_amount <= MAX_AMENDMENT_AMOUNT:
                return _invalid_limit("amendmentAmount", range_detail(0, int(MAX_AMENDMENT_AMOUNT)))
            changed["amendment_amount"] = amounts.Money.of(input.amendment_amount, currency).minor
        except AmountError as error:
            return _invalid_limit("amendmentAmount", error.detail)
    return changed


def _invalid_limit(field: str, limit_detail: Detail) -> Problem:
    return Problem(ProblemCode.INVALID_INPUT, path=("staffLimits", field), detail=limit_detail)
