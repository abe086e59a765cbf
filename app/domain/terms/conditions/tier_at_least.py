"""Members at a tier or above."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.i18n import Phrasebook
from app.domain.i18n.sentences import Position
from app.domain.purchases.eligible import EligiblePurchase
from app.domain.terms.conditions.condition import Condition
from app.domain.terms.effects.tier import Tier
from app.domain.terms.rule import rule_field


@dataclass(frozen=True, slots=True)
class TierAtLeast(Condition):
    """Holds for members who hold the tier with the key `tier` or a higher one, or have the points that it takes."""

    kind: ClassVar[str] = "tier_at_least"
    position: ClassVar[Position] = Position.MEMBER
    description: ClassVar[str] = "Holds for members at this tier or above."
    tier: str = rule_field("The key of a tier of the same terms.")
    name: str = rule_field("What the tier is called in the published terms.", default="", is_owner_supplied=False)
    points: int = rule_field("Qualifying points that it takes.", default=0, is_owner_supplied=False)
    satisfied_by: frozenset[str] = rule_field(
        "The keys of the tiers that are at least as high.", default=frozenset(), is_owner_supplied=False
    )

    def with_tier_data(self, tiers: Iterable[Tier]) -> TierAtLeast:
        """The condition with the name and points of its tier, and the tiers above; unchanged if no tier has its key."""
        tiers = tuple(tiers)
        required_tier = next((tier for tier in tiers if tier.tier == self.tier), None)
        if required_tier is None:
            return self
        tiers_at_least_as_high = frozenset(tier.tier for tier in tiers if tier.points >= required_tier.points)
        return replace(self, name=required_tier.name, points=required_tier.points, satisfied_by=tiers_at_least_as_high)

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy says how many qualifying points are missing; a tier in its grace period counts as well."""
        qualifying = purchase.rule_facts.qualifying_points
        if qualifying >= self.points or purchase.rule_facts.tier in self.satisfied_by:
            return Finding(True, ReasonCode.CONDITION_MET, qualifying, self.points)
        remedy = Remedy(RemedyCode.COLLECT_QUALIFYING, points=self.points - qualifying)
        return Finding(False, ReasonCode.BELOW_TIER, qualifying, self.points, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """For members at the tier or above."""
        return phrasebook("tier_at_least", tier=self.name or self.tier)

    def at_least_as_wide(self, other: Condition) -> bool:
        """Whoever reaches a tier also reaches every tier that takes no more points."""
        return isinstance(other, TierAtLeast) and self.points <= other.points
