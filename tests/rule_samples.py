"""Rules of every kind, and how they may differ: for tests of words, of comparison, and of storing."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, time
from decimal import Decimal

from app.domain.amounts import Money, Rounding
from app.domain.calendar import WEEK, Period, Weekday
from app.domain.customers.profile import PreferenceKind
from app.domain.ledger.expiry_notice import NoticeChannel
from app.domain.ledger.lots import ValidityEnd
from app.domain.purchases.facts import Channel, PaymentKind
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
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
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
from app.domain.terms.effects.notice_period import NoticePeriod, NoticePreset
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import CapScope, PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity, ValidityStart
from app.domain.terms.effects.quote_validity import QuoteValidity
from app.domain.terms.effects.refund_policy import RefundMode, RefundPolicy
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule, RoundingScope
from app.domain.terms.effects.stamps import StampOccasion, Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod, TierWindow
from app.domain.units import Unit
from tests.builders import pounds

HAPPY_HOUR = WeekdaysAndHours(frozenset(WEEK[:5]), time(17), time(19))
HARBOUR = Locations(frozenset({"harbour"}), ("Harbour Street",))

CONDITION_VARIANTS: list[Condition] = [
    MinimumSpend(pounds("20.00")),
    MinimumSpend(pounds("20.50")),
    MinimumSpend(Money(2000, "JPY")),
    MinimumSpend(pounds("20.00"), SpendBasis.NET),
    MinimumSpend(pounds("20.00"), SpendBasis.GROSS),
    WeekdaysAndHours(frozenset(WEEK[:5])),
    WeekdaysAndHours(frozenset(WEEK[:5]), time(17), time(19)),
    WeekdaysAndHours(frozenset(WEEK[:5]), time(17), time(19, 30)),
    WeekdaysAndHours(frozenset(WEEK[:5]), time(16), time(19)),
    WeekdaysAndHours(frozenset(WEEK[:5]), time(22), time(2)),
    WeekdaysAndHours(frozenset(WEEK[:5]), time(17)),
    WeekdaysAndHours(frozenset(WEEK[:5]), None, time(19)),
    WeekdaysAndHours(frozenset({Weekday.MONDAY})),
    WeekdaysAndHours(frozenset({Weekday.MONDAY, Weekday.THURSDAY})),
    WeekdaysAndHours(frozenset({Weekday.MONDAY, Weekday.TUESDAY, Weekday.WEDNESDAY, Weekday.SATURDAY})),
    WeekdaysAndHours(frozenset(WEEK)),
    Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)),
    Dates(first=date(2026, 6, 1), last=date(2026, 7, 30)),
    Dates(first=date(2026, 6, 1)),
    Dates(last=date(2026, 6, 30)),
    Products(include=frozenset({"22423"})),
    Products(include=frozenset({"22423", "85123A"})),
    Products(exclude=frozenset({"22423"})),
    Products(include=frozenset({"22423"}), exclude=frozenset({"85123A"})),
    Categories(include=frozenset({"tea"})),
    Categories(include=frozenset({"tea", "coffee"})),
    Categories(exclude=frozenset({"tea"})),
    Categories(include=frozenset({"drinks"}), exclude=frozenset({"tea"})),
    MinimumQuantity(2),
    MinimumQuantity(1),
    HARBOUR,
    Locations(frozenset({"station"}), ("Central Station",)),
    Locations(frozenset({"harbour", "station"}), ("Harbour Street", "Central Station")),
    Channels(frozenset({Channel.STORE})),
    Channels(frozenset({Channel.STORE, Channel.ONLINE})),
    Channels(frozenset({Channel.PHONE})),
    PaymentMethods(frozenset({PaymentKind.CASH})),
    PaymentMethods(frozenset({PaymentKind.CARD, PaymentKind.GIFT_CARD})),
    PaymentMethods(frozenset({PaymentKind.POINTS, PaymentKind.OTHER})),
    AtTill(),
    FirstPurchase(),
    EveryNthVisit(2),
    EveryNthVisit(3),
    EveryNthVisit(6),
    EveryNthVisit(21),
    EveryNthItem(2),
    EveryNthItem(3),
    EveryNthItem(10),
    EveryNthItem(21),
    MemberFor(1),
    MemberFor(30),
    BirthdayWindow(),
    BirthdayWindow(7, 7),
    BirthdayWindow(7, 0),
    BirthdayWindow(0, 7),
    BirthdayWindow(1, 1),
    BirthdayWindow(30, 14),
    AgeAtLeast(1),
    AgeAtLeast(18),
    AgeAtLeast(65),
    Segments(frozenset({"student"})),
    Segments(frozenset({"student", "teacher"})),
    Preferences(PreferenceKind.FAVOURITE_CATEGORY, frozenset({"tea"})),
    Preferences(PreferenceKind.DIET, frozenset({"tea"})),
    Preferences(PreferenceKind.SIZE, frozenset({"tea"})),
    Preferences(PreferenceKind.DIET, frozenset({"vegan", "vegetarian"})),
    TimesPerPeriod(1, Period.MONTH),
    TimesPerPeriod(3, Period.MONTH),
    TimesPerPeriod(1, Period.DAY),
    TimesPerPeriod(1, Period.WEEK),
    TimesPerPeriod(1, Period.YEAR),
    TimesPerPeriod(1, Period.EVER),
    Budget(10_000, BudgetMode.WHOLE),
    Budget(10_000, BudgetMode.PARTIAL),
    Budget(1, BudgetMode.PARTIAL),
    NotCombinedWith(frozenset({"a"}), frozenset({3})),
    NotCombinedWith(frozenset({"a", "b"}), frozenset({3, 12})),
    AnyOf((HAPPY_HOUR, Channels(frozenset({Channel.ONLINE})))),
    AnyOf((HAPPY_HOUR, Channels(frozenset({Channel.ONLINE})), FirstPurchase())),
    AnyOf((Products(include=frozenset({"22423"})), Categories(include=frozenset({"tea"})))),
    AnyOf((HAPPY_HOUR, AllOf((Channels(frozenset({Channel.ONLINE})), MinimumQuantity(2))))),
    AllOf((Channels(frozenset({Channel.ONLINE})), MinimumQuantity(2))),
    AllOf((AnyOf((HAPPY_HOUR, Channels(frozenset({Channel.ONLINE})))), MinimumQuantity(2))),
    ExceptWhen((HAPPY_HOUR,)),
    ExceptWhen((HAPPY_HOUR, Channels(frozenset({Channel.STORE})))),
    ExceptWhen((HARBOUR,)),
    ExceptWhen((HAPPY_HOUR, HARBOUR)),
    AnyOf((HARBOUR, Channels(frozenset({Channel.ONLINE})))),
    ExceptWhen((Dates(first=date(2026, 12, 24), last=date(2026, 12, 26)),)),
    ExceptWhen((PaymentMethods(frozenset({PaymentKind.GIFT_CARD})),)),
    ExceptWhen((Segments(frozenset({"staff"})),)),
    ExceptWhen((AnyOf((HAPPY_HOUR, Channels(frozenset({Channel.ONLINE})))),)),
    TierAtLeast("silver", "Silver", 100, frozenset({"silver", "gold"})),
    TierAtLeast("gold", "Gold", 500, frozenset({"gold"})),
]

YEARLY = PointsValidity(12, expires=True)

EFFECT_VARIANTS: list[Effect] = [
    PointsPerAmount(1, pounds("1.00")),
    PointsPerAmount(2, pounds("1.00")),
    PointsPerAmount(1, pounds("2.00")),
    PointsPerFullAmount(1, pounds("1.00")),
    PointsPerFullAmount(1, pounds("10.00")),
    PointsPerVisit(1),
    PointsPerVisit(3),
    PointsPerItem(1),
    PointsPerItem(2),
    BonusPoints(1),
    BonusPoints(50),
    PointsMultiplier(Decimal(2)),
    PointsMultiplier(Decimal("1.5")),
    *(PointsCap(500, scope) for scope in CapScope),
    PointsCap(501, CapScope.MONTH),
    RewardCost("coffee", 100, "Coffee"),
    RewardCost("coffee", 1, "Coffee"),
    RewardCost("cake", 100, "Cake"),
    RewardCost("cake", 100, "Cake", cash=pounds("2.00")),
    RewardCost("cake", 100, "Cake", cash=pounds("2.50")),
    RewardCost("meal", 10, "Meal", Unit.STAMPS),
    RewardCost("meal", 1, "Meal", Unit.STAMPS),
    RewardCost("meal", 10, "Meal", Unit.STAMPS, pounds("2.00")),
    *(Stamps(number, per) for number in (1, 2) for per in StampOccasion),
    Tier("silver", "Silver", 1),
    Tier("silver", "Silver", 100),
    Tier("gold", "Gold", 100),
    *(TierPeriod(period, days) for period in TierWindow for days in (0, 1, 90)),
    PendingPeriod(1),
    PendingPeriod(14),
    ReversalWindow(1),
    ReversalWindow(48),
    QuoteValidity(1),
    QuoteValidity(30),
    Combination(CombinationMode.BEST),
    Combination(CombinationMode.STACK),
    Combination(CombinationMode.FIRST),
    CountedAmounts(),
    *(replace(CountedAmounts(), **{field.name: True}) for field in fields(CountedAmounts)),
    *(RoundingRule(mode, scope) for mode in Rounding for scope in RoundingScope),
    PointsValidity(),
    PointsValidity(1),
    PointsValidity(12),
    PointsValidity(days=1),
    PointsValidity(days=365),
    *(PointsValidity(12, until=until) for until in ValidityEnd if until is not ValidityEnd.DAY),
    *(PointsValidity(12, since=since) for since in ValidityStart if since is not ValidityStart.ACTIVATION),
    YEARLY,
    *(replace(YEARLY, until=until) for until in ValidityEnd if until is not ValidityEnd.DAY),
    *(replace(YEARLY, since=since) for since in ValidityStart if since is not ValidityStart.ACTIVATION),
    replace(YEARLY, notice_from=90),
    replace(YEARLY, notice_until=14),
    *(replace(YEARLY, notice_by=frozenset({channel})) for channel in NoticeChannel),
    replace(YEARLY, notice_by=frozenset({NoticeChannel.INBOX, NoticeChannel.RECEIPT})),
    PointsValidity(days=20, expires=True),
    PointsValidity(days=90, expires=True),
    RefundPolicy(),
    RefundPolicy(RefundMode.ALLOW_NEGATIVE),
    OldPriceProtection(),
    OldPriceProtection(0),
    OldPriceProtection(90),
    NoticePeriod(0),
    NoticePeriod(1),
    NoticePeriod(30),
    NoticePeriod(60, NoticePreset.CA_QC),
    NoticePeriod(61, NoticePreset.CA_QC),
]

DRINKS, IN_THE_SHOP = Categories(include=frozenset({"drinks"})), Channels(frozenset({Channel.STORE}))

COMBINATIONS: list[tuple[tuple[Condition, ...], Effect]] = [
    ((DRINKS, HAPPY_HOUR), PointsMultiplier(Decimal(2))),
    ((MinimumSpend(pounds("20.00")), WeekdaysAndHours(frozenset({Weekday.TUESDAY}))), BonusPoints(10)),
    ((BirthdayWindow(7, 7), TimesPerPeriod(1, Period.YEAR)), BonusPoints(50)),
    ((HARBOUR, HAPPY_HOUR, MinimumSpend(pounds("20.00"))), PointsPerVisit(1)),
    ((ExceptWhen((HAPPY_HOUR,)), TierAtLeast("silver", "Silver", 100)), PointsMultiplier(Decimal("1.5"))),
    ((DRINKS, EveryNthItem(10)), BonusPoints(20)),
    ((EveryNthVisit(6), MemberFor(30)), BonusPoints(20)),
    ((Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)), Budget(10_000, BudgetMode.WHOLE)), BonusPoints(100)),
    ((Segments(frozenset({"student"})), PaymentMethods(frozenset({PaymentKind.CARD}))), PointsMultiplier(Decimal(3))),
    ((AnyOf((HARBOUR, Channels(frozenset({Channel.ONLINE})))), MinimumQuantity(2)), BonusPoints(5)),
    ((AllOf((IN_THE_SHOP, HAPPY_HOUR)), NotCombinedWith(frozenset({"a"}), frozenset({3}))), BonusPoints(5)),
    (
        (
            HAPPY_HOUR,
            Dates(first=date(2026, 6, 1), last=date(2026, 6, 30)),
            MinimumSpend(pounds("20.00")),
            Categories(include=frozenset({"drinks"}), exclude=frozenset({"tea"})),
        ),
        PointsPerAmount(1, pounds("1.00")),
    ),
    ((DRINKS, MinimumSpend(pounds("20.00"))), RewardCost("cake", 50, "Cake")),
    ((IN_THE_SHOP, HAPPY_HOUR), RewardCost("cake", 50, "Cake")),
    ((AtTill(), HAPPY_HOUR), RewardCost("cake", 50, "Cake")),
    ((AnyOf((AtTill(), TierAtLeast("silver", "Silver", 100))),), RewardCost("cake", 50, "Cake")),
    ((HARBOUR, AgeAtLeast(18)), RewardCost("cake", 50, "Cake", cash=pounds("2.00"))),
    ((ExceptWhen((HAPPY_HOUR, HARBOUR)), TimesPerPeriod(1, Period.MONTH)), RewardCost("cake", 50, "Cake")),
    ((FirstPurchase(), Products(exclude=frozenset({"22423"}))), RewardCost("meal", 10, "Meal", Unit.STAMPS)),
]
"""Clauses as an owner would write them, of several conditions."""
