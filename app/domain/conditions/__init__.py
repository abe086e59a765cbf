"""Conditions, one file each. A stored condition is found again by its kind."""

from __future__ import annotations

from app.domain.conditions.about_customer import AboutCustomer as AboutCustomer
from app.domain.conditions.age_at_least import AgeAtLeast
from app.domain.conditions.birthday_window import BirthdayWindow
from app.domain.conditions.budget import Budget
from app.domain.conditions.categories import Categories
from app.domain.conditions.channels import Channels
from app.domain.conditions.condition import Condition as Condition
from app.domain.conditions.condition import Selecting as Selecting
from app.domain.conditions.dates import Dates
from app.domain.conditions.every_nth_item import EveryNthItem
from app.domain.conditions.every_nth_visit import EveryNthVisit
from app.domain.conditions.first_purchase import FirstPurchase
from app.domain.conditions.groups import AllOf, AnyOf, ExceptWhen
from app.domain.conditions.groups import Group as Group
from app.domain.conditions.locations import Locations
from app.domain.conditions.member_for import MemberFor
from app.domain.conditions.minimum_quantity import MinimumQuantity
from app.domain.conditions.minimum_spend import MinimumSpend
from app.domain.conditions.not_combined_with import NotCombinedWith
from app.domain.conditions.payment_methods import PaymentMethods
from app.domain.conditions.preferences import Preferences
from app.domain.conditions.products import Products
from app.domain.conditions.segments import Segments
from app.domain.conditions.tier_at_least import TierAtLeast
from app.domain.conditions.times_per_period import TimesPerPeriod
from app.domain.conditions.weekdays_and_hours import WeekdaysAndHours

CONDITIONS: tuple[type[Condition], ...] = (
    MinimumSpend,
    MinimumQuantity,
    Products,
    Categories,
    WeekdaysAndHours,
    Dates,
    Locations,
    Channels,
    PaymentMethods,
    FirstPurchase,
    EveryNthVisit,
    EveryNthItem,
    MemberFor,
    BirthdayWindow,
    AgeAtLeast,
    Segments,
    Preferences,
    TierAtLeast,
    TimesPerPeriod,
    Budget,
    NotCombinedWith,
    AnyOf,
    AllOf,
    ExceptWhen,
)
"""Every kind of condition, in the order in which they are offered."""
