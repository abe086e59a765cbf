"""Who holds a wallet: each customer's history, points towards a tier, and the tier held."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from app.domain.engine.tiers import QualifyingPoints, TierChange, TierGrace, TierMembership, rank
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms
from app.domain.wallets.usage_counters import UsageCounters


@dataclass(slots=True)
class Membership:
    """One customer of a wallet. `turns_at` is when the tier has to be looked at again although nothing happens."""

    id: str
    counters: UsageCounters
    qualifying: QualifyingPoints = field(default_factory=QualifyingPoints)
    tier: TierMembership = field(default_factory=TierMembership)
    tier_grace: TierGrace = field(default_factory=TierGrace)
    reevaluate_at: datetime | None = None

    def with_customer_facts(self, facts: PurchaseFacts, *, terms: Terms) -> PurchaseFacts:
        """A purchase with what its terms ask of the customer, as it was just before."""
        customer_facts = self.counters.customer_facts(facts, terms=terms)
        if terms.required_facts.tier:
            points = self.qualifying.points(terms=terms, at=facts.occurred_at)
            customer_facts = replace(customer_facts, tier=self.tier.tier, qualifying=points)
        return facts if customer_facts == facts.customer_facts else replace(facts, customer_facts=customer_facts)

    def reevaluate_tier(self, *, terms: Terms, at: datetime) -> TierChange | None:
        """Look at the tier: up at once, down when the days of grace are over."""
        before = self.tier
        points = self.qualifying.deciding_points(terms=terms, at=at)
        self.tier = self.tier_grace.evaluate(before, points=points, terms=terms, at=at)
        turn = self.qualifying.next_rollover(terms=terms, at=at)
        falls_at = self.tier.grace_ends_at
        self.reevaluate_at = min((moment for moment in (turn, falls_at) if moment is not None), default=None)
        if self.tier.tier == before.tier:
            return None
        return TierChange(self.id, at, before.tier, self.tier.tier, points, terms)

    def absorb(self, other: Membership, *, terms: Terms, at: datetime) -> TierChange | None:
        """All that a customer brings along who was merged into this one; a higher tier with the days it still holds."""
        self.counters.absorb(other.counters)
        self.qualifying.add_all(other.qualifying)
        self.tier_grace.absorb(other.tier_grace)
        before, brought = self.tier.tier, other.tier
        if rank(brought.tier, terms=terms) <= rank(before, terms=terms):
            return None
        self.tier = TierMembership(brought.tier, at, brought.grace_ends_at)
        points = self.qualifying.deciding_points(terms=terms, at=at)
        return TierChange(self.id, at, before, brought.tier, points, terms, brought.grace_ends_at)
