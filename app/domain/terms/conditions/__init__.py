"""Conditions, one file each. A stored condition is found again by its kind."""

from __future__ import annotations

from app.domain.terms.conditions.age_at_least import AgeAtLeast
from app.domain.terms.conditions.at_till import AtTill
from app.domain.terms.conditions.birthday_window import BirthdayWindow
from app.domain.terms.conditions.budget import Budget
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
from app.domain.terms.conditions.minimum_spend import MinimumSpend
from app.domain.terms.conditions.not_combined_with import NotCombinedWith
from app.domain.terms.conditions.payment_methods import PaymentMethods
from app.domain.terms.conditions.preferences import Preferences
from app.domain.terms.conditions.products import Products
from app.domain.terms.conditions.segments import Segments
from app.domain.terms.conditions.tier_at_least import TierAtLeast
from app.domain.terms.conditions.times_per_period import TimesPerPeriod
from app.domain.terms.conditions.weekdays_and_hours import WeekdaysAndHours

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
    AtTill,
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
