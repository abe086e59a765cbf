"""Random rules, terms, customers and purchases, for properties that must hold for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from app.domain.amounts import Money, Rounding
from app.domain.calendar import Period, Weekday
from app.domain.customers.profile import CustomerProfile, Preference, PreferenceKind
from app.domain.customers.rule_facts import RuleFacts
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd
from app.domain.purchases.facts import Channel, Payment, PaymentKind, PurchaseFacts
from app.domain.purchases.lines import Line, LineKind
from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget, BudgetMode
from app.domain.terms.conditions.categories import Categories
from app.domain.terms.conditions.channels import Channels
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.conditions.dates import Dates
from app.domain.terms.conditions.every_nth_item import EveryNthItem
from app.domain.terms.conditions.every_nth_visit import EveryNthVisit
from app.domain.terms.conditions.first_purchase import FirstPurchase
from app.domain.terms.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.terms.conditions.locations import Locations
from app.domain.terms.conditions.member_for import MemberFor
from app.domain.terms.conditions.minimum_quantity import MinimumQuantity
from app.domain.terms.conditions.minimum_spend import MinimumSpend, SpendBasis
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours
from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination, CombinationMode
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.quote_validity import QuoteValidity
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.terms.validation import DraftedClause
from app.domain.units import Unit

FIRST = datetime(2026, 2, 1, tzinfo=UTC)
SKUS = ("tea", "cake", "mug")
KINDS = ("drinks", "food")
GROUPS = ("student", "teacher", "staff")
TASTES = ("tea", "Vegan", "vegan", "XL")
PLACES = ("harbour", "station", "airport")

money = st.integers(1, 6_000).map(lambda minor: Money(minor, "GBP"))
clocks = st.sampled_from([None, time(0), time(1, 30), time(9), time(17), time(19), time(23, 30)])
names = st.frozensets(st.sampled_from(SKUS), max_size=2)
kinds = st.frozensets(st.sampled_from(KINDS), max_size=1)

windows = st.builds(
    WeekdaysAndHours,
    days=st.frozensets(st.sampled_from(list(Weekday)), min_size=1),
    start=clocks,
    end=clocks,
)
days = st.dates(date(2026, 1, 15), date(2026, 12, 15))
dates = st.builds(Dates, first=st.none() | days, last=st.none() | days)
channels = st.builds(Channels, channels=st.frozensets(st.sampled_from(list(Channel)), min_size=1))
locations = st.builds(Locations, locations=st.frozensets(st.sampled_from(PLACES), min_size=1, max_size=2))
payments = st.builds(PaymentMethods, methods=st.frozensets(st.sampled_from(list(PaymentKind)), min_size=1))
selecting = st.builds(Products, include=names, exclude=names) | st.builds(Categories, include=kinds, exclude=kinds)
bases = st.none() | st.sampled_from(list(SpendBasis))
measuring = st.builds(MinimumSpend, amount=money, basis=bases) | st.builds(MinimumQuantity, quantity=st.integers(1, 6))
nths = st.builds(EveryNthVisit, nth=st.integers(2, 7))
nth_items = st.builds(EveryNthItem, nth=st.integers(2, 7))
memberships = st.builds(MemberFor, days=st.integers(1, 200))
birthdays = st.builds(BirthdayWindow, before=st.integers(0, 200), after=st.integers(0, 200))
ages = st.builds(AgeAtLeast, years=st.integers(1, 120))
segments = st.builds(Segments, segments=st.frozensets(st.sampled_from(GROUPS), min_size=1))
preferences = st.builds(
    Preferences,
    preference=st.sampled_from(list(PreferenceKind)),
    values=st.frozensets(st.sampled_from(TASTES), min_size=1, max_size=3),
)
about_customers = st.one_of(birthdays, ages, segments, preferences)
of_members = st.one_of(st.just(FirstPurchase()), nths, nth_items, memberships, about_customers)
negatable = st.one_of(windows, dates, locations, channels, payments, segments)
persons = st.builds(
    CustomerProfile,
    birthday=st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 31)) | st.just(date(2000, 2, 29)),
    segments=st.frozensets(st.sampled_from(GROUPS), max_size=2),
    preferences=st.frozensets(
        st.builds(Preference, st.sampled_from(list(PreferenceKind)), st.sampled_from(TASTES)), max_size=3
    ),
)
LADDER = (Tier("silver", "Silver", 100), Tier("gold", "Gold", 500), Tier("black", "Black", 1000))
tiers = st.sampled_from([TierAtLeast(tier.tier).with_tier_data(LADDER) for tier in LADDER])
plain = st.one_of(negatable, measuring, of_members)


def _groups(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(AnyOf, conditions=several), st.builds(AllOf, conditions=several))


excepted = st.lists(negatable, min_size=1, max_size=2).map(tuple)
exceptions = st.builds(ExceptWhen, conditions=excepted)
groups = (
    _groups(plain | exceptions)
    | exceptions
    | st.builds(AnyOf, conditions=st.lists(selecting, min_size=2, max_size=3).map(tuple))
)
limits = st.builds(TimesPerPeriod, times=st.integers(1, 3), period=st.sampled_from(list(Period)))
budgets = st.builds(Budget, points=st.integers(1, 200), mode=st.sampled_from(list(BudgetMode)))


def fit(condition: Condition) -> bool:
    """Whether it may stand in terms."""
    return condition.validation_error() is None


conditions = st.one_of(plain, tiers, selecting, groups, limits, budgets).filter(fit)
leaves = st.one_of(plain, tiers, selecting, limits, budgets, st.just(AtTill())).filter(fit)
some_conditions = st.tuples(
    st.lists(st.one_of(plain, selecting, groups).filter(fit), max_size=2), st.none() | limits
).map(lambda both: tuple(both[0]) + ((both[1],) if both[1] else ()))
of_rewards = st.tuples(some_conditions, st.sampled_from([(), (AtTill(),)])).map(lambda both: both[0] + both[1])

of_earning = st.tuples(some_conditions, st.none() | st.none() | budgets).map(
    lambda both: both[0] + ((both[1],) if both[1] else ())
)
"""Conditions of a clause that gives points."""

points = st.integers(1, 40)
factors = st.sampled_from([Decimal("1.5"), Decimal(2), Decimal(3)])
earnings: st.SearchStrategy[Effect] = st.one_of(
    st.builds(PointsPerAmount, points=points, per=money),
    st.builds(
        PointsPerFullAmount, points=points, per=st.sampled_from([500, 1000, 2000]).map(lambda m: Money(m, "GBP"))
    ),
    st.builds(PointsPerVisit, points=points),
    st.builds(PointsPerItem, points=points),
    st.builds(BonusPoints, points=points),
    st.builds(PointsMultiplier, factor=factors),
)
caps = st.builds(PointsCap, points=st.integers(1, 300), scope=st.sampled_from(list(CapScope)))
costs = st.builds(
    RewardCost,
    reward=st.just("coffee"),
    points=st.integers(1, 300),
    cash=st.none() | st.integers(1, 900).map(lambda minor: Money(minor, "GBP")),
)
validities = st.builds(
    PointsValidity,
    months=st.none() | st.sampled_from([1, 2, 3, 12]),
    days=st.none() | st.sampled_from([1, 28, 30, 31, 62, 365]),
    expires=st.booleans(),
    until=st.sampled_from(list(ValidityEnd)),
    since=st.sampled_from(list(ValidityStart)),
    notice_from=st.sampled_from([60, 60, 20, 90]),
    notice_until=st.sampled_from([30, 30, 10, 45]),
    notice_by=st.frozensets(st.sampled_from(list(NoticeChannel)), min_size=1),
).filter(lambda validity: validity.validation_error() is None)
OF_THE_LEDGER: tuple[st.SearchStrategy[Effect], ...] = (
    validities,
    st.builds(PendingPeriod, days=st.integers(1, 4)),
    st.builds(
        Tier,
        tier=st.sampled_from(["silver", "gold"]),
        name=st.sampled_from(["Silver", "Gold"]),
        points=st.integers(1, 3),
    ),
    st.builds(TierPeriod, period=st.sampled_from(list(TierWindow)), grace_days=st.integers(0, 3)),
    st.builds(ReversalWindow, hours=st.integers(1, 4)),
    st.builds(QuoteValidity, minutes=st.integers(1, 4)),
    st.builds(Stamps, stamps=st.integers(1, 3), per=st.sampled_from(list(StampOccasion))),
    st.builds(
        RewardCost,
        reward=st.sampled_from(["coffee", "cake"]),
        points=st.integers(1, 3),
        unit=st.sampled_from(list(Unit)),
        cash=st.none() | st.integers(1, 3).map(lambda minor: Money(minor, "GBP")),
    ),
)
"""Effects that only the ledger keeps, one kind each."""
policies: st.SearchStrategy[Effect] = st.one_of(
    st.builds(Combination, mode=st.sampled_from(list(CombinationMode))),
    st.builds(CountedAmounts, taxes=st.booleans(), shipping=st.booleans(), discounts_ignored=st.booleans()),
    st.builds(RoundingRule, mode=st.sampled_from(list(Rounding)), scope=st.sampled_from(list(RoundingScope))),
)


standings = st.tuples(st.integers(0, 1_500), st.booleans()).map(lambda both: _standing(both[0], kept=both[1]))


def _standing(qualifying: int, *, kept: bool) -> dict[str, Any]:
    """Points towards a tier, and the tier they come to, or a higher one that is kept for a while."""
    reached = [tier.tier for tier in LADDER if kept or tier.points <= qualifying]
    return {"qualifying_points": qualifying, "tier": reached[-1] if reached else None}


@st.composite
def drafts(draw: st.DrawFn) -> list[DraftedClause]:
    """Clauses that may become terms."""
    clauses: list[DraftedClause] = [
        (f"earn-{number}", draw(of_earning), draw(earnings)) for number in range(draw(st.integers(1, 4)))
    ]
    if draw(st.booleans()):
        clauses.append(("cap", (), draw(caps)))
    clauses.append(("coffee", draw(of_rewards), draw(costs)))
    seen: set[type[Effect]] = set()
    for effect in draw(st.lists(policies, max_size=3)):
        if type(effect) not in seen:
            seen.add(type(effect))
            clauses.append((effect.kind.replace("_", "-"), (), effect))
    return clauses


@st.composite
def purchases(draw: st.DrawFn, zone: str = "Europe/London") -> PurchaseFacts:
    """A purchase somewhere in 2026."""
    lines = tuple(draw(_line(number)) for number in range(1, draw(st.integers(1, 4)) + 1))
    total = sum(line.price() - line.discount for line in lines)
    methods = draw(st.lists(st.sampled_from([PaymentKind.CASH, PaymentKind.CARD, PaymentKind.GIFT_CARD]), max_size=2))
    return PurchaseFacts(
        occurred_at=FIRST + timedelta(minutes=draw(st.integers(0, 60 * 24 * 320))),
        zone=zone,
        currency="GBP",
        lines=lines,
        payments=tuple(Payment(kind, total // len(methods)) for kind in methods),
        channel=draw(st.none() | st.sampled_from(list(Channel))),
        location=draw(st.none() | st.sampled_from(PLACES)),
        self_service=draw(st.booleans()),
        rule_facts=RuleFacts(
            enrolled_at=FIRST - timedelta(days=draw(st.integers(0, 150))),
            visits=draw(st.integers(0, 15)),
            profile=draw(persons),
            **draw(standings),
        ),
    )


@st.composite
def _line(draw: st.DrawFn, number: int) -> Line:
    line = Line(
        number=number,
        sku=draw(st.sampled_from(SKUS)),
        quantity=draw(st.integers(1, 4).map(Decimal) | st.just(Decimal("0.75"))),
        unit_price=draw(st.integers(0, 3_000)),
        categories=draw(st.sampled_from([(), ("drinks",), ("food",), ("drinks", "food")])),
        tax_rate=draw(st.sampled_from([None, Decimal("0.2")])),
        kind=draw(st.sampled_from([LineKind.GOODS, LineKind.GOODS, LineKind.GOODS, LineKind.SHIPPING])),
    )
    if draw(st.booleans()):
        return line
    return Line(
        number=number,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=line.unit_price,
        categories=line.categories,
        discount=line.price() // 3,
        tax_rate=line.tax_rate,
        kind=line.kind,
    )
