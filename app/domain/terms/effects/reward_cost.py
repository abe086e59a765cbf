"""What a reward costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from app.domain.amounts import Money
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.details import Detail, key_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, ClauseKind, Effect, points_error
from app.domain.terms.rule import rule_field
from app.domain.units import Unit

_KEY = re.compile(r"[a-z0-9-]{1,40}")


class _Codes(NamedTuple):
    """The codes of reasons in one unit: the balance pays the cost, it is too low, it is below zero."""

    paid: ReasonCode
    missing: ReasonCode
    owed: ReasonCode


_REASON_CODES = {
    Unit.POINTS: _Codes(ReasonCode.COST_PAID, ReasonCode.INSUFFICIENT_POINTS, ReasonCode.NEGATIVE_BALANCE),
    Unit.STAMPS: _Codes(ReasonCode.STAMPS_PAID, ReasonCode.INSUFFICIENT_STAMPS, ReasonCode.NEGATIVE_STAMPS),
}


def _collect_remedy(missing: int, unit: Unit) -> Remedy:
    if unit is Unit.STAMPS:
        return Remedy(RemedyCode.COLLECT_STAMPS, quantity=missing)
    return Remedy(RemedyCode.COLLECT_POINTS, points=missing)


@dataclass(frozen=True, slots=True)
class RewardCost(Effect):
    """The reward with the key `reward` costs `points` of `unit`, and `cash` besides; the sentence calls it `name`.

    The till collects the cash; the decision states the amount.
    """

    kind: ClassVar[str] = "reward_cost"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.REWARD
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = "What a reward costs."
    reward: str = rule_field("The key of the reward.")
    points: int = rule_field(f"The price in its `unit`, 1 to {MAX_POINTS_PER_CLAUSE:,}.")
    name: str = rule_field(
        "What the catalogue calls the reward when the terms are published.", default="", is_owner_supplied=False
    )
    unit: Unit = rule_field("The unit in which it is paid.", default=Unit.POINTS)
    cash: Money | None = rule_field(
        "What is paid in addition, in the program's currency, above 0; null: nothing.", default=None
    )

    def check(self, *, available: int, owed: int = 0, cost: int | None = None) -> Finding:
        """Whether `available` points or stamps pay for the reward; the remedy says how many are missing.

        `cost` is the price if older points pay less; None: the price is `points`. `owed` is how far the balance is below zero.
        A balance below zero buys nothing, and what is collected pays the debt first.
        """
        price = self.points if cost is None else cost
        codes = _REASON_CODES[self.unit]
        if owed > 0:
            return Finding(
                False, codes.owed, owed, owed + price, (_collect_remedy(owed + max(price - available, 0), self.unit),)
            )
        if available >= price:
            return Finding(True, codes.paid, available, price)
        return Finding(False, codes.missing, available, price, (_collect_remedy(price - available, self.unit),))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """What the reward costs in its unit, and in cash if it costs any."""
        reward, price = self.name or self.reward, phrasebook.counted(self.unit.value, self.points)
        if self.cash is None:
            return phrasebook("reward_cost", reward=reward, price=price)
        return phrasebook("reward_cost.with_cash", reward=reward, price=price, cash=phrasebook.money(self.cash))

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether the same reward costs at most as much, in the same unit."""
        return (
            isinstance(other, RewardCost)
            and (self.reward, self.unit) == (other.reward, other.unit)
            and self.points <= other.points
            and (self.cash is None or (other.cash is not None and self.cash <= other.cash))
        )

    def validation_error(self) -> Detail | None:
        """Why the key of the reward or `points` is invalid, or None."""
        if not _KEY.fullmatch(self.reward):
            return key_detail()
        return points_error(self.points)
