"""Conditions, one file each. A stored condition is found again by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.domain.conditions.categories import Categories
from app.domain.conditions.condition import Condition as Condition
from app.domain.conditions.condition import Selecting as Selecting
from app.domain.conditions.dates import Dates
from app.domain.conditions.minimum_spend import MinimumSpend
from app.domain.conditions.products import Products
from app.domain.conditions.weekdays_and_hours import WeekdaysAndHours

CONDITIONS: Mapping[str, type[Condition]] = MappingProxyType(
    {one.kind: one for one in (MinimumSpend, WeekdaysAndHours, Dates, Products, Categories)}
)
"""Every kind of condition. A kind is never renamed: stored terms name it."""


def condition_from_data(data: Mapping[str, Any]) -> Condition:
    """The stored condition. Raises KeyError for an unknown kind."""
    return CONDITIONS[data["kind"]].from_data(data)
