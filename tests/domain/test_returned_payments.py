"""Restored payments: points as points, money as money, and nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.amounts import Exact, Rounding, rounded
from app.domain.engine.refund import remaining_price_shares, remaining_quantities
from app.domain.engine.returned_payments import payments_returned_between, total_returned
from app.domain.purchases.facts import UNREDUCED_PRICES, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line
from tests.builders import a_line, a_purchase

THIRDS = (a_line(price="33.34"), a_line(price="33.33"), a_line(price="33.33"))


def paid_with(*lines: Line, points: Mapping[str, int]) -> PurchaseFacts:
    """A purchase of which each of these redemptions paid so many minor units."""
    numbered = [line._replace(number=at) for at, line in enumerate(lines, start=1)]
    payments = tuple(Payment(PaymentKind.POINTS, minor, id) for id, minor in points.items())
    return replace(a_purchase(*numbered), payments=payments)


def parts(purchase: PurchaseFacts, *, spent: Mapping[str, int], order: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Money and points paid back with each line, when the lines are returned one by one in an order."""
    found = {}
    before = purchase
    for count, number in enumerate(order, start=1):
        gone = order[:count]
        after = purchase.with_remaining_quantities(
            {line.number: line.quantity for line in purchase.lines if line.number not in gone}
        )
        returned = payments_returned_between(purchase, before=before, after=after, paid_points=spent)
        found[number] = (returned.money.minor, sum(returned.restored_by_redemption.values()))
        before = after
    return found


@pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
def test_each_line_restores_its_share_of_points_and_pays_the_rest(order: Sequence[int]) -> None:
    purchase = paid_with(*THIRDS, points={"r": 2000})
    assert parts(purchase, spent={"r": 2000}, order=order) == {1: (2667, 667), 2: (2666, 667), 3: (2667, 666)}
    whole = total_returned(purchase, remaining=purchase.with_remaining_quantities({}), paid_points={"r": 2000})
    assert (whole.money.minor, whole.restored_by_redemption) == (8000, {"r": 2000})


def test_points_of_several_redemptions_are_restored_to_each() -> None:
    purchase = paid_with(*THIRDS, points={"r": 1500, "s": 500})
    returned = payments_returned_between(
        purchase,
        before=purchase,
        after=purchase.with_remaining_quantities({2: Decimal(1)}),
        paid_points={"r": 1500, "s": 7},
    )
    assert (returned.money.minor, returned.restored_by_redemption) == (6667 - 1333, {"r": 1000, "s": 5})


def test_goods_paid_wholly_with_points_pay_out_no_money() -> None:
    purchase = paid_with(a_line(price="9.00"), points={"r": 900})
    back = total_returned(purchase, remaining=purchase.with_remaining_quantities({}), paid_points={"r": 3})
    assert (back.money.minor, back.restored_by_redemption) == (0, {"r": 3})


@given(st.data())
def test_partial_refunds_in_any_order_pay_out_like_a_full_one(data: st.DataObject) -> None:
    prices = data.draw(st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 5)), min_size=1, max_size=4))
    lines = [
        Line(number=at, sku="tea", quantity=Decimal(many), unit_price=price)
        for at, (price, many) in enumerate(prices, start=1)
    ]
    total = sum(line.price() for line in lines)
    first, second = sorted(data.draw(st.tuples(st.integers(0, total), st.integers(0, total))))
    paid = {id: minor for id, minor in {"r": first, "s": (second - first)}.items() if minor}
    purchase = paid_with(*lines, points=paid)
    spent = {id: data.draw(st.integers(1, 5000)) for id in paid}
    left: dict[int, Decimal] = remaining_quantities(purchase, returned=())
    worth: dict[int, Exact] = dict(UNREDUCED_PRICES)
    before, money, points = purchase, 0, dict.fromkeys(paid, 0)
    steps = st.tuples(st.integers(1, len(lines)), st.booleans(), st.integers(0, 5000))
    for number, by_amount, much in [
        *data.draw(st.lists(steps, max_size=6)),
        *((line.number, False, 5) for line in lines),
    ]:
        if by_amount:
            price = sum(
                rounded(line.amount_due(), mode=Rounding.HALF_UP) for line in before.lines if line.number == number
            )
            worth = remaining_price_shares(
                purchase, quantities=left, price_shares=worth, amounts={number: min(much, price)}
            )
        else:
            left = {**left, number: max(Decimal(0), left[number] - much % 6)}
        after = purchase.with_remaining_quantities(left, price_shares=worth)
        returned = payments_returned_between(purchase, before=before, after=after, paid_points=spent)
        assert 0 <= returned.money.minor <= before.total().minor - after.total().minor
        assert min(returned.restored_by_redemption.values(), default=0) >= 0
        money += returned.money.minor
        points = {id: points[id] + returned.restored_by_redemption[id] for id in points}
        before = after
    assert not any(left.values())
    assert (money, points) == (total - second if paid else total, spent)
