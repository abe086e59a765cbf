"""A customer's membership in a wallet: usage counters, qualifying points, and tier."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.customers.current_tier import CurrentTier
from app.domain.engine.tiers import QualifyingPoints, TierChange, TierGrace, points_of_tier
from app.domain.engine.usage import Use
from app.domain.engine.usage_counters import UsageCounters
from app.domain.purchases.facts import PurchaseFacts
from app.domain.terms.version import Terms


@dataclass(slots=True)
class Membership:
    """A customer of a wallet: usage counters, points towards a tier, and the current tier.

    `id` is the customer's id. `reevaluate_at` is when the tier must be reviewed even without an event.
    """

    id: str
    counters: UsageCounters
    qualifying_points: QualifyingPoints = field(default_factory=QualifyingPoints)
    tier: CurrentTier = field(default_factory=CurrentTier)
    tier_grace: TierGrace = field(default_factory=TierGrace)
    next_review_at: datetime | None = None

    def with_rule_facts(self, facts: PurchaseFacts, *, terms: Terms, held_uses: Iterable[Use] = ()) -> PurchaseFacts:
        """The purchase with the rule facts that its terms require, as of just before it: see `UsageCounters`."""
        is_tier_required = terms.required_facts.tier
        return self.counters.with_rule_facts(
            facts,
            terms=terms,
            tier=self.tier.key,
            qualifying_points=self.qualifying_points.counting_points(terms=terms, at=facts.occurred_at)
            if is_tier_required
            else 0,
            held_uses=held_uses,
        )

    def review_tier(self, *, terms: Terms, at: datetime) -> TierChange | None:
        """Review the tier: a rise takes effect at once, a fall when the grace days are over."""
        tier_before = self.tier
        points = self.qualifying_points.deciding_points(terms=terms, at=at)
        self.tier = self.tier_grace.review(tier_before, points=points, terms=terms, at=at)
        rollover_at = self.qualifying_points.next_rollover(terms=terms, at=at)
        grace_ends_at = self.tier.grace_ends_at
        self.next_review_at = min(
            (instant for instant in (rollover_at, grace_ends_at) if instant is not None), default=None
        )
        if self.tier.key == tier_before.key:
            return None
        return TierChange(self.id, at, tier_before.key, self.tier.key, points, terms)

    def absorb(self, other: Membership, *, terms: Terms, at: datetime) -> TierChange | None:
        """Absorb the membership of a merged customer; a higher tier is kept, with its remaining grace days."""
        self.counters.absorb(other.counters)
        self.qualifying_points.add_all(other.qualifying_points)
        self.tier_grace.absorb(other.tier_grace)
        key_before, other_tier = self.tier.key, other.tier
        if points_of_tier(other_tier.key, terms=terms) <= points_of_tier(key_before, terms=terms):
            return None
        self.tier = CurrentTier(other_tier.key, at, other_tier.grace_ends_at)
        points = self.qualifying_points.deciding_points(terms=terms, at=at)
        return TierChange(self.id, at, key_before, other_tier.key, points, terms, other_tier.grace_ends_at)
