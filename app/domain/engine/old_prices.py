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
    """What decides the prices that a customer's `lots` pay at the instant `at`.

    `terms` are in force then; `earlier_terms` are the versions before them, oldest first.
    """

    terms: Terms
    earlier_terms: tuple[Terms, ...]
    lots: tuple[Lot, ...]
    at: datetime

    def charge(self, reward: str) -> RewardCharge | None:
        """What the reward with the key `reward` costs at `at`; None if all lots pay the current price, or it costs no points."""
        current_price = _price_in_points(self.terms, reward)
        if current_price is None:
            return None
        prices = {lot.id: self.price_of(lot, reward=reward, current_price=current_price) for lot in self.lots}
        return (
            _charge_to_lots(self.lots, prices=prices, current_price=current_price)
            if any(price < current_price for price in prices.values())
            else None
        )

    def price_of(self, lot: Lot, *, reward: str, current_price: int) -> int:
        """The price of a reward in points of this lot: the old price while it is protected, else `current_price`."""
        versions = [*self.earlier_terms, self.terms]
        started_indexes = [index for index, version in enumerate(versions) if version.effective_from <= lot.earned_at]
        price_when_earned = _price_in_points(versions[started_indexes[-1]], reward) if started_indexes else None
        if price_when_earned is None or price_when_earned >= current_price:
            return current_price
        raised_at = self._raised_at(versions[started_indexes[-1] + 1 :], reward=reward, old_price=price_when_earned)
        days = self.terms.policy_effect(OldPriceProtection).days
        last_day = local_date(raised_at, zone_name=self.terms.zone) + timedelta(days=days)
        protected_until = day_start(last_day + timedelta(days=1), zone_name=self.terms.zone)
        return price_when_earned if self.at < protected_until else current_price

    def _raised_at(self, versions: Sequence[Terms], *, reward: str, old_price: int) -> datetime:
        """When the price last rose above `old_price`; `versions` are the terms after those with this price, oldest first."""
        raised_at = versions[-1].effective_from
        for version in reversed(versions):
            price = _price_in_points(version, reward)
            if price is None or price <= old_price:
                break
            raised_at = version.effective_from
        return raised_at


def protects_lower_prices(terms: Terms, *, earlier_terms: Sequence[Terms]) -> bool:
    """Whether the terms protect old prices, and some reward was cheaper in earlier terms."""
    if OldPriceProtection not in terms.policy_clauses or terms.policy_effect(OldPriceProtection).days == 0:
        return False
    rewards = [clause.effect.reward for clause in terms.clauses if isinstance(clause.effect, RewardCost)]
    current_prices = {reward: price for reward in rewards if (price := _price_in_points(terms, reward)) is not None}
    return any(
        (price := _price_in_points(version, reward)) is not None and price < current_price
        for version in earlier_terms
        for reward, current_price in current_prices.items()
    )


def _price_in_points(terms: Terms, reward: str) -> int | None:
    """The price of a reward in points; None if it is not offered or costs stamps."""
    clause = terms.clause_of_reward(reward)
    effect = clause.effect if clause is not None else None
    return effect.points if isinstance(effect, RewardCost) and effect.unit is Unit.POINTS else None


def _charge_to_lots(lots: Sequence[Lot], *, prices: dict[str, int], current_price: int) -> RewardCharge:
    """The charge of lots, those with the lowest price first; each pays a part at its own price, the last one rounded down."""
    unpaid_share = Fraction(1)
    draws: list[Draw] = []
    for lot in sorted(consumption_order(lots), key=lambda lot: prices[lot.id]):
        price_of_rest = (unpaid_share * prices[lot.id]).__floor__()
        if price_of_rest == 0:
            unpaid_share = Fraction(0)
            break
        drawn_points = min(price_of_rest, lot.free)
        draws.append(Draw(lot_id=lot.id, points=drawn_points))
        unpaid_share = (
            Fraction(0) if drawn_points == price_of_rest else unpaid_share - Fraction(drawn_points, prices[lot.id])
        )
        if unpaid_share == 0:
            break
    missing = (unpaid_share * current_price).__floor__()
    paid_points = sum(draw.points for draw in draws)
    return RewardCharge(cost=paid_points + missing, draws=() if missing else tuple(draws), missing=missing)
