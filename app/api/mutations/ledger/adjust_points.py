"""adjustPoints: points given or taken by hand, with a reason."""

from __future__ import annotations

from typing import Annotated

import strawberry

from app.api.conventions.arguments import Language
from app.api.conventions.commands import execute_command
from app.api.conventions.context import Context, Info, set_locale
from app.api.conventions.payloads import Payload, canonical_json
from app.api.mutations.payload_objects import load_customer, load_entry
from app.api.types.customers.customer import Customer, CustomerBy, customer_by
from app.api.types.ledger.balance import Balance, balances
from app.api.types.ledger.ledger_entry import LedgerEntry
from app.domain.access import Permission
from app.domain.problems import Problem, ProblemCode
from app.domain.units import Unit
from app.usecases.command import Answer
from app.usecases.ledger import adjust_points
from app.usecases.ledger.adjust_points import AdjustPoints

LONGEST_REASON = 500


@strawberry.input(description="Points to give or to take.")
class AdjustPointsInput:
    """Whose, how many, why."""

    idempotency_key: str = strawberry.field(
        description="Yours, 1 to 100 characters: the same key with the same input is carried out once and answered the same."
    )
    customer: CustomerBy = strawberry.field(description="Whose points or stamps.")
    points: int = strawberry.field(
        description="Whole points: positive to the customer, negative from them, never 0. The owner moves at most 1,000,000 at once, staff at most 1,000; more than the customer can spend is not taken."
    )
    unit: Unit = strawberry.field(
        default=Unit.POINTS, description="What they are of: points, or stamps where the terms speak of them."
    )
    reason: str = strawberry.field(
        description="Why, 1 to 500 characters; it stands in the ledger, where the customer sees it."
    )


@strawberry.type(description="What adjusting came to.")
class AdjustPointsPayload(Payload):
    """The balance as it was then; objects as they are now."""

    answer: strawberry.Private[Answer | None] = None
    balances: list[Balance] = strawberry.field(
        default_factory=list, description="The balances right after it, one per unit."
    )

    @strawberry.field(description="The ledger entry with its reason.")
    async def entry(self, info: Info) -> LedgerEntry | None:
        """Read again."""
        return await load_entry(self.answer, context=info.context)

    @strawberry.field(description="The customer, as they are now.")
    async def customer(self, info: Info) -> Customer | None:
        """Read again."""
        return await load_customer(self.answer, context=info.context)


async def resolve(
    info: Info,
    input: Annotated[AdjustPointsInput, strawberry.argument(description="What to do, with its idempotency key.")],
    locale: Language = None,
) -> AdjustPointsPayload | None:
    """Adjust once."""
    context = info.context
    set_locale(info, locale)
    context.require(Permission.ADJUST_POINTS)
    outcome = await execute_command(
        adjust_points.run,
        name="adjustPoints",
        permission=Permission.ADJUST_POINTS,
        key=input.idempotency_key,
        payload=canonical_json(input),
        command=_order(input, context=context),
        context=context,
    )
    if isinstance(outcome, Problem):
        return AdjustPointsPayload(problem=outcome)
    return AdjustPointsPayload(answer=outcome, balances=balances(outcome.balances, context=context))


def _order(sent: AdjustPointsInput, *, context: Context) -> AdjustPoints | Problem:
    by = customer_by(sent.customer, context=context)
    if isinstance(by, Problem):
        return by
    reason = sent.reason.strip()
    if len(reason) > LONGEST_REASON:
        return Problem(ProblemCode.INVALID_INPUT, path=("reason",), detail=f"1 to {LONGEST_REASON} characters")
    return AdjustPoints(
        customer=by, points=sent.points, reason=reason or None, role=context.principal.role, unit=sent.unit
    )
