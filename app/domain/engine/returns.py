"""Checks of returns: at most the remaining quantity of a line, and at most its remaining price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from app.domain.amounts import AmountError, Exact, Money, Rounding, allocate_proportionally, rounded
from app.domain.details import detail_of
from app.domain.engine.refund import remaining_price_shares, remaining_quantities
from app.domain.problems import Problem, ProblemCode
from app.domain.purchases.facts import UNREDUCED_PRICES, PurchaseFacts
from app.domain.purchases.lines import quantity_error

Quantities = Mapping[int, Decimal | None]
"""Quantities by line number; None: all that remains of the line."""


class RefundedItems(Protocol):
    """A refund: quantities, and amounts in minor units, both by line number."""

    @property
    def lines(self) -> Mapping[int, Decimal]:
        """Returned quantities."""
        ...

    @property
    def amounts(self) -> Mapping[int, int]:
        """Amounts refunded without goods."""
        ...


@dataclass(frozen=True, slots=True)
class RemainingGoods:
    """The goods that remain of a purchase, by line number.

    `quantities` are what was not returned, `price_shares` the parts of the price left after refunds of amounts without goods.
    """

    quantities: Mapping[int, Decimal]
    price_shares: Mapping[int, Exact]

    @classmethod
    def after_refunds(cls, facts: PurchaseFacts, *, refunds: Iterable[RefundedItems]) -> RemainingGoods:
        """What remains of a purchase after refunds, in their order."""
        remaining = cls(remaining_quantities(facts, returned=()), UNREDUCED_PRICES)
        for refund in refunds:
            remaining = remaining.less(facts, refund=refund)
        return remaining

    def less(self, facts: PurchaseFacts, *, refund: RefundedItems) -> RemainingGoods:
        """What remains after one more refund."""
        quantities = remaining_quantities(facts, returned=[refund.lines], quantities_before=self.quantities)
        return RemainingGoods(
            quantities,
            remaining_price_shares(
                facts, quantities=quantities, price_shares=self.price_shares, amounts=refund.amounts
            ),
        )

    def applied_to(self, facts: PurchaseFacts) -> PurchaseFacts:
        """The purchase with only the remaining goods."""
        return facts.with_remaining_quantities(self.quantities, price_shares=self.price_shares)


@dataclass(frozen=True, slots=True)
class ReturnedItems:
    """A checked return: quantities, and amounts in minor units without goods, both by line number."""

    lines: Mapping[int, Decimal]
    amounts: Mapping[int, int] = field(default_factory=dict)


def price_of_refund(facts: PurchaseFacts, *, before: Iterable[RefundedItems], refund: RefundedItems) -> int:
    """The price, in minor units, of what a refund returns after the refunds `before` it."""
    remaining = RemainingGoods.after_refunds(facts, refunds=before)
    return (
        remaining.applied_to(facts).total().minor - remaining.less(facts, refund=refund).applied_to(facts).total().minor
    )


def quantity_problem(lines: Quantities | None) -> Problem | None:
    """The problem with a quantity that no line can have, or None. As such quantities are rejected, none is ever rounded."""
    for index, quantity in enumerate((lines or {}).values()):
        if quantity is not None and (error := quantity_error(quantity)) is not None:
            return Problem(ProblemCode.INVALID_INPUT, path=("lines", str(index), "quantity"), detail=error)
    return None


def resolve_return(
    *,
    lines: Quantities | None,
    amounts: Mapping[int, Decimal],
    amount: Decimal | None,
    facts: PurchaseFacts,
    remaining: RemainingGoods,
) -> ReturnedItems | Problem:
    """The return that a refund requests, or the problem with it.

    `amounts` are in major units by line, `amount` is for the whole purchase and allocated to its lines by their remaining
    price. Without lines and amounts, everything is returned.
    """
    returns_all = lines is None and not amounts and amount is None
    quantities = _returned_quantities(
        dict.fromkeys(remaining.quantities) if returns_all else lines or {}, remaining=remaining.quantities
    )
    if isinstance(quantities, Problem):
        return quantities
    minor_amounts = _minor_amounts(
        amounts, amount=amount, facts=facts, remaining=remaining.less(facts, refund=ReturnedItems(quantities))
    )
    if isinstance(minor_amounts, Problem):
        return minor_amounts
    if not quantities and not minor_amounts:
        return Problem(ProblemCode.NOTHING_TO_REFUND, path=("purchase",), detail=detail_of("NOTHING_LEFT"))
    return ReturnedItems(quantities, minor_amounts)


def _returned_quantities(requested: Quantities, *, remaining: Mapping[int, Decimal]) -> dict[int, Decimal] | Problem:
    returned_quantities: dict[int, Decimal] = {}
    for number, quantity in requested.items():
        remaining_quantity = remaining.get(number)
        if remaining_quantity is None:
            return Problem(ProblemCode.NOTHING_TO_REFUND, path=("lines",), detail=detail_of("NO_LINE", number=number))
        returned_quantity = remaining_quantity if quantity is None else quantity
        if returned_quantity > remaining_quantity:
            return Problem(
                ProblemCode.NOTHING_TO_REFUND,
                path=("lines",),
                detail=detail_of("LINE_LEFT", number=number, quantity=remaining_quantity),
            )
        if returned_quantity > 0:
            returned_quantities[number] = returned_quantity
    return returned_quantities


def _minor_amounts(
    amounts: Mapping[int, Decimal], *, amount: Decimal | None, facts: PurchaseFacts, remaining: RemainingGoods
) -> dict[int, int] | Problem:
    """The amounts in minor units, none above the remaining price of its line."""
    remaining_prices = {
        line.number: rounded(line.amount_due(), mode=Rounding.HALF_UP) for line in remaining.applied_to(facts).lines
    }
    try:
        requested_amounts = {number: Money.of(value, facts.currency).minor for number, value in amounts.items()}
        total_amount = Money.of(amount, facts.currency).minor if amount is not None else None
    except AmountError as error:
        return Problem(ProblemCode.INVALID_INPUT, path=("amount",), detail=error.detail)
    if total_amount is not None:
        if total_amount > sum(remaining_prices.values()):
            return _price_problem(sum(remaining_prices.values()), path="amount", facts=facts)
        requested_amounts = dict(
            zip(
                remaining_prices,
                allocate_proportionally(total_amount, weights=list(remaining_prices.values())),
                strict=True,
            )
        )
    for number, minor in requested_amounts.items():
        if minor > remaining_prices.get(number, 0):
            return _price_problem(remaining_prices.get(number, 0), path="lines", facts=facts)
    return {number: minor for number, minor in requested_amounts.items() if minor}


def _price_problem(remaining_price: int, *, path: str, facts: PurchaseFacts) -> Problem:
    """The problem with an amount above the remaining price (minor units)."""
    return Problem(
        ProblemCode.NOTHING_TO_REFUND,
        path=(path,),
        detail=detail_of("PRICE_LEFT", amount=Money(remaining_price, facts.currency)),
    )
