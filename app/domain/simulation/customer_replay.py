"""The replay of one customer's history: what purchases earn and rewards cost, with usage counters and tiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.amounts import MAX_POINTS
from app.domain.customers.profile import EMPTY_PROFILE, CustomerProfile
from app.domain.customers.rule_facts import NO_RULE_FACTS
from app.domain.decisions import Decision, DecisionOutcome
from app.domain.engine.earning import base_points, earn
from app.domain.engine.redemption import cost_effect_of, redeem
from app.domain.engine.usage import usage_of
from app.domain.engine.usage_counters import UsageCounters
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.units import Unit
from app.domain.wallets.membership import Membership


@dataclass(frozen=True, slots=True)
class PastRedemption:
    """A redemption that a customer requested."""

    reward: str
    facts: PurchaseFacts


@dataclass(frozen=True, slots=True)
class PurchaseWithReturns:
    """A purchase of which goods were returned: as recorded (`before_returns`), and with the goods that remain."""

    after_returns: PurchaseFacts
    before_returns: PurchaseFacts


@dataclass(frozen=True, slots=True)
class CustomerHistory:
    """A customer's recent events in order of business time, and the customer's state just before them.

    `opening_points` and `opening_stamps` are the balances, `prior_visits` is the number of purchases, `prior_items` what
    each clause (by key) had counted, and `own_budget_shares` the customer's own shares of budgets (by clause key). `profile`
    is that of today.
    """

    customer_id: str
    enrolled_at: datetime
    opening_points: int
    prior_visits: int
    events: tuple[PurchaseFacts | PurchaseWithReturns | PastRedemption, ...]
    prior_items: Mapping[str, int] = field(default_factory=dict)
    profile: CustomerProfile = EMPTY_PROFILE
    opening_stamps: int = 0
    own_budget_shares: Mapping[str, int] = field(default_factory=dict)


class CustomerReplay:
    """The replay of a customer's history under one version of the terms.

    Only purchases in the replay count towards tiers. Points are never pending, and do not expire.
    `budget_usage` is by clause key and shared by the replays of all customers. Points of goods that were returned later are
    the customer's own share of the budget from the moment of the purchase.
    """

    def __init__(self, terms: Terms, history: CustomerHistory, budget_usage: dict[str, int]) -> None:
        self.balances = {Unit.POINTS: history.opening_points, Unit.STAMPS: history.opening_stamps}
        self.earned = {Unit.POINTS: 0, Unit.STAMPS: 0}
        self._opening_balances = dict(self.balances)
        self._terms = terms
        self._profile = history.profile
        counters = UsageCounters(history.enrolled_at, visits=history.prior_visits, items=dict(history.prior_items))
        self._membership = Membership(history.customer_id, counters)
        self._budget_usage = budget_usage
        self._own_budget_shares = Counter(history.own_budget_shares)

    def decide(self, facts: PurchaseFacts) -> Decision:
        """What the purchase earns."""
        return earn(terms=self._terms, facts=self.with_rule_facts(facts))

    def book(self, facts: PurchaseFacts, decision: Decision, *, before_returns: PurchaseFacts | None = None) -> None:
        """Add what a purchase earned, as far as an account can hold it; `before_returns` is None if nothing was returned."""
        if self._terms.budgets:
            decision_before_returns = decision if before_returns is None else self.decide(before_returns)
            self._use_budgets(decision_before_returns, decision_after_returns=decision)
        points = self._credit(decision.points, Unit.POINTS)
        if decision.stamps:
            self._credit(decision.stamps, Unit.STAMPS)
        if not self._terms.required_facts.is_empty:
            usage = usage_of(terms=self._terms, facts=self.with_rule_facts(facts), decision=decision)
            self._membership.counters.count(replace(usage, points=points), at=facts.occurred_at)
        if self._terms.tiers:
            qualifying_points = base_points(decision, terms=self._terms)
            self._membership.qualifying_points.add(qualifying_points, at=facts.occurred_at, zone=self._terms.zone)
            self._review_tiers_until(facts.occurred_at)

    def _use_budgets(self, decision_before_returns: Decision, *, decision_after_returns: Decision) -> None:
        """Use budgets for the purchase before returns; points of returned goods become the customer's own share."""
        for key, points in decision_before_returns.common_budget_usage():
            self._budget_usage[key] = self._budget_usage.get(key, 0) + points
            self._own_budget_shares[key] += points
        self._own_budget_shares.subtract(dict(decision_after_returns.budget_usage))

    def _credit(self, amount: int, unit: Unit) -> int:
        """Credit the part of an amount that the account can hold."""
        credited = min(amount, MAX_POINTS - self._opening_balances[unit] - self.earned[unit])
        self.balances[unit] += credited
        self.earned[unit] += credited
        return credited

    def redeem(self, request: PastRedemption) -> Decision | None:
        """Redeem a reward and return the decision; None if the reward is not offered, or the redemption is refused."""
        clause = self._terms.clause_of_reward(request.reward)
        if clause is None:
            return None
        unit = cost_effect_of(clause).unit
        available = self.balances[unit]
        facts = self.with_rule_facts(request.facts)
        decision = redeem(terms=self._terms, clause=clause, facts=facts, available=available)
        if decision.outcome is DecisionOutcome.REFUSED:
            return None
        self.balances[unit] -= decision.amount(unit)
        self._membership.counters.count_clauses(facts, decision.applied_clause_keys(), terms=self._terms)
        return decision

    def with_rule_facts(self, facts: PurchaseFacts) -> PurchaseFacts:
        """The purchase with the rule facts (including budgets) that the terms require, as of just before the purchase."""
        required, budgets, rule_facts = self._terms.required_facts, self._terms.budgets, NO_RULE_FACTS
        if required.profile_conditions:
            rule_facts = required.profile_facts(self._profile, purchase=facts)
        if budgets:
            budgets_left = tuple(
                (key, max(0, budget.points - self._budget_usage.get(key, 0))) for key, budget in budgets.items()
            )
            rule_facts = replace(
                rule_facts,
                common_budgets_left=budgets_left,
                own_budget_shares=tuple((key, self._own_budget_shares[key]) for key in budgets),
            )
        if required.tier:
            self._review_tiers_until(facts.occurred_at)
        facts = facts if facts.rule_facts is rule_facts else replace(facts, rule_facts=rule_facts)
        return self._membership.with_rule_facts(facts, terms=self._terms)

    def _review_tiers_until(self, at: datetime) -> None:
        """Review the tier at an instant and at every rollover before it."""
        membership = self._membership
        while (due := membership.next_review_at) is not None and due < at:
            membership.review_tier(terms=self._terms, at=due)
        membership.review_tier(terms=self._terms, at=at)
