"""What a reward costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from app.domain.effects.effect import ClauseKind, Effect, points_problem
from app.domain.wording import Wording

_KEY = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class RewardCost(Effect):
    """The reward with the key `reward` costs `points`; `name` is what the sentence calls it."""

    kind: ClassVar[str] = "reward_cost"
    clause_kind: ClassVar[ClauseKind] = ClauseKind.REWARD
    reward: str
    points: int
    name: str = ""

    def check(self, *, available: int) -> Finding:
        """Whether the balance pays for it; the remedy says how many points are missing."""
        if available >= self.points:
            return Finding(True, ReasonCode.COST_PAID, available, self.points)
        remedy = Remedy(RemedyCode.COLLECT_POINTS, points=self.points - available)
        return Finding(False, ReasonCode.INSUFFICIENT_POINTS, available, self.points, (remedy,))

    def sentence(self, say: Wording) -> str:
        """The reward costs so many points."""
        return say("reward_cost", reward=self.name or self.reward, points=say.points(self.points))

    def problem(self) -> str | None:
        """Free of charge, or a key that cannot be one."""
        if not _KEY.fullmatch(self.reward):
            return "the key of a reward is a-z, 0-9 and dashes, 1 to 40 characters"
        return points_problem(self.points)

    def to_data(self) -> dict[str, Any]:
        """Key, name and points."""
        return {"reward": self.reward, "points": self.points, "name": self.name}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The stored effect."""
        return cls(reward=data["reward"], points=data["points"], name=data.get("name", ""))
