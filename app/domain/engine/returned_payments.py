"""Payments returned for goods: points are restored as points, and only money payments are refunded as money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from app.domain.amounts import Money, Rounding, allocate_proportionally, rounded
from app.domain.purchases.facts import PurchaseFacts


@dataclass(frozen=True, slots=True)
class ReturnedPayments:
    """Payments returned for goods: the `money` refunded, and the points or stamps restored.

    `restored_by_redemption` has the points or stamps by the id of the redemption that had paid with them.
    """

    money: Money
    restored_by_redemption: Mapping[str, int]

    def less(self, earlier: ReturnedPayments) -> ReturnedPayments:
        """These payments less those that were returned before."""
        money = Money(self.money.minor - earlier.money.minor_units_in(self.money.currency), self.money.currency)
        return ReturnedPayments(
            money,
            {
                id: amount - earlier.restored_by_redemption.get(id, 0)
                for id, amount in self.restored_by_redemption.items()
            },
        )


def total_returned(
    facts: PurchaseFacts, *, remaining: PurchaseFacts, paid_points: Mapping[str, int]
) -> ReturnedPayments:
    """All payments returned once only `remaining` is left of a purchase.

    `paid_points` are the points or stamps that paid for it, by redemption id. The result depends on nothing but what remains, so
    any sequence of refunds returns in total what a single refund would, in money and in points.
    """
    restored_by_redemption = {
        id: points_to_restore(facts, points=amount, remaining=remaining) for id, amount in paid_points.items()
    }
    return ReturnedPayments(total_money_refunded(facts, remaining=remaining), restored_by_redemption)


def payments_returned_between(
    facts: PurchaseFacts, *, before: PurchaseFacts, after: PurchaseFacts, paid_points: Mapping[str, int]
) -> ReturnedPayments:
    """The payments returned when only `after` is left of a purchase of which `before` was left; see `total_returned`."""
    earlier = total_returned(facts, remaining=before, paid_points=paid_points)
    return total_returned(facts, remaining=after, paid_points=paid_points).less(earlier)


def points_to_restore(facts: PurchaseFacts, *, points: int, remaining: PurchaseFacts) -> int:
    """How many of the `points` that had paid for a purchase are restored in total once only `remaining` is left of it.

    Points are allocated to the lines by largest remainder. A line that is returned in part restores its share in proportion;
    the sum of all these parts is rounded, halves up.
    """
    shares = allocate_proportionally(points, weights=[line.amount_due() for line in facts.lines])
    remaining_amounts = {line.number: line.amount_due() for line in remaining.lines}
    exact_points = Fraction(0)
    for line, share in zip(facts.lines, shares, strict=True):
        full_price = Fraction(line.amount_due())
        returned_part = (
            1 - Fraction(remaining_amounts.get(line.number, 0)) / full_price
            if full_price
            else Fraction(0 if line.number in remaining_amounts else 1)
        )
        exact_points += share * returned_part
    return rounded(exact_points, mode=Rounding.HALF_UP)


def total_money_refunded(facts: PurchaseFacts, *, remaining: PurchaseFacts) -> Money:
    """The money refunded in total once only `remaining` is left: the price of returned goods, less what points had paid.

    The amount paid with points is allocated to the lines by largest remainder, like the points. Returning more never
    refunds less: the price of each line and its share are whole minor units, and no share exceeds the price of its line.
    """
    prices = [rounded(line.amount_due(), mode=Rounding.HALF_UP) for line in facts.lines]
    remaining_prices = {line.number: rounded(line.amount_due(), mode=Rounding.HALF_UP) for line in remaining.lines}
    paid_with_points = min(sum(prices), rounded(facts.paid_with_points(), mode=Rounding.HALF_UP))
    returned_total, points_part = 0, Fraction(0)
    for line, price, share in zip(
        facts.lines, prices, allocate_proportionally(paid_with_points, weights=prices), strict=True
    ):
        returned_price = price - remaining_prices.get(line.number, 0)
        returned_total += returned_price
        points_part += Fraction(share * returned_price, price) if price else 0
    return Money(returned_total - rounded(points_part, mode=Rounding.HALF_UP), facts.currency)


def money_due(facts: PurchaseFacts, *, remaining: PurchaseFacts, paid_out: int) -> Money:
    """The money due for a refund after which `remaining` is left, when other refunds have `paid_out` (minor units).

    If an earlier refund or a correction became known late, the other refunds may have paid too little: this adds the
    rest. Never below 0.
    """
    return Money(max(0, total_money_refunded(facts, remaining=remaining).minor - paid_out), facts.currency)
