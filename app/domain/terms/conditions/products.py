"""Certain articles, by stock code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.domain.purchases.lines import Line
from app.domain.terms.conditions.listed_goods import ListedGoods


@dataclass(frozen=True, slots=True)
class Products(ListedGoods):
    """Selects lines by stock code."""

    kind: ClassVar[str] = "products"
    description: ClassVar[str] = (
        "Counts only some articles, and holds when one of them is in the basket. Names are stock codes."
    )

    def names(self, line: Line) -> tuple[str, ...]:
        """The stock code."""
        return (line.sku,)
