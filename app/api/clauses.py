"""Clauses as an owner writes them: one typed input per kind of condition and effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import strawberry

from app.domain.amounts import AmountError, Money, Rounding
from app.domain.calendar import Weekday
from app.domain.conditions import Condition
from app.domain.conditions.categories import Categories
from app.domain.conditions.dates import Dates
from app.domain.conditions.minimum_spend import MinimumSpend
from app.domain.conditions.products import Products
from app.domain.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.effects import Effect
from app.domain.effects.combination import Combination, CombinationMode
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.notice_period import NoticePeriod
from app.domain.effects.points_per_amount import PointsPerAmount
from app.domain.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.effects.points_per_visit import PointsPerVisit
from app.domain.effects.points_validity import PointsValidity
from app.domain.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms import TermsError

UNSET: Any = strawberry.UNSET


@strawberry.input(description="Holds when what the clause counts comes to at least this much.")
class MinimumSpendInput:
    """A minimum spend."""

    amount: Decimal = strawberry.field(description="In the program's currency, above 0.")


@strawberry.input(description="Holds on these days between these hours, by the clock on the shop's wall.")
class WeekdaysAndHoursInput:
    """A weekly window; one that passes midnight belongs to the day on which it starts."""

    days: list[Weekday] = strawberry.field(description="At least one day.")
    start: time | None = strawberry.field(default=None, description="From this time on; default the whole day.")
    end: time | None = strawberry.field(default=None, description="Until just before this time.")


@strawberry.input(description="Holds between two dates of the shop's calendar, both included.")
class DatesInput:
    """A period; at least one end is given."""

    first: date | None = strawberry.field(default=None, description="The first day.")
    last: date | None = strawberry.field(default=None, description="The last day, to its end.")


@strawberry.input(description="Counts only some articles, and holds when one of them is in the basket.")
class ProductsInput:
    """At least one of the two lists is given."""

    include: list[str] | None = strawberry.field(default=None, description="Stock codes that count; default all.")
    exclude: list[str] | None = strawberry.field(default=None, description="Stock codes that do not count.")


@strawberry.input(description="Counts only some categories, and holds when an article of one is in the basket.")
class CategoriesInput:
    """At least one of the two lists is given."""

    include: list[str] | None = strawberry.field(default=None, description="Categories that count; default all.")
    exclude: list[str] | None = strawberry.field(default=None, description="Categories that do not count.")


@strawberry.input(one_of=True, description="One condition.")
class ConditionInput:
    """Exactly one of these."""

    minimum_spend: MinimumSpendInput | None = strawberry.field(default=UNSET, description="A minimum spend.")
    weekdays_and_hours: WeekdaysAndHoursInput | None = strawberry.field(default=UNSET, description="A weekly window.")
    dates: DatesInput | None = strawberry.field(default=UNSET, description="A period.")
    products: ProductsInput | None = strawberry.field(default=UNSET, description="Certain articles.")
    categories: CategoriesInput | None = strawberry.field(default=UNSET, description="Certain categories.")


@strawberry.input(description="Points in proportion to what is spent; fractions are rounded by the rounding clause.")
class PointsPerAmountInput:
    """Points per amount."""

    points: int = strawberry.field(description="Points, from 1.")
    per: Decimal = strawberry.field(description="For each of this much, in the program's currency, above 0.")


@strawberry.input(description="Points for each full amount; what is left over earns nothing.")
class PointsPerFullAmountInput:
    """Points per full amount."""

    points: int = strawberry.field(description="Points, from 1.")
    per: Decimal = strawberry.field(description="For each full step of this much, in the program's currency, above 0.")


@strawberry.input(description="Points for each visit with a purchase.")
class PointsPerVisitInput:
    """Points per visit."""

    points: int = strawberry.field(description="Points, from 1.")


@strawberry.input(description="What a reward costs.")
class RewardCostInput:
    """A price in points."""

    reward: str = strawberry.field(description="The key of the reward.")
    points: int = strawberry.field(description="Points, from 1.")


@strawberry.input(description="What happens when several earning clauses fit one purchase.")
class CombinationInput:
    """Standard clause; default BEST."""

    mode: CombinationMode = strawberry.field(description="Best one, or all of them.")


@strawberry.input(
    description="What counts as spent. Left out, all are false: net of tax and after discounts, goods only."
)
class CountedAmountsInput:
    """Standard clause."""

    taxes: bool = strawberry.field(default=False, description="Count amounts with tax.")
    discounts_ignored: bool = strawberry.field(default=False, description="Count amounts before discounts.")
    gift_cards: bool = strawberry.field(default=False, description="Count gift cards that are bought.")
    shipping: bool = strawberry.field(default=False, description="Count postage.")
    tips: bool = strawberry.field(default=False, description="Count tips.")
    deposits: bool = strawberry.field(default=False, description="Count deposits.")


@strawberry.input(description="How fractions of points are rounded.")
class RoundingInput:
    """Standard clause; default half up, once per basket."""

    mode: Rounding = strawberry.field(description="How.")
    scope: RoundingScope = strawberry.field(description="What.")


@strawberry.input(description="How long points stay valid at least.")
class PointsValidityInput:
    """Standard clause; default for ever."""

    months: int | None = strawberry.field(
        default=None, description="Months from the day they are earned, 1 to 120; null: they do not expire."
    )


@strawberry.input(description="What happens to the points of goods that come back.")
class RefundPolicyInput:
    """Standard clause."""

    mode: RefundMode = strawberry.field(description="How far points are taken back.")


@strawberry.input(description="How long before it starts a change of the terms is announced.")
class NoticePeriodInput:
    """Standard clause; default 30 days."""

    days: int = strawberry.field(description="Days, 0 to 365.")


@strawberry.input(one_of=True, description="What a clause does.")
class EffectInput:
    """Exactly one of these."""

    points_per_amount: PointsPerAmountInput | None = strawberry.field(default=UNSET, description="Earning.")
    points_per_full_amount: PointsPerFullAmountInput | None = strawberry.field(default=UNSET, description="Earning.")
    points_per_visit: PointsPerVisitInput | None = strawberry.field(default=UNSET, description="Earning.")
    reward_cost: RewardCostInput | None = strawberry.field(default=UNSET, description="A reward.")
    combination: CombinationInput | None = strawberry.field(default=UNSET, description="Standard clause.")
    counted_amounts: CountedAmountsInput | None = strawberry.field(default=UNSET, description="Standard clause.")
    rounding: RoundingInput | None = strawberry.field(default=UNSET, description="Standard clause.")
    points_validity: PointsValidityInput | None = strawberry.field(default=UNSET, description="Standard clause.")
    refund_policy: RefundPolicyInput | None = strawberry.field(default=UNSET, description="Standard clause.")
    notice_period: NoticePeriodInput | None = strawberry.field(default=UNSET, description="Standard clause.")


@strawberry.input(description="One clause: when all conditions hold, the effect applies.")
class ClauseInput:
    """A clause of a draft."""

    key: str = strawberry.field(description="Your name for it, a-z, 0-9 and dashes, 1 to 40; keep it over versions.")
    conditions: list[ConditionInput] | None = strawberry.field(default=None, description="At most 20, all must hold.")
    effect: EffectInput = strawberry.field(description="What it does.")


_CONDITIONS: Mapping[str, Callable[[Any, str], Condition]] = {
    "minimum_spend": lambda sent, currency: MinimumSpend(amount=Money.of(sent.amount, currency)),
    "weekdays_and_hours": lambda sent, _: WeekdaysAndHours(days=frozenset(sent.days), start=sent.start, end=sent.end),
    "dates": lambda sent, _: Dates(first=sent.first, last=sent.last),
    "products": lambda sent, _: Products(include=frozenset(sent.include or ()), exclude=frozenset(sent.exclude or ())),
    "categories": lambda sent, _: Categories(
        include=frozenset(sent.include or ()), exclude=frozenset(sent.exclude or ())
    ),
}

_EFFECTS: Mapping[str, Callable[[Any, str], Effect]] = {
    "points_per_amount": lambda sent, currency: PointsPerAmount(points=sent.points, per=Money.of(sent.per, currency)),
    "points_per_full_amount": lambda sent, currency: PointsPerFullAmount(
        points=sent.points, per=Money.of(sent.per, currency)
    ),
    "points_per_visit": lambda sent, _: PointsPerVisit(points=sent.points),
    "reward_cost": lambda sent, _: RewardCost(reward=sent.reward, points=sent.points),
    "combination": lambda sent, _: Combination(mode=sent.mode),
    "counted_amounts": lambda sent, _: CountedAmounts(
        taxes=sent.taxes,
        discounts_ignored=sent.discounts_ignored,
        gift_cards=sent.gift_cards,
        shipping=sent.shipping,
        tips=sent.tips,
        deposits=sent.deposits,
    ),
    "rounding": lambda sent, _: RoundingRule(mode=sent.mode, scope=sent.scope),
    "points_validity": lambda sent, _: PointsValidity(months=sent.months),
    "refund_policy": lambda sent, _: RefundPolicy(mode=sent.mode),
    "notice_period": lambda sent, _: NoticePeriod(days=sent.days),
}

DraftedClause = tuple[str, tuple[Condition, ...], Effect]


def drafted(sent: list[ClauseInput], *, currency: str) -> list[DraftedClause]:
    """The clauses of a draft. Raises TermsError with the way to what is wrong."""
    if not 1 <= len(sent) <= 200:
        raise TermsError(("clauses",), "1 to 200 clauses")
    return [_clause(one, currency=currency, at=("clauses", str(place))) for place, one in enumerate(sent)]


def _clause(sent: ClauseInput, *, currency: str, at: tuple[str, ...]) -> DraftedClause:
    conditions = sent.conditions or []
    if len(conditions) > 20:
        raise TermsError((*at, "conditions"), "at most 20 conditions")
    return (
        sent.key,
        tuple(
            _one_of(one, kinds=_CONDITIONS, currency=currency, at=(*at, "conditions", str(place)))
            for place, one in enumerate(conditions)
        ),
        _one_of(sent.effect, kinds=_EFFECTS, currency=currency, at=(*at, "effect")),
    )


def _one_of(sent: object, *, kinds: Mapping[str, Callable[[Any, str], Any]], currency: str, at: tuple[str, ...]) -> Any:
    for name, build in kinds.items():
        given = getattr(sent, name)
        if given is None or given is strawberry.UNSET:
            continue
        try:
            return build(given, currency)
        except (AmountError, TermsError, ValueError) as error:
            raise TermsError((*at, name), str(error)) from error
    raise TermsError(at, "exactly one kind is needed")
