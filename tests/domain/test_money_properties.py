"""Properties of money and points, over currencies with 0, 2 and 3 decimals, with and without an exchange rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.conventions.scalars import parse_decimal, serialize_decimal
from app.domain.amounts import (
    DECIMALS,
    MAX_MINOR_UNITS,
    AmountError,
    ExchangeRate,
    Money,
    Rounding,
    allocate_proportionally,
    rounded,
)
from app.domain.engine.earning import earn
from app.domain.engine.redemption import redeem
from app.domain.engine.refund import outcome_from_snapshot, remaining_quantities
from app.domain.purchases.eligible import AmountBasis, EligiblePurchase
from app.domain.purchases.facts import FactsError, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.purchases.receipt_limits import exchange_rate_of
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.validation import DraftedClause
from app.domain.terms.version import Terms
from tests.builders import NOON
from tests.soak_settings import property_settings

CURRENCIES = ("JPY", "EUR", "KWD")
PLENTY = 10**9
"""More points than any of these purchases earns."""

currencies = st.sampled_from(CURRENCIES)
rates = st.decimals("0.0001", "500", places=4) | st.sampled_from([Decimal("0.000000000001"), Decimal(1), Decimal(1000)])
tax_rates = st.sampled_from([None, Decimal("0.19"), Decimal("0.081")])


@st.composite
def lines_of(draw: st.DrawFn, number: int, *, whole: bool = False, kind: LineKind = LineKind.GOODS) -> Line:
    """A line of up to five items, or of some measure."""
    weights = st.sampled_from([Decimal("0.75"), Decimal("0.333"), Decimal("1.001")])
    items = st.integers(1, 5).map(Decimal)
    line = Line(
        number=number,
        sku=f"sku-{number}",
        quantity=draw(items if whole else items | weights),
        unit_price=draw(st.integers(0, 60_000)),
        tax_rate=draw(tax_rates),
        tax_included=draw(st.booleans()),
        kind=kind,
    )
    return line._replace(discount=draw(st.sampled_from([0, 0, line.price() // 3, line.price()])))


@st.composite
def purchases(draw: st.DrawFn, own: str, *, whole: bool = False) -> PurchaseFacts:
    """A purchase in any of the currencies, at a rate where it is not the program's, partly paid with points or not."""
    currency = draw(currencies)
    lines = tuple(draw(lines_of(number, whole=whole)) for number in range(1, draw(st.integers(1, 4)) + 1))
    facts = PurchaseFacts(
        occurred_at=NOON,
        zone="Europe/London",
        currency=currency,
        lines=lines,
        exchange_rate=ExchangeRate(draw(rates), own) if currency != own else None,
    )
    with_points = draw(st.sampled_from([0, 0, 1, 2])) * amount_due(facts).__floor__() // 2
    return replace(facts, payments=(Payment(PaymentKind.POINTS, with_points),)) if with_points else facts


@st.composite
def terms_of(draw: st.DrawFn, own: str) -> Terms:
    """Terms in the program's currency: in proportion, by full steps, from a minimum spend, capped, rounded any way."""
    amounts = st.integers(1, 40_000).map(lambda minor: Money(minor, own))
    points = st.integers(1, 300)
    effects = st.builds(PointsPerAmount, points=points, per=amounts) | st.builds(
        PointsPerFullAmount, points=points, per=amounts
    )
    clauses: list[DraftedClause] = [("base", (), draw(effects))]
    if draw(st.booleans()):
        clauses.append(("large", (MinimumSpend(draw(amounts)),), draw(effects)))
    if draw(st.booleans()):
        clauses.append(("bonus", (MinimumSpend(draw(amounts)),), BonusPoints(draw(points))))
    if draw(st.booleans()):
        clauses.append(("cap", (), PointsCap(points=draw(st.integers(1, 100_000)), scope=CapScope.PURCHASE)))
    if draw(st.booleans()):
        clauses.append(("stack", (), Combination(CombinationMode.STACK)))
    clauses.append(("round", (), draw(st.builds(RoundingRule, mode=_any(Rounding), scope=_any(RoundingScope)))))
    return drafted(own, clauses)


def _any(values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(values))


def drafted(own: str, clauses: Sequence[DraftedClause]) -> Terms:
    """Terms in force since 2020."""
    return Terms.from_draft(
        version=1,
        effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        currency=own,
        zone="Europe/London",
        clauses=clauses,
    )


@st.composite
def terms_and_purchases(draw: st.DrawFn, *, whole: bool = False) -> tuple[Terms, PurchaseFacts]:
    """Terms and a purchase that they decide."""
    own = draw(currencies)
    return draw(terms_of(own)), draw(purchases(own, whole=whole))


@st.composite
def partial_refunds(draw: st.DrawFn, purchase: PurchaseFacts) -> list[dict[int, Decimal]]:
    """Some partial refunds of a purchase."""
    left = {line.number: line.quantity for line in purchase.lines}
    steps: list[dict[int, Decimal]] = []
    for _ in range(draw(st.integers(0, 4))):
        number = draw(st.sampled_from(sorted(left)))
        thousandths = draw(st.integers(1, max(1, int(left[number] * 1000))))
        quantity = min(left[number], Decimal(thousandths).scaleb(-3))
        if quantity > 0:
            left[number] -= quantity
            steps.append({number: quantity})
    return steps


def amount_due(facts: PurchaseFacts) -> Fraction:
    """The price of a purchase, in minor units of its own currency."""
    return Fraction(sum(line.amount_due() for line in facts.lines))


def points(terms: Terms, facts: PurchaseFacts) -> int:
    """The points that it earns."""
    return earn(terms=terms, facts=facts).points


def total(facts: PurchaseFacts) -> Fraction:
    """Its eligible amount by default, in minor units of the program's currency."""
    return Fraction(EligiblePurchase.of(facts, basis=AmountBasis(), program_zone=facts.zone).total())


def clawbacks(
    terms: Terms, purchase: PurchaseFacts, steps: Sequence[Mapping[int, Decimal]]
) -> tuple[list[int], list[int]]:
    """The points due and the money paid out by each refund, in minor units of the purchase's currency."""
    earned = points(terms, purchase)
    due: list[int] = []
    cash: list[int] = []
    left = remaining_quantities(purchase, returned=())
    for step in steps:
        after = remaining_quantities(purchase, returned=[step], quantities_before=left)
        outcome = outcome_from_snapshot(
            terms=terms,
            facts=purchase,
            earned_points=earned,
            quantities_before=left,
            quantities_after=after,
            available=PLENTY,
            occurred_at=NOON,
        )
        assert outcome.money.currency == purchase.currency
        due.append(outcome.clawback_due)
        cash.append(outcome.money.minor)
        left = after
    return due, cash


def paid_in_money(purchase: PurchaseFacts) -> int:
    """The part of the price not paid with points, in minor units."""
    return max(0, purchase.total().minor - rounded(purchase.paid_with_points(), mode=Rounding.HALF_UP))


def final_refund(purchase: PurchaseFacts, steps: Sequence[Mapping[int, Decimal]]) -> dict[int, Decimal]:
    """A refund of everything that the earlier refunds have left."""
    return {number: quantity for number, quantity in remaining_quantities(purchase, returned=steps).items() if quantity}


@given(terms_and_purchases(), st.randoms(use_true_random=False))
@property_settings(40)
def test_points_do_not_depend_on_the_order_of_lines(world: tuple[Terms, PurchaseFacts], shuffling: Any) -> None:
    terms, purchase = world
    shuffled = list(purchase.lines)
    shuffling.shuffle(shuffled)
    again = replace(purchase, lines=tuple(line._replace(number=at) for at, line in enumerate(shuffled, start=1)))
    assert earn(terms=terms, facts=again) == earn(terms=terms, facts=purchase)


@given(st.data())
@property_settings(40)
def test_full_refund_after_partial_ones_claws_back_exactly_what_was_earned(data: st.DataObject) -> None:
    terms, purchase = data.draw(terms_and_purchases())
    steps = data.draw(partial_refunds(purchase))
    if left := final_refund(purchase, steps):
        steps = [*steps, left]
    due, cash = clawbacks(terms, purchase, steps)
    assert sum(due) == points(terms, purchase)
    assert sum(cash) == paid_in_money(purchase)
    assert min(due) >= 0
    assert min(cash) >= 0


@given(st.data())
@property_settings(40)
def test_clawback_depends_only_on_kept_goods_and_never_exceeds_the_earned_points(
    data: st.DataObject,
) -> None:
    terms, purchase = data.draw(terms_and_purchases())
    steps = data.draw(partial_refunds(purchase))
    other = data.draw(st.permutations(steps))
    earned, left = (
        points(terms, purchase),
        points(terms, purchase.with_remaining_quantities(remaining_quantities(purchase, returned=steps))),
    )
    due, cash = clawbacks(terms, purchase, steps)
    assert sum(due) == earned - left
    assert all(0 <= sum(due[:count]) <= earned for count in range(len(due) + 1))
    again, cash_again = clawbacks(terms, purchase, other)
    assert (sum(again), sum(cash_again)) == (sum(due), sum(cash))


@given(st.data())
@property_settings(40)
def test_keeping_everything_equals_the_purchase_at_any_rate(data: st.DataObject) -> None:
    terms, purchase = data.draw(terms_and_purchases())
    everything = {line.number: line.quantity for line in purchase.lines}
    assert earn(terms=terms, facts=purchase.with_remaining_quantities(everything)) == earn(terms=terms, facts=purchase)
    left = remaining_quantities(purchase, returned=data.draw(partial_refunds(purchase)))
    assert points(terms, purchase.with_remaining_quantities(left)) <= points(terms, purchase)


@given(st.data())
@property_settings(40)
def test_kept_goods_are_converted_exactly_and_as_a_whole(data: st.DataObject) -> None:
    _, purchase = data.draw(terms_and_purchases())
    left = purchase.with_remaining_quantities(
        remaining_quantities(purchase, returned=data.draw(partial_refunds(purchase)))
    )
    unexchanged = replace(left, exchange_rate=None)
    rate = (
        purchase.exchange_rate.factor(foreign_currency=purchase.currency) if purchase.exchange_rate is not None else 1
    )
    assert total(left) == total(unexchanged) * rate
    bare = replace(left, payments=())
    assert total(bare) == sum(total(replace(bare, lines=(line,))) for line in bare.lines)


@given(st.data(), st.permutations(CURRENCIES), st.integers(1, 2_000))
@property_settings(40)
def test_foreign_purchase_is_decided_like_one_in_the_program_currency(
    data: st.DataObject, several: list[str], factor: int
) -> None:
    own, foreign, _ = several
    terms = data.draw(terms_of(own))
    at_home = replace(data.draw(purchases(own, whole=True)), currency=own, exchange_rate=None)
    # A unit of the smallest kind abroad is `factor` of the smallest kind at home.
    rate = Decimal(factor).scaleb(DECIMALS[foreign] - DECIMALS[own])
    abroad = replace(at_home, currency=foreign, exchange_rate=ExchangeRate(rate, own))
    at_home = replace(
        at_home,
        lines=tuple(
            line._replace(unit_price=line.unit_price * factor, discount=line.discount * factor)
            for line in at_home.lines
        ),
        payments=tuple(replace(payment, amount=payment.amount * factor) for payment in at_home.payments),
    )
    assert earn(terms=terms, facts=abroad) == earn(terms=terms, facts=at_home)


@given(terms_and_purchases())
@property_settings(40)
def test_buying_gift_cards_earns_nothing_and_paying_with_them_earns(
    world: tuple[Terms, PurchaseFacts],
) -> None:
    terms, purchase = world
    purchase = replace(purchase, payments=())
    card = Line(
        number=len(purchase.lines) + 1, sku="card", quantity=Decimal(1), unit_price=5_000, kind=LineKind.GIFT_CARD
    )
    assert earn(terms=terms, facts=replace(purchase, lines=(*purchase.lines, card))) == earn(
        terms=terms, facts=purchase
    )
    assert points(terms, replace(purchase, lines=(card._replace(number=1),))) == 0
    whole = Payment(PaymentKind.GIFT_CARD, purchase.total().minor)
    assert earn(terms=terms, facts=replace(purchase, payments=(whole,))) == earn(terms=terms, facts=purchase)


@given(terms_and_purchases(), st.fractions(0, 1, max_denominator=50), st.fractions(0, 1, max_denominator=50))
@property_settings(40)
def test_part_paid_with_points_earns_nothing(
    world: tuple[Terms, PurchaseFacts], fraction: Fraction, other: Fraction
) -> None:
    terms, purchase = world
    less, more = sorted((fraction, other))

    def paid(part: Fraction) -> PurchaseFacts:
        return replace(purchase, payments=(Payment(PaymentKind.POINTS, amount_due(purchase) * part),))

    assert total(paid(less)) == total(paid(Fraction(0))) * (1 - less)
    assert points(terms, paid(less)) >= points(terms, paid(more))
    if amount_due(purchase):
        assert total(paid(Fraction(1))) == 0


@given(currencies, st.data())
@property_settings(40)
def test_twice_the_goods_earn_at_least_twice_the_rounded_down_points(own: str, data: st.DataObject) -> None:
    per = data.draw(st.integers(1, 40_000).map(lambda minor: Money(minor, own)))
    down: DraftedClause = ("round", (), RoundingRule(mode=Rounding.FLOOR, scope=RoundingScope.BASKET))
    terms = drafted(own, [("base", (), PointsPerAmount(points=data.draw(st.integers(1, 9)), per=per)), down])
    purchase = replace(data.draw(purchases(own, whole=True)), payments=())
    twice = replace(
        purchase,
        lines=tuple(line._replace(quantity=line.quantity * 2, discount=line.discount * 2) for line in purchase.lines),
    )
    assert total(twice) == 2 * total(purchase)
    assert points(terms, twice) - 2 * points(terms, purchase) in (0, 1)


@given(st.integers(0, 100_000), st.lists(st.fractions(0, 1_000, max_denominator=60), min_size=1, max_size=12))
@property_settings(40)
def test_shares_add_up_to_the_total_and_ties_go_to_the_lower_line(total: int, weights: list[Fraction]) -> None:
    shares = allocate_proportionally(total, weights=weights)
    assert sum(shares) == total
    whole = sum(weights)
    if not whole:
        assert shares == (total, *[0] * (len(weights) - 1))
        return
    for index, (share, weight) in enumerate(zip(shares, weights, strict=True)):
        assert abs(share - total * weight / whole) < 1, "the exact share, rounded down or up"
        for before, heavier in zip(shares[:index], weights[:index], strict=True):
            assert before >= share or heavier < weight, "of two that are alike the lower one gets no less"


@given(currencies, st.integers(0, MAX_MINOR_UNITS))
@property_settings(40)
def test_amount_is_parsed_with_the_decimals_of_its_currency(currency: str, minor: int) -> None:
    decimals = DECIMALS[currency]
    digits = f"{minor:0{decimals + 1}d}"
    text = f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits
    amount = Money.of(parse_decimal(text), currency)
    assert amount.minor == minor
    assert serialize_decimal(amount.decimal()) == text
    finer = f"{text}5" if decimals else f"{text}.5"
    with pytest.raises(AmountError):
        Money.of(parse_decimal(finer), currency)


@given(terms_and_purchases())
@property_settings(40)
def test_stored_purchase_has_no_float_and_is_read_back_unchanged(world: tuple[Terms, PurchaseFacts]) -> None:
    terms, purchase = world
    assert PurchaseFacts.from_data(purchase.to_data()) == purchase
    assert ("exchange_rate" in purchase.to_data()) is (purchase.currency != terms.currency)
    for data in (purchase.to_data(), terms.to_data(), earn(terms=terms, facts=purchase).to_data()):
        assert [leaf for leaf in leaves(data) if isinstance(leaf, float)] == []


def leaves(data: object) -> Iterator[object]:
    """Every single value in stored data."""
    if isinstance(data, Mapping):
        data = list(data.values())
    if isinstance(data, list | tuple):
        for value in data:
            yield from leaves(value)
    else:
        yield data


@pytest.mark.parametrize("decide", ["earn", "redeem"])
def test_foreign_purchase_without_a_rate_is_not_decided(decide: str) -> None:
    cost: DraftedClause = ("coffee", (), RewardCost(reward="coffee", points=1))
    terms = drafted("EUR", [("base", (), PointsPerAmount(points=1, per=Money(100, "EUR"))), cost])
    facts = PurchaseFacts(
        occurred_at=NOON, zone="Europe/London", currency="JPY", lines=(Line(1, "a", Decimal(1), 100),)
    )
    clause = terms.clause_of_reward("coffee")
    assert clause is not None
    judged: dict[str, Callable[[PurchaseFacts], object]] = {
        "earn": lambda facts: earn(terms=terms, facts=facts),
        "redeem": lambda facts: redeem(terms=terms, clause=clause, facts=facts, available=9),
    }
    with pytest.raises(AmountError, match="NO_RATE currency=JPY into=EUR"):
        judged[decide](facts)
    with pytest.raises(AmountError, match="NO_RATE currency=KWD into=EUR"):
        judged[decide](replace(facts, exchange_rate=ExchangeRate(Decimal("0.002"), "KWD")))
    judged[decide](replace(facts, exchange_rate=ExchangeRate(Decimal("0.006"), "EUR")))


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1000000.000000000001", "0.0000000000001", "1E-999"])
def test_invalid_rate_is_rejected(rate: str) -> None:
    with pytest.raises(FactsError) as refused:
        exchange_rate_of(Decimal(rate), currency="JPY", target_currency="EUR")
    assert refused.value.path == ("exchange_rate",)


def test_only_a_foreign_currency_has_a_rate() -> None:
    with pytest.raises(FactsError, match="FOREIGN_ONLY"):
        exchange_rate_of(Decimal(1), currency="EUR", target_currency="EUR")
    line = Line(1, "a", Decimal(1), 100)
    with pytest.raises(FactsError, match="FOREIGN_ONLY"):
        PurchaseFacts(NOON, "Europe/London", "EUR", (line,), exchange_rate=ExchangeRate(Decimal(1), "EUR"))
