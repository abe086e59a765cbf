"""Rewards: what customers can redeem points for, with the stock left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.problems import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward. `retail_value` and `cash_part` are in minor units of the program's currency.

    `stock` is how many are left, `stock_initial` how many there were at first; None: without limit. `article` is the
    stock code of what the customer gets. `variants` are the sizes, colours or the like to choose from, if there are
    any.
    """

    id: str
    key: str
    name: str
    description: str
    picture_url: str | None
    retail_value: int | None
    stock_initial: int | None
    stock: int | None
    created_at: datetime
    article: str | None = None
    variants: tuple[str, ...] = ()
    cash_part: int | None = None

    def missing_variant_problem(self) -> Problem | None:
        """The problem of a redemption, which cannot name a variant yet, if the reward has variants; otherwise None."""
        return Problem(ProblemCode.VARIANT_REQUIRED, path=("reward",)) if self.variants else None

    def stock_problem(self) -> Problem | None:
        """The problem if the reward is out of stock, otherwise None."""
        return OUT_OF_STOCK if self.stock == 0 else None


OUT_OF_STOCK = Problem(ProblemCode.OUT_OF_STOCK, path=("reward",))
