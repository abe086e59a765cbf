"""Limits of manual changes by staff and tills; the owner has none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.domain.amounts import Money


class StaffBudget(StrEnum):
    """The kinds of manual changes for which an access key of staff has a daily budget in each unit.

    Points that are taken use the budget like points that are given.
    """

    ADJUSTMENTS = "ADJUSTMENTS"
    TRANSFERS = "TRANSFERS"


@dataclass(frozen=True, slots=True)
class StaffLimits:
    """The limits of a program, which its owner sets.

    `adjustments` and `transfers` are how many points, and how many stamps, an access key may move per day. A till may
    amend a receipt that is at most `amendment_days` old. `amendment_amount` is by how much a till may change the total
    of any receipt, in minor units of the program's currency (None: 100 major units).
    """

    adjustments: int = 5_000
    transfers: int = 10_000
    amendment_days: int = 3
    amendment_amount: int | None = None

    def daily_limit(self, budget: StaffBudget) -> int:
        """How many points, and how many stamps, an access key may move per day."""
        return self.adjustments if budget is StaffBudget.ADJUSTMENTS else self.transfers

    @property
    def amendment_age(self) -> timedelta:
        """The maximum age of a receipt that a till may amend."""
        return timedelta(days=self.amendment_days)

    def always_allowed_amendment(self, *, currency: str) -> Money:
        """By how much a till may change the total of any receipt, however small it is."""
        if self.amendment_amount is None:
            return Money.of("100", currency)
        return Money(self.amendment_amount, currency)

    def max_amendment(self, *, total: Money) -> Money:
        """By how much all amendments by tills together may change the total of a receipt.

        It is twice the `total` of the receipt as first recorded, in the program's currency, or
        `always_allowed_amendment` if that is more.
        """
        return Money(max(2 * total.minor, self.always_allowed_amendment(currency=total.currency).minor), total.currency)
