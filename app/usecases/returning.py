"""What comes back of a purchase: quantities that a line can have, and as much as is left of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from app.domain.facts import quantity_problem
from app.domain.problems import Problem, ProblemCode


def no_quantity(lines: Mapping[int, Decimal | None] | None) -> Problem | None:
    """The refusal of a quantity that no line can have, so that what is left of a line is never rounded."""
    for place, quantity in enumerate((lines or {}).values()):
        if quantity is not None and (wrong := quantity_problem(quantity)) is not None:
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(place), "quantity"), detail=wrong)
    return None


def returned_of(
    lines: Mapping[int, Decimal | None] | None, *, kept: Mapping[int, Decimal]
) -> dict[int, Decimal] | Problem:
    """What this refund takes of each line, or why it cannot."""
    wanted = dict.fromkeys(kept) if lines is None else lines
    returned: dict[int, Decimal] = {}
    for number, quantity in wanted.items():
        left = kept.get(number)
        if left is None:
            return Problem(ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"no line {number}")
        taken = left if quantity is None else quantity
        if taken > left:
            return Problem(
                ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"line {number} has {left.normalize():f} left"
            )
        if taken > 0:
            returned[number] = taken
    if not returned:
        return Problem(ProblemCode.NOTHING_TO_REFUND, path=("purchase",), detail="everything was refunded before")
    return returned
