"""Members at a level or above."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from app.domain.conditions.condition import Condition
from app.domain.counting import Counted
from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.effects.tier import Tier
from app.domain.rule import stated
from app.domain.wording import Wording
from app.domain.wording.sentences import Position


@dataclass(frozen=True, slots=True)
class TierAtLeast(Condition):
    """Holds for members who hold the level with the key `tier` or a higher one, or have the points that it takes."""

    kind: ClassVar[str] = "tier_at_least"
    position: ClassVar[Position] = Position.MEMBER
    about: ClassVar[str] = "Holds for members at this level or above."
    tier: str = stated("The key of a level of the same terms.")
    name: str = stated("What the level is called in the published terms.", default="", given=False)
    points: int = stated("Qualifying points that it takes.", default=0, given=False)
    satisfied_by: frozenset[str] = stated(
        "The keys of the levels that are at least as high.", default=frozenset(), given=False
    )

    def among(self, tiers: Iterable[Tier]) -> TierAtLeast:
        """The condition with what the levels of the terms say about it; unchanged where they do not know its level."""
        levels = tuple(tiers)
        wanted = next((one for one in levels if one.tier == self.tier), None)
        if wanted is None:
            return self
        higher = frozenset(one.tier for one in levels if one.points >= wanted.points)
        return replace(self, name=wanted.name, points=wanted.points, satisfied_by=higher)

    def check(self, purchase: Counted) -> Finding:
        """The remedy says how many qualifying points are missing; a level that is kept for a while counts as well."""
        has = purchase.member.qualifying
        if has >= self.points or purchase.member.tier in self.satisfied_by:
            return Finding(True, ReasonCode.CONDITION_MET, has, self.points)
        remedy = Remedy(RemedyCode.COLLECT_QUALIFYING, points=self.points - has)
        return Finding(False, ReasonCode.BELOW_TIER, has, self.points, (remedy,))

    def sentence(self, say: Wording) -> str:
        """For members at the level or above."""
        return say("tier_at_least", tier=self.name or self.tier)

    def at_least_as_wide(self, other: Condition) -> bool:
        """A level that takes fewer points is reached wherever one that takes more is."""
        return isinstance(other, TierAtLeast) and self.points <= other.points
