"""Rewards: what customers can redeem points for, with the stock left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.problems import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class Reward:
    """A reward. `retail_value` and `cash_part` are in minor units of the program's currency; `stock` None means without limit.

    `article` is the stock code of what is given, `variants` what there is to choose from.
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

    def choice_problem(self) -> Problem | None:
        """The problem with a reward without the variant that has to be chosen; None where there is nothing to choose."""
        return Problem(ProblemCode.VARIANT_REQUIRED, path=("reward",)) if self.variants else None

    def stock_problem(self) -> Problem | None:
        """The problem with a reward that is out of stock; None where it is not."""
        return OUT_OF_STOCK if self.stock == 0 else None


OUT_OF_STOCK = Problem(ProblemCode.OUT_OF_STOCK, path=("reward",))
