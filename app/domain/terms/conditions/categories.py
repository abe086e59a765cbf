"""Certain categories of articles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.purchases.lines import Line
from app.domain.terms.conditions.listed import Listed


@dataclass(frozen=True, slots=True)
class Categories(Listed):
    """Selects lines by category; a line in several categories counts if one of them is included and none is excluded."""

    kind: ClassVar[str] = "categories"
    about: ClassVar[str] = "Counts only some categories, and holds when an article of one is in the basket."

    def names(self, line: Line) -> tuple[str, ...]:
        """The categories that the till gave."""
        return line.categories
