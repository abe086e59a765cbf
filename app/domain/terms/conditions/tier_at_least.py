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
    about: ClassVar[str] = "Holds for members at this tier or above."
    tier: str = rule_field("The key of a tier of the same terms.")
    name: str = rule_field("What the tier is called in the published terms.", default="", owner_supplied=False)
    points: int = rule_field("Qualifying points that it takes.", default=0, owner_supplied=False)
    satisfied_by: frozenset[str] = rule_field(
        "The keys of the tiers that are at least as high.", default=frozenset(), owner_supplied=False
    )

    def with_tier_data(self, tiers: Iterable[Tier]) -> TierAtLeast:
        """The condition with what the tiers of the terms say about it; unchanged where they do not know its tier."""
        tiers = tuple(tiers)
        wanted = next((tier for tier in tiers if tier.tier == self.tier), None)
        if wanted is None:
            return self
        higher = frozenset(tier.tier for tier in tiers if tier.points >= wanted.points)
        return replace(self, name=wanted.name, points=wanted.points, satisfied_by=higher)

    def check(self, purchase: EligiblePurchase) -> Finding:
        """The remedy says how many qualifying points are missing; a tier that is kept for a while counts as well."""
        has = purchase.rule_facts.qualifying
        if has >= self.points or purchase.rule_facts.tier in self.satisfied_by:
            return Finding(True, ReasonCode.CONDITION_MET, has, self.points)
        remedy = Remedy(RemedyCode.COLLECT_QUALIFYING, points=self.points - has)
        return Finding(False, ReasonCode.BELOW_TIER, has, self.points, (remedy,))

    def sentence(self, phrasebook: Phrasebook) -> str:
        """For members at the tier or above."""
        return phrasebook("tier_at_least", tier=self.name or self.tier)

    def at_least_as_wide(self, other: Condition) -> bool:
        """A tier that takes fewer points is reached wherever one that takes more is."""
        return isinstance(other, TierAtLeast) and self.points <= other.points
