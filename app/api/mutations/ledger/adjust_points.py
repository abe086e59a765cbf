"""adjustPoints: points given or taken by hand, with a reason."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.commands import CommandInput, mutate
from app.api.conventions.context import Context, Info
from app.api.mutations.payload_objects import BalancesPayload, WithCustomer, entry_of, result_field
from app.api.types.customers.customer import CustomerBy, customer_reference_of
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.domain.access import Permission
from app.domain.details import length_detail
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.usecases.ledger import adjust_points
from app.usecases.ledger.adjust_points import AdjustPoints, AdjustPointsResult

MAX_ADJUSTMENT_REASON = 500


@strawberry.input(description="Points to add or remove.")
class AdjustPointsInput(CommandInput):
    """The customer, the amount and the reason."""

    customer: CustomerBy = strawberry.field(description="The customer whose points or stamps are adjusted.")
    points: int = strawberry.field(
        description="Whole points: positive to the customer, negative from them, never 0. The owner moves at most 1,000,000 at once, staff at most 1,000; more than the customer can spend cannot be removed."
    )
    unit: Unit = strawberry.field(
        default=Unit.POINTS, description="The unit: points, or stamps if the terms have them."
    )
    reason: str = strawberry.field(
        description="Why, 1 to 500 characters; it stands in the ledger, where the customer sees it."
    )


@strawberry.type(description="Result of `adjustPoints`.")
class AdjustPointsPayload(BalancesPayload[AdjustPointsResult], WithCustomer[AdjustPointsResult]):
    """The balances are those of the mutation; objects are read as they are now."""

    entry: LedgerEntry | None = result_field(
        AdjustPointsResult, entry_of, description="The ledger entry with its reason."
    )


async def resolve(
    info: Info,
    input: Annotated[AdjustPointsInput, strawberry.argument(description="What to do, with its idempotency key.")],
) -> AdjustPointsPayload | None:
    """Add or deduct points by hand, within the limits of the caller's role."""
    info.context.require(Permission.ADJUST_POINTS)
    return await mutate(
        AdjustPointsPayload,
        adjust_points.run,
        _command(input, context=info.context),
        permission=Permission.ADJUST_POINTS,
        input=input,
        info=info,
    )


def _command(input: AdjustPointsInput, *, context: Context) -> AdjustPoints | Problem:
    customer = customer_reference_of(input.customer, context=context)
    if isinstance(customer, Problem):
        return customer
    reason = input.reason.strip()
    if len(reason) > MAX_ADJUSTMENT_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=length_detail(1, MAX_ADJUSTMENT_REASON))
    return AdjustPoints(
        customer=customer, points=input.points, reason=reason or None, role=context.principal.role, unit=input.unit
    )
