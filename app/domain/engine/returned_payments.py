"""What had paid for goods that come back: points return as points, and only what money had paid is paid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from app.domain.amounts import Money, Rounding, rounded, shared_out
from app.domain.purchases.facts import PurchaseFacts


@dataclass(frozen=True, slots=True)
class ReturnedPayments:
    """What comes back of a price: money, and points or stamps by the redemption (id) that had been paid with them."""

    cash: Money
    redeemed: Mapping[str, int]

    def less(self, before: ReturnedPayments) -> ReturnedPayments:
        """What comes back now, when `before` had come back already."""
        cash = Money(self.cash.minor - before.cash.of_currency(self.cash.currency), self.cash.currency)
        return ReturnedPayments(cash, {id: amount - before.redeemed.get(id, 0) for id, amount in self.redeemed.items()})


def total_returned(facts: PurchaseFacts, *, remaining: PurchaseFacts, redeemed: Mapping[str, int]) -> ReturnedPayments:
    """What has come back of the payments in all when only so much of the purchase is kept.

    `spent` are the points or stamps that each redemption (by id) took. It depends on what is kept and on nothing else,
    so any sequence of refunds gives back together what a full one does, in money and in points.
    """
    back = {id: points_to_restore(facts, points=amount, remaining=remaining) for id, amount in redeemed.items()}
    return ReturnedPayments(total_cash_back(facts, remaining=remaining), back)


def returned_payments(
    facts: PurchaseFacts, *, before: PurchaseFacts, after: PurchaseFacts, redeemed: Mapping[str, int]
) -> ReturnedPayments:
    """What comes back of the payments of a purchase when less of it is kept than before; see `returned_in_all`."""
    earlier = total_returned(facts, remaining=before, redeemed=redeemed)
    return total_returned(facts, remaining=after, redeemed=redeemed).less(earlier)


def points_to_restore(facts: PurchaseFacts, *, points: int, remaining: PurchaseFacts) -> int:
    """How many of the points that were paid with have come back in all when only so much of the purchase is kept.

    They are shared out to the lines by largest remainder. Of lines that are kept in part they come back in proportion,
    the sum of these parts rounded, halves up.
    """
    shares = shared_out(points, weights=[line.to_pay() for line in facts.lines])
    left = {line.number: line.to_pay() for line in remaining.lines}
    back = Fraction(0)
    for line, share in zip(facts.lines, shares, strict=True):
        whole = Fraction(line.to_pay())
        gone = 1 - Fraction(left.get(line.number, 0)) / whole if whole else Fraction(0 if line.number in left else 1)
        back += share * gone
    return rounded(back, mode=Rounding.HALF_UP)


def total_cash_back(facts: PurchaseFacts, *, remaining: PurchaseFacts) -> Money:
    """The money that has come back in all when only so much of the purchase is kept: its price, less what points had paid.

    What points had paid is shared out to the lines by largest remainder, as the points themselves are. More is never kept
    by giving back more: each line and its share are counted in whole minor units, and no share exceeds its line.
    """
    prices = [rounded(line.to_pay(), mode=Rounding.HALF_UP) for line in facts.lines]
    left = {line.number: rounded(line.to_pay(), mode=Rounding.HALF_UP) for line in remaining.lines}
    paid = min(sum(prices), rounded(facts.paid_with_points(), mode=Rounding.HALF_UP))
    gone, by_points = 0, Fraction(0)
    for line, price, share in zip(facts.lines, prices, shared_out(paid, weights=prices), strict=True):
        back = price - left.get(line.number, 0)
        gone += back
        by_points += Fraction(share * back, price) if price else 0
    return Money(gone - rounded(by_points, mode=Rounding.HALF_UP), facts.currency)


def cash_due(facts: PurchaseFacts, *, remaining: PurchaseFacts, paid_out: int) -> Money:
    """The money that a refund gives back when so much is kept after it and all others, which paid out so many minor units.

    It settles what they paid out before something became known: an earlier refund, or what the receipt should have said.
    It asks for nothing back.
    """
    return Money(max(0, total_cash_back(facts, remaining=remaining).minor - paid_out), facts.currency)
