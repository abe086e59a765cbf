"""What comes back of a purchase: goods, as much as is left of a line, and money without goods, as much as it still comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from app.domain.amounts import AmountError, Exact, Money, Rounding, rounded, shared_out
from app.domain.engine.refund import remaining_quantities, remaining_value
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import FULL_PRICE, PurchaseFacts, quantity_problem

Quantities = Mapping[int, Decimal | None]
"""Quantities by line number; None: all that is left of the line."""


class RefundedItems(Protocol):
    """A refund that was made: quantities, and amounts in minor units, both by line number."""

    @property
    def lines(self) -> Mapping[int, Decimal]:
        """Goods that came back."""
        ...

    @property
    def amounts(self) -> Mapping[int, int]:
        """Money that was given back without goods."""
        ...


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the customer has kept: quantities by line, and the part of each line's price that was not given back."""

    quantities: Mapping[int, Decimal]
    price_shares: Mapping[int, Exact]

    @classmethod
    def after(cls, facts: PurchaseFacts, *, refunds: Iterable[RefundedItems]) -> Remaining:
        """What is left of a purchase after refunds, in their order."""
        left = cls(remaining_quantities(facts, returned=()), FULL_PRICE)
        for refund in refunds:
            left = left.less(facts, refund=refund)
        return left

    def less(self, facts: PurchaseFacts, *, refund: RefundedItems) -> Remaining:
        """What is left after one more refund."""
        quantities = remaining_quantities(facts, returned=[refund.lines], of=self.quantities)
        return Remaining(
            quantities,
            remaining_value(facts, quantities=quantities, price_shares=self.price_shares, amounts=refund.amounts),
        )

    def of(self, facts: PurchaseFacts) -> PurchaseFacts:
        """The purchase as it was kept."""
        return facts.remaining(self.quantities, price_shares=self.price_shares)


@dataclass(frozen=True, slots=True)
class ReturnedItems:
    """What a refund gives back: quantities, and amounts in minor units without goods, both by line number."""

    lines: Mapping[int, Decimal]
    amounts: Mapping[int, int] = field(default_factory=dict)

    def left(self, facts: PurchaseFacts, *, of: Remaining) -> Remaining:
        """What is left after it."""
        return of.less(facts, refund=self)


def price_of_refund(facts: PurchaseFacts, *, before: Iterable[RefundedItems], refund: RefundedItems) -> int:
    """The price, in minor units, of what comes back of a purchase after all that came back `before`."""
    left = Remaining.after(facts, refunds=before)
    return left.of(facts).total().minor - left.less(facts, refund=refund).of(facts).total().minor


def invalid_quantity(lines: Quantities | None) -> Problem | None:
    """The refusal of a quantity that no line can have, so that what is left of a line is never rounded."""
    for place, quantity in enumerate((lines or {}).values()):
        if quantity is not None and (wrong := quantity_problem(quantity)) is not None:
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(place), "quantity"), detail=wrong)
    return None


def resolve_return(
    *,
    lines: Quantities | None,
    amounts: Mapping[int, Decimal],
    amount: Decimal | None,
    facts: PurchaseFacts,
    remaining: Remaining,
) -> ReturnedItems | Problem:
    """What a refund gives back, or why it cannot.

    `amounts` are major units of a line's price, `amount` of the whole purchase, shared out to its lines by what they
    still come to. Without lines and amounts everything comes back.
    """
    whole = lines is None and not amounts and amount is None
    back = _quantities(dict.fromkeys(remaining.quantities) if whole else lines or {}, remaining=remaining.quantities)
    if isinstance(back, Problem):
        return back
    money = _amounts(amounts, amount=amount, facts=facts, remaining=ReturnedItems(back).left(facts, of=remaining))
    if isinstance(money, Problem):
        return money
    if not back and not money:
        return Problem(ProblemCode.NOTHING_TO_REFUND, path=("purchase",), detail="everything was refunded before")
    return ReturnedItems(back, money)


def _quantities(requested: Quantities, *, remaining: Mapping[int, Decimal]) -> dict[int, Decimal] | Problem:
    returned: dict[int, Decimal] = {}
    for number, quantity in requested.items():
        there = remaining.get(number)
        if there is None:
            return Problem(ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"no line {number}")
        taken = there if quantity is None else quantity
        if taken > there:
            return Problem(
                ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=f"line {number} has {there.normalize():f} left"
            )
        if taken > 0:
            returned[number] = taken
    return returned


def _amounts(
    amounts: Mapping[int, Decimal], *, amount: Decimal | None, facts: PurchaseFacts, remaining: Remaining
) -> dict[int, int] | Problem:
    """The amounts in minor units, none above what its line still comes to."""
    values = {line.number: rounded(line.to_pay(), mode=Rounding.HALF_UP) for line in remaining.of(facts).lines}
    try:
        asked = {number: Money.of(each_number, facts.currency).minor for number, each_number in amounts.items()}
        all_of_it = Money.of(amount, facts.currency).minor if amount is not None else None
    except AmountError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=str(error))
    if all_of_it is not None:
        if all_of_it > sum(values.values()):
            return _too_much(sum(values.values()), path="amount", facts=facts)
        asked = dict(zip(values, shared_out(all_of_it, weights=list(values.values())), strict=True))
    for number, minor in asked.items():
        if minor > values.get(number, 0):
            return _too_much(values.get(number, 0), path="lines", facts=facts)
    return {number: minor for number, minor in asked.items() if minor}


def _too_much(left: int, *, path: str, facts: PurchaseFacts) -> Problem:
    return Problem(
        ProblemCode.NOTHING_TO_REFUND,
        path=(path,),
        detail=f"{Money(left, facts.currency).decimal():f} is left of its price",
    )
