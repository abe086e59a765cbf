"""Limits of manual changes by staff and tills; the owner has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.amounts import Money


class StaffBudget(StrEnum):
    """A daily budget of a staff access key for manual changes, counted without sign and per unit."""

    ADJUSTMENTS = "ADJUSTMENTS"
    TRANSFERS = "TRANSFERS"


@dataclass(frozen=True, slots=True)
class StaffLimits:
    """The limits of a program, which its owner sets.

    `adjustments` and `transfers` are points (or stamps) a day and access key; `amendment_days` the age up to which a till
    may amend a receipt; `amendment_amount` by how much a till may change a receipt whatever its total, in minor units of
    the program's currency (None: 100 major units).
    """

    adjustments: int = 5_000
    transfers: int = 10_000
    amendment_days: int = 3
    amendment_amount: int | None = None

    def daily(self, budget: StaffBudget) -> int:
        """Points or stamps per day."""
        return self.adjustments if budget is StaffBudget.ADJUSTMENTS else self.transfers

    @property
    def amendment_age(self) -> timedelta:
        """The maximum age of a receipt that a till may amend."""
        return timedelta(days=self.amendment_days)

    def always_allowed_amendment(self, *, currency: str) -> Money:
        """The amount by which a till may change any receipt, however small its total."""
        if self.amendment_amount is None:
            return Money.of("100", currency)
        return Money(self.amendment_amount, currency)

    def max_amendment(self, *, total: Money) -> Money:
        """The amount by which a till may change a receipt, all changes together: twice the total, or more if that is small.

        `total` is that of the receipt as recorded, in the program's currency.
        """
        return Money(max(2 * total.minor, self.always_allowed_amendment(currency=total.currency).minor), total.currency)
