"""The impact of a draft: recent history replayed under the terms in force and under the draft.

The same in both replays:

- the opening balances, the purchases (as far as the goods were kept), and the requests for rewards; so a draft that
  changes nothing has no impact at all;
- usage per period, counted from the beginning of the replay; visits and items, counted from the customer's first ones;
- the customers' profiles, which are those of today;
- the usage of budgets at the beginning of the replay. Points of goods that were returned later count as the customer's own
  share of the budget from the moment of the purchase that had used it.

Not simulated:

- the protection of old prices: every reward costs the price of the draft;
- which customer comes too late for a budget: customers are replayed one after the other and not in the order of the
  receipts, so only the total given out of a budget is meaningful.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from app.domain.engine.redemption import cost_effect_of
from app.domain.simulation.customer_replay import CustomerHistory, CustomerReplay, PastRedemption, PurchaseWithReturns
from app.domain.terms.effects.combination import Combination
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.version import Terms
from app.domain.units import Unit

MAX_LISTED = 10
"""How many customers are listed of those who gain most, and of those who lose most."""


@dataclass(frozen=True, slots=True)
class CustomerImpact:
    """The impact of the draft on one customer.

    `difference` is the change in points earned, minus the change in the cost of rewards that are redeemed under both
    versions (each: draft minus terms in force); `stamps` is the same in stamps. Rewards redeemed under only one version
    are counted in `redemptions_lost` and `redemptions_won` instead, as their worth to the customer is unknown.
    """

    customer_id: str
    difference: int
    earned_before: int
    earned_after: int
    redemptions_lost: int
    redemptions_won: int
    stamps: int = 0

    @property
    def loses(self) -> bool:
        """Whether anything is less, whatever else is more."""
        return self.difference < 0 or self.stamps < 0 or self.redemptions_lost > 0

    @property
    def gains(self) -> bool:
        """Whether something is more and nothing is less."""
        return not self.loses and (self.difference > 0 or self.stamps > 0 or self.redemptions_won > 0)


@dataclass(slots=True)
class RewardImpact:
    """A reward under the terms in force (before) and under the draft (after): who could pay for it at the end."""

    key: str
    name: str
    members_before: int = 0
    members_after: int = 0
    no_longer_affordable: int = 0
    """Customers who could pay for it under the terms in force and cannot under the draft."""
    redemptions_lost: int = 0
    redemptions_won: int = 0


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact on all customers. Liability is the sum of their points at the end of the replay."""

    members: int
    purchases: int
    redemptions: int
    gainers: int
    losers: int
    points_gained: int
    points_lost: int
    most_gaining: tuple[CustomerImpact, ...]
    most_losing: tuple[CustomerImpact, ...]
    rewards: tuple[RewardImpact, ...]
    liability_before: int
    liability_after: int
    stamps_gained: int = 0
    stamps_lost: int = 0

    def to_data(self) -> dict[str, Any]:
        """The impact as JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Impact:
        """The impact that `to_data` wrote."""
        return cls(
            **{
                **data,
                "most_gaining": tuple(CustomerImpact(**value) for value in data["most_gaining"]),
                "most_losing": tuple(CustomerImpact(**value) for value in data["most_losing"]),
                "rewards": tuple(RewardImpact(**reward) for reward in data["rewards"]),
            }
        )


class ImpactSimulation:
    """The replay of one program, customer by customer; `impact` is the result so far.

    `budget_usage` is by clause key, at the beginning of the replay.
    """

    def __init__(self, *, current: Terms, draft: Terms, budget_usage: Mapping[str, int] | None = None) -> None:
        self._current = current
        self._draft = draft
        self._budget_usage_before = dict(budget_usage or {})
        self._budget_usage_after = dict(budget_usage or {})
        self._versions_earn_alike = _earning_rules(current) == _earning_rules(draft)
        self._rewards = _rewards(current, draft)
        self._gaining_customers: list[CustomerImpact] = []
        self._losing_customers: list[CustomerImpact] = []
        self._counts = dict.fromkeys(("members", "purchases", "redemptions", "gainers", "losers"), 0)
        self._sums = dict.fromkeys(("points_gained", "points_lost", "stamps_gained", "stamps_lost"), 0)
        self._liability_before = 0
        self._liability_after = 0

    def add(self, history: CustomerHistory) -> None:
        """Replay the history of one customer under both versions."""
        before = CustomerReplay(self._current, history, self._budget_usage_before)
        after = CustomerReplay(self._draft, history, self._budget_usage_after)
        cost_increase = {Unit.POINTS: 0, Unit.STAMPS: 0}
        redemptions_lost = redemptions_won = 0
        for event in history.events:
            if not isinstance(event, PastRedemption):
                remaining, before_returns = (
                    (event.after_returns, event.before_returns)
                    if isinstance(event, PurchaseWithReturns)
                    else (event, None)
                )
                decision = before.decide(remaining)
                before.book(remaining, decision, before_returns=before_returns)
                after.book(
                    remaining,
                    decision if self._versions_earn_alike else after.decide(remaining),
                    before_returns=before_returns,
                )
                self._counts["purchases"] += 1
                continue
            self._counts["redemptions"] += 1
            redemption_before, redemption_after = before.redeem(event), after.redeem(event)
            if redemption_before is not None and redemption_after is not None:
                for unit in Unit:
                    cost_increase[unit] += redemption_after.amount(unit) - redemption_before.amount(unit)
            elif redemption_before is not None:
                redemptions_lost += 1
                self._rewards[event.reward].redemptions_lost += 1
            elif redemption_after is not None:
                redemptions_won += 1
                self._rewards[event.reward].redemptions_won += 1
        difference = {unit: after.earned[unit] - before.earned[unit] - cost_increase[unit] for unit in Unit}
        earned = before.earned[Unit.POINTS], after.earned[Unit.POINTS]
        self._count_customer(
            CustomerImpact(
                history.customer_id,
                difference[Unit.POINTS],
                *earned,
                redemptions_lost,
                redemptions_won,
                difference[Unit.STAMPS],
            )
        )
        self._liability_before += before.balances[Unit.POINTS]
        self._liability_after += after.balances[Unit.POINTS]
        self._count_affordable_rewards(before.balances, after.balances)

    def impact(self) -> Impact:
        """The result of the replay so far."""
        return Impact(
            **self._counts,
            **self._sums,
            most_gaining=tuple(_most_affected(self._gaining_customers)),
            most_losing=tuple(_most_affected(self._losing_customers)),
            rewards=tuple(replace(reward) for reward in self._rewards.values()),
            liability_before=self._liability_before,
            liability_after=self._liability_after,
        )

    def _count_customer(self, customer: CustomerImpact) -> None:
        counts = self._counts
        counts["members"] += 1
        if customer.loses:
            counts["losers"] += 1
            self._losing_customers.append(customer)
        elif customer.gains:
            counts["gainers"] += 1
            self._gaining_customers.append(customer)
        for unit, difference in ((Unit.POINTS, customer.difference), (Unit.STAMPS, customer.stamps)):
            self._sums[f"{unit}_gained" if difference > 0 else f"{unit}_lost"] += abs(difference)
        for customers in (self._gaining_customers, self._losing_customers):
            if len(customers) > 100 * MAX_LISTED:
                customers[:] = _most_affected(customers)

    def _count_affordable_rewards(self, before: Mapping[Unit, int], after: Mapping[Unit, int]) -> None:
        for key, reward in self._rewards.items():
            affordable_before = _is_affordable(self._current, key, balances=before)
            affordable_after = _is_affordable(self._draft, key, balances=after)
            reward.members_before += affordable_before
            reward.members_after += affordable_after
            reward.no_longer_affordable += affordable_before and not affordable_after


def _most_affected(customers: Sequence[CustomerImpact]) -> list[CustomerImpact]:
    """The most affected: by points, then stamps, then rewards; by id last, so that the order is always the same."""

    def rank(customer: CustomerImpact) -> tuple[int, int, int, int, str]:
        return (
            -abs(customer.difference),
            -abs(customer.stamps),
            -customer.redemptions_lost,
            -customer.redemptions_won,
            customer.customer_id,
        )

    return sorted(customers, key=rank)[:MAX_LISTED]


def _is_affordable(terms: Terms, reward: str, *, balances: Mapping[Unit, int]) -> bool:
    clause = terms.clause_of_reward(reward)
    return clause is not None and cost_effect_of(clause).points <= balances[cost_effect_of(clause).unit]


def _rewards(current: Terms, draft: Terms) -> dict[str, RewardImpact]:
    """Every reward that either version prices, by key."""
    rewards: dict[str, RewardImpact] = {}
    for terms in (current, draft):
        for clause in terms.clauses:
            if isinstance(clause.effect, RewardCost):
                effect = clause.effect
                rewards.setdefault(effect.reward, RewardImpact(effect.reward, effect.name or effect.reward))
    return rewards


def _earning_rules(terms: Terms) -> tuple[object, ...]:
    """Everything in the terms that decides what a purchase earns; equal if purchases earn alike under two versions."""
    other_clauses = (clause for clause, _ in (*terms.caps, *terms.stamp_clauses))
    clauses = [(clause.key, clause.conditions, clause.effect) for clause in (*terms.point_clauses, *other_clauses)]
    policies = tuple(terms.policy_effect(kind) for kind in (Combination, CountedAmounts, RoundingRule))
    return (*clauses, policies, terms.zone)
