"""Programs to start from: rewards, and clauses whose sentences read well from the first day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from types import MappingProxyType

from app.domain.amounts import DECIMALS, Money
from app.domain.calendar import WEEK
from app.domain.conditions.categories import Categories
from app.domain.conditions.first_purchase import FirstPurchase
from app.domain.conditions.groups import ExceptWhen
from app.domain.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.drafting import DraftedClause
from app.domain.effects.bonus_points import BonusPoints
from app.domain.effects.points_multiplier import PointsMultiplier
from app.domain.effects.points_per_amount import PointsPerAmount
from app.domain.effects.points_per_item import PointsPerItem
from app.domain.effects.points_per_visit import PointsPerVisit
from app.domain.effects.reward_cost import RewardCost


@dataclass(frozen=True, slots=True)
class TemplateReward:
    """A reward of a template; `stock` None means without limit."""

    key: str
    name: str
    description: str
    stock: int | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Rewards and clauses for a program in any currency."""

    rewards: tuple[TemplateReward, ...]
    clauses: tuple[DraftedClause, ...]


def points_per_spend(currency: str) -> Template:
    """One point for each unit of the currency (for each 100 where it has no decimals), two rewards."""
    per = Money(100 if DECIMALS[currency] <= 2 else 1000, currency)
    coffee = TemplateReward(key="coffee", name="Coffee", description="A cup of filter coffee or tea, 0.3 l.")
    mug = TemplateReward(key="mug", name="Mug", description="An enamel mug with our lettering, 0.4 l, white.", stock=50)
    return Template(
        rewards=(coffee, mug),
        clauses=(
            ("points-per-spend", (), PointsPerAmount(points=1, per=per)),
            ("coffee", (), RewardCost(reward=coffee.key, points=100, name=coffee.name)),
            ("mug", (), RewardCost(reward=mug.key, points=500, name=mug.name)),
        ),
    )


def stamp_card(currency: str) -> Template:
    """One point for each visit, and something free for nine of them, whatever the currency."""
    del currency
    meal = TemplateReward(key="meal", name="Meal of the day", description="The meal of the day, one plate.")
    return Template(
        rewards=(meal,),
        clauses=(
            ("stamp-per-visit", (), PointsPerVisit(points=1)),
            ("tenth-meal", (), RewardCost(reward=meal.key, points=9, name=meal.name)),
        ),
    )


def coffee_shop(currency: str) -> Template:
    """A point for each drink, two before nine in the morning, and a drink for ten points."""
    del currency
    drink = TemplateReward(key="drink", name="Drink of your choice", description="Any hot or cold drink, any size.")
    morning = WeekdaysAndHours(days=frozenset(WEEK[:5]), end=time(9))
    drinks = Categories(include=frozenset({"drinks"}))
    return Template(
        rewards=(drink,),
        clauses=(
            ("point-per-drink", (drinks,), PointsPerItem(points=1)),
            ("early-birds", (drinks, morning), PointsMultiplier(factor=Decimal(2))),
            ("drink", (), RewardCost(reward=drink.key, points=10, name=drink.name)),
        ),
    )


def restaurant(currency: str) -> Template:
    """One point for each unit of the currency, a welcome, and a meal that is not given during happy hour."""
    per = Money(100 if DECIMALS[currency] <= 2 else 1000, currency)
    meal = TemplateReward(key="meal", name="Meal of the day", description="The meal of the day, one plate.")
    happy_hour = WeekdaysAndHours(days=frozenset(WEEK[:5]), start=time(17), end=time(19))
    return Template(
        rewards=(meal,),
        clauses=(
            ("points-per-spend", (), PointsPerAmount(points=1, per=per)),
            ("welcome", (FirstPurchase(),), BonusPoints(points=20)),
            ("meal", (ExceptWhen((happy_hour,)),), RewardCost(reward=meal.key, points=120, name=meal.name)),
        ),
    )


def blank(currency: str) -> Template:
    """Nothing yet: the owner creates rewards and publishes the first terms."""
    del currency
    return Template(rewards=(), clauses=())


TEMPLATES: Mapping[str, Callable[[str], Template]] = MappingProxyType(
    {
        "points": points_per_spend,
        "stamps": stamp_card,
        "coffee-shop": coffee_shop,
        "restaurant": restaurant,
        "blank": blank,
    }
)
"""Every template by the name that `troth init --template` takes."""
