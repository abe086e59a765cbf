"""Templates for new programs: rewards and clauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from types import MappingProxyType

from app.domain.amounts import DECIMALS, Money
from app.domain.calendar import WEEK
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import ExceptWhen
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod
from app.domain.terms.validation import DraftedClause
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class TemplateReward:
    """A reward of a template. `picture` is a path on the server; `stock` None means without limit."""

    key: str
    name: str
    description: str
    picture: str
    stock: int | None = None


COFFEE = TemplateReward("coffee", "Coffee", "A cup of filter coffee or tea, 0.3 l.", "/pictures/coffee.svg")
MUG = TemplateReward("mug", "Mug", "An enamel mug with our lettering, 0.4 l, white.", "/pictures/mug.svg", stock=50)
MEAL = TemplateReward("meal", "Meal of the day", "The meal of the day, one plate.", "/pictures/meal.svg")
DRINK = TemplateReward("drink", "Drink of your choice", "Any hot or cold drink, any size.", "/pictures/drink.svg")


@dataclass(frozen=True, slots=True)
class Template:
    """Rewards and clauses for a program in any currency."""

    rewards: tuple[TemplateReward, ...]
    clauses: tuple[DraftedClause, ...]


def points_per_spend(currency: str) -> Template:
    """One point for each unit of the currency (for each 100 where it has no decimals), two rewards."""
    per = Money(100 if DECIMALS[currency] <= 2 else 1000, currency)
    return Template(
        rewards=(COFFEE, MUG),
        clauses=(
            ("points-per-spend", (), PointsPerAmount(points=1, per=per)),
            ("coffee", (), RewardCost(reward=COFFEE.key, points=100, name=COFFEE.name)),
            ("mug", (), RewardCost(reward=MUG.key, points=500, name=MUG.name)),
        ),
    )


def stamp_card(currency: str) -> Template:
    """A stamp for each visit, and a free meal for nine stamps, whatever the currency."""
    del currency
    return Template(
        rewards=(MEAL,),
        clauses=(
            ("stamp-per-visit", (), Stamps(stamps=1)),
            ("tenth-meal", (), RewardCost(reward=MEAL.key, points=9, name=MEAL.name, unit=Unit.STAMPS)),
        ),
    )


def coffee_shop(currency: str) -> Template:
    """A point for each drink, two points before nine in the morning from Monday to Friday, and a drink for ten points."""
    del currency
    morning = WeekdaysAndHours(days=frozenset(WEEK[:5]), end=time(9))
    drinks = Categories(include=frozenset({"drinks"}))
    return Template(
        rewards=(DRINK,),
        clauses=(
            ("point-per-drink", (drinks,), PointsPerItem(points=1)),
            ("early-birds", (drinks, morning), PointsMultiplier(factor=Decimal(2))),
            ("drink", (), RewardCost(reward=DRINK.key, points=10, name=DRINK.name)),
        ),
    )


def restaurant(currency: str) -> Template:
    """One point for each unit of the currency, a welcome bonus, and a meal that cannot be redeemed during happy hour."""
    per = Money(100 if DECIMALS[currency] <= 2 else 1000, currency)
    happy_hour = WeekdaysAndHours(days=frozenset(WEEK[:5]), start=time(17), end=time(19))
    return Template(
        rewards=(MEAL,),
        clauses=(
            ("points-per-spend", (), PointsPerAmount(points=1, per=per)),
            ("welcome", (FirstPurchase(),), BonusPoints(points=20)),
            ("meal", (ExceptWhen((happy_hour,)),), RewardCost(reward=MEAL.key, points=120, name=MEAL.name)),
        ),
    )


def tiered(currency: str) -> Template:
    """One point for each unit of the currency, more at each of three tiers, two rewards.

    Points can be spent after 14 days, when goods can no longer be returned, and expire after two years, with a notice.
    """
    per = Money(100 if DECIMALS[currency] <= 2 else 1000, currency)
    tiers = (Tier("silver", "Silver", 300), Tier("gold", "Gold", 1000), Tier("platinum", "Platinum", 2500))
    rates = (Decimal("1.25"), Decimal("1.5"), Decimal(2))
    return Template(
        rewards=(COFFEE, MUG),
        clauses=(
            ("points-per-spend", (), PointsPerAmount(points=1, per=per)),
            *((tier.tier, (), tier) for tier in tiers),
            *(
                (f"{tier.tier}-rate", (TierAtLeast(tier.tier),), PointsMultiplier(factor=rate))
                for tier, rate in zip(tiers, rates, strict=True)
            ),
            ("coffee", (), RewardCost(reward=COFFEE.key, points=100, name=COFFEE.name)),
            ("mug", (), RewardCost(reward=MUG.key, points=500, name=MUG.name)),
            ("tiers-kept", (), TierPeriod()),
            ("waiting", (), PendingPeriod(days=14)),
            ("expiry", (), PointsValidity(months=24, expires=True)),
            ("refunds", (), RefundPolicy()),
        ),
    )


def blank(currency: str) -> Template:
    """No rewards and no clauses: the owner creates them."""
    del currency
    return Template(rewards=(), clauses=())


TEMPLATES: Mapping[str, Callable[[str], Template]] = MappingProxyType(
    {
        "points": points_per_spend,
        "stamps": stamp_card,
        "coffee-shop": coffee_shop,
        "restaurant": restaurant,
        "tiered": tiered,
        "blank": blank,
    }
)
"""Every template by the name that `troth init --template` takes."""
