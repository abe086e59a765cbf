"""What a reward costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.effects.effect import MOST_POINTS, ClauseKind, Effect, points_problem
from app.domain.rule import stated
from app.domain.wording import Wording

_KEY = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class RewardCost(Effect):
    """The reward with the key `reward` costs `points`; `name` is what the sentence calls it."""

    kind: ClassVar[str] = "reward_cost"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.REWARD
    about: ClassVar[str] = "What a reward costs."
    reward: str = stated("The key of the reward.")
    points: int = stated(f"Points, 1 to {MOST_POINTS:,}.")
    name: str = stated("What the catalogue calls the reward when the terms are published.", default="", given=False)

    def check(self, *, available: int, cost: int | None = None) -> Finding:
        """Whether the balance pays for it (`cost` where older points pay less); the remedy says what is missing."""
        asked = self.points if cost is None else cost
        if available >= asked:
            return Finding(True, ReasonCode.COST_PAID, available, asked)
        remedy = Remedy(RemedyCode.COLLECT_POINTS, points=asked - available)
        return Finding(False, ReasonCode.INSUFFICIENT_POINTS, available, asked, (remedy,))

    def sentence(self, say: Wording) -> str:
        """The reward costs so many points."""
        return say("reward_cost", reward=self.name or self.reward, points=say.points(self.points))

    def at_least_as_good(self, other: Effect) -> bool:
        """The same reward for no more."""
        return isinstance(other, RewardCost) and self.reward == other.reward and self.points <= other.points

    def problem(self) -> str | None:
        """Free of charge, or a key that cannot be one."""
        if not _KEY.fullmatch(self.reward):
            return "the key of a reward is a-z, 0-9 and dashes, 1 to 40 characters"
        return points_problem(self.points)
