"""Reward prices for older points: the lower of the price when they were earned and the current price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from app.domain.calendar import day_start, local_date
from app.domain.ledger.lots import Draw, Lot, consumption_order
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class RewardCharge:
    """The cost of a reward in points, and the draws that pay it; without draws if points are `missing`."""

    cost: int
    draws: tuple[Draw, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class OldPrices:
    """A customer's lots, and the versions of the terms before the current ones, oldest first."""

    terms: Terms
    earlier: tuple[Terms, ...]
    lots: tuple[Lot, ...]
    at: datetime

    def charge(self, reward: str) -> RewardCharge | None:
        """What the reward costs now; None if every lot pays the current price, or the reward has no price in points."""
        current_price = _price_in_points(self.terms, reward)
        if current_price is None:
            return None
        prices = {lot.id: self.price_of(lot, reward=reward, current_price=current_price) for lot in self.lots}
        return (
            _charged(self.lots, prices=prices, current_price=current_price)
            if any(price < current_price for price in prices.values())
            else None
        )

    def price_of(self, lot: Lot, *, reward: str, current_price: int) -> int:
        """The price of a reward in points of this lot: the old price while it is protected, else `current_price`."""
        versions = [*self.earlier, self.terms]
        started_versions = [index for index, version in enumerate(versions) if version.effective_from <= lot.earned_at]
        price_when_earned = _price_in_points(versions[started_versions[-1]], reward) if started_versions else None
        if price_when_earned is None or price_when_earned >= current_price:
            return current_price
        raised_at = self._raised_at(versions[started_versions[-1] + 1 :], reward=reward, above=price_when_earned)
        days = self.terms.policy_effect(OldPriceProtection).days
        last_day = local_date(raised_at, zone_name=self.terms.zone) + timedelta(days=days)
        until = day_start(last_day + timedelta(days=1), zone_name=self.terms.zone)
        return price_when_earned if self.at < until else current_price

    def _raised_at(self, versions: Sequence[Terms], *, reward: str, above: int) -> datetime:
        """When the price last rose above the price `above`; `versions` are those after it, oldest first."""
        raised_at = versions[-1].effective_from
        for version in reversed(versions):
            price = _price_in_points(version, reward)
            if price is None or price <= above:
                break
            raised_at = version.effective_from
        return raised_at


def may_be_cheaper(terms: Terms, *, earlier: Sequence[Terms]) -> bool:
    """Whether any reward was cheaper in earlier terms and old prices are protected."""
    if OldPriceProtection not in terms.policy_clauses or terms.policy_effect(OldPriceProtection).days == 0:
        return False
    rewards = [clause.effect.reward for clause in terms.clauses if isinstance(clause.effect, RewardCost)]
    current_prices = {reward: price for reward in rewards if (price := _price_in_points(terms, reward)) is not None}
    return any(
        (price := _price_in_points(version, reward)) is not None and price < current_price
        for version in earlier
        for reward, current_price in current_prices.items()
    )


def _price_in_points(terms: Terms, reward: str) -> int | None:
    """The price of a reward in points; None if it is not offered or costs stamps."""
    clause = terms.clause_of_reward(reward)
    effect = clause.effect if clause is not None else None
    return effect.points if isinstance(effect, RewardCost) and effect.unit is Unit.POINTS else None


def _charged(lots: Sequence[Lot], *, prices: dict[str, int], current_price: int) -> RewardCharge:
    """Charge the lots with the lowest price first; each pays a part at its own price, the last one rounded down."""
    unpaid = Fraction(1)
    draws: list[Draw] = []
    for lot in sorted(consumption_order(lots), key=lambda lot: prices[lot.id]):
        price = (unpaid * prices[lot.id]).__floor__()
        if price == 0:
            unpaid = Fraction(0)
            break
        drawn = min(price, lot.free)
        draws.append(Draw(lot_id=lot.id, points=drawn))
        unpaid = Fraction(0) if drawn == price else unpaid - Fraction(drawn, prices[lot.id])
        if unpaid == 0:
            break
    missing = (unpaid * current_price).__floor__()
    paid = sum(draw.points for draw in draws)
    return RewardCharge(cost=paid + missing, draws=() if missing else tuple(draws), missing=missing)
