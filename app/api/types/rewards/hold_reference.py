"""References to holds, by the redemption or by the checkout."""

from __future__ import annotations

from typing import TypeVar

import strawberry

from app.api.conventions.ids import decode
from app.domain.names import normalised_identifier
from app.domain.problems import Problem, ProblemCode
from app.usecases.rewards.end_hold import HoldReference

HoldCommand = TypeVar("HoldCommand", bound=HoldReference)


@strawberry.input(
    name="HoldReference", one_of=True, description="A hold, by the id of its redemption or by its checkout."
)
class HoldReferenceInput:
    """Exactly one of these."""

    id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Opaque id of the redemption that `holdRedemption` returned."
    )
    checkout: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The checkout that was sent to `holdRedemption`. A number that fits several active holds is rejected with RECEIPT_AMBIGUOUS.",
    )


def hold_command(command_type: type[HoldCommand], input: HoldReferenceInput) -> HoldCommand | Problem:
    """The command about a hold, or HOLD_NOT_FOUND if the id or the checkout is malformed."""
    redemption_id = decode(input.id, "Redemption") if isinstance(input.id, str) else None
    checkout = normalised_identifier(input.checkout) or None if isinstance(input.checkout, str) else None
    if redemption_id is None and checkout is None:
        return Problem(ProblemCode.HOLD_NOT_FOUND, path=("hold",))
    return command_type(redemption_id=redemption_id, checkout=checkout)
