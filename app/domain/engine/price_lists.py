"""The price of a reward for points of different age: the lower of the price when they were earned and the one now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from app.domain.calendar import day_start, local_date
from app.domain.ledger.lots import Draw, Lot, consumption_order
from app.domain.terms.effects.grandfathering import Grandfathering
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.version import Terms
from app.domain.units import Unit


@dataclass(frozen=True, slots=True)
class Charge:
    """What a reward costs a customer: the points in all, from which lots, and what is missing (then no draws)."""

    cost: int
    draws: tuple[Draw, ...]
    missing: int


@dataclass(frozen=True, slots=True)
class PriceLists:
    """A customer's open lots, and the versions of the terms that they were earned under, oldest first."""

    terms: Terms
    earlier: tuple[Terms, ...]
    lots: tuple[Lot, ...]
    at: datetime

    def charge(self, reward: str) -> Charge | None:
        """What the reward costs now; None where every lot pays the price of today."""
        now = _price(self.terms, reward)
        if now is None:
            return None
        prices = {lot.id: self.price_of(lot, reward=reward, now=now) for lot in self.lots}
        return _charged(self.lots, prices=prices, now=now) if any(price < now for price in prices.values()) else None

    def price_of(self, lot: Lot, *, reward: str, now: int) -> int:
        """What a reward that costs `now` costs in points of this lot: the old price, as long as it holds, or that."""
        versions = [*self.earlier, self.terms]
        known = [place for place, version in enumerate(versions) if version.effective_from <= lot.earned_at]
        then = _price(versions[known[-1]], reward) if known else None
        if then is None or then >= now:
            return now
        rise = self._rise(versions[known[-1] + 1 :], reward=reward, above=then)
        days = self.terms.policy(Grandfathering).days
        last = local_date(rise, zone_name=self.terms.zone) + timedelta(days=days)
        until = day_start(last + timedelta(days=1), zone_name=self.terms.zone)
        return then if self.at < until else now

    def _rise(self, versions: Sequence[Terms], *, reward: str, above: int) -> datetime:
        """When the price came to lie above what was paid before, for the last time."""
        rise = versions[-1].effective_from
        for version in reversed(versions):
            price = _price(version, reward)
            if price is None or price <= above:
                break
            rise = version.effective_from
        return rise


def may_be_cheaper(terms: Terms, *, earlier: Sequence[Terms]) -> bool:
    """Whether any reward was cheaper before, so that the age of points may matter."""
    if not terms.has(Grandfathering) or terms.policy(Grandfathering).days == 0:
        return False
    rewards = [clause.effect.reward for clause in terms.clauses if isinstance(clause.effect, RewardCost)]
    prices = {reward: now for reward in rewards if (now := _price(terms, reward)) is not None}
    return any(
        (price := _price(version, reward)) is not None and price < now
        for version in earlier
        for reward, now in prices.items()
    )


def _price(terms: Terms, reward: str) -> int | None:
    """What the reward costs in points; None where it is not offered, or for another unit."""
    clause = terms.cost_of(reward)
    cost = clause.effect if clause is not None else None
    return cost.points if isinstance(cost, RewardCost) and cost.unit is Unit.POINTS else None


def _charged(lots: Sequence[Lot], *, prices: dict[str, int], now: int) -> Charge:
    """The cheapest lots pay first; each pays a part of the reward at its own price, the last one rounded down."""
    rest = Fraction(1)
    draws: list[Draw] = []
    for lot in sorted(consumption_order(lots), key=lambda each_lot: prices[each_lot.id]):
        asked = (rest * prices[lot.id]).__floor__()
        if asked == 0:
            rest = Fraction(0)
            break
        taken = min(asked, lot.free)
        draws.append(Draw(lot_id=lot.id, points=taken))
        rest = Fraction(0) if taken == asked else rest - Fraction(taken, prices[lot.id])
        if rest == 0:
            break
    missing = (rest * now).__floor__()
    paid = sum(draw.points for draw in draws)
    return Charge(cost=paid + missing, draws=() if missing else tuple(draws), missing=missing)
