"""A tier that members reach with qualifying points."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from app.domain.details import Detail, detail_of, key_detail
from app.domain.i18n import Phrasebook
from app.domain.terms.effects.effect import MAX_POINTS_PER_CLAUSE, ClauseKind, Effect, points_error
from app.domain.terms.rule import rule_field

MAX_NAME_LENGTH = 60
_KEY = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Tier(Effect):
    """The tier with the key `tier`, called `name`, is reached with `points` qualifying points; see `TierPeriod`."""

    kind: ClassVar[str] = "tier"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.TIER
    is_benefit: ClassVar[bool] = True
    description: ClassVar[str] = "A tier that members reach with qualifying points; conditions ask for it by its key."
    tier: str = rule_field("Your key of the tier, a-z, 0-9 and dashes, 1 to 40 characters; the same in every version.")
    name: str = rule_field(f"What members read, 1 to {MAX_NAME_LENGTH} characters.")
    points: int = rule_field(f"Qualifying points that it takes, 1 to {MAX_POINTS_PER_CLAUSE:,}.")

    def sentence(self, phrasebook: Phrasebook) -> str:
        """The qualifying points at which members reach the tier."""
        return phrasebook.counted("tier", self.points, tier=self.name)

    def at_least_as_good(self, other: Effect) -> bool:
        """Whether it is the same tier for at most as many points."""
        return isinstance(other, Tier) and self.tier == other.tier and self.points <= other.points

    def validation_error(self) -> Detail | None:
        """Why the key, the name or the points of the tier are invalid, or None."""
        if not _KEY.fullmatch(self.tier):
            return key_detail()
        if not self.name.strip() or len(self.name) > MAX_NAME_LENGTH:
            return detail_of("LENGTH_NOT_BLANK", most=MAX_NAME_LENGTH)
        return points_error(self.points)
