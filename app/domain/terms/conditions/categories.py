"""Certain categories of articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.purchases.lines import Line
from app.domain.terms.conditions.listed_goods import ListedGoods


@dataclass(frozen=True, slots=True)
class Categories(ListedGoods):
    """Selects lines by category; a line in several categories counts if one of them is included and none is excluded."""

    kind: ClassVar[str] = "categories"
    description: ClassVar[str] = "Counts only articles of some categories, and holds when one of them is in the basket."

    def names(self, line: Line) -> tuple[str, ...]:
        """The categories that the till gave."""
        return line.categories
