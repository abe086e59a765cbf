"""Effects, one file each. A stored effect is found again by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from app.domain.effects.combination import Combination
from app.domain.effects.counted_amounts import CountedAmounts
from app.domain.effects.effect import ClauseKind as ClauseKind
from app.domain.effects.effect import Earning as Earning
from app.domain.effects.effect import Effect as Effect
from app.domain.effects.notice_period import NoticePeriod
from app.domain.effects.points_per_amount import PointsPerAmount
from app.domain.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.effects.points_per_visit import PointsPerVisit
from app.domain.effects.points_validity import PointsValidity
from app.domain.effects.refund_policy import RefundPolicy
from app.domain.effects.reward_cost import RewardCost
from app.domain.effects.rounding_rule import RoundingRule

EFFECTS: Mapping[str, type[Effect]] = MappingProxyType(
    {
        one.kind: one
        for one in (
            PointsPerAmount,
            PointsPerFullAmount,
            PointsPerVisit,
            RewardCost,
            Combination,
            CountedAmounts,
            RoundingRule,
            PointsValidity,
            RefundPolicy,
            NoticePeriod,
        )
    }
)
"""Every kind of effect. A kind is never renamed: stored terms name it."""

STANDARD: tuple[tuple[str, Effect], ...] = (
    ("combination", Combination()),
    ("counted-amounts", CountedAmounts()),
    ("rounding", RoundingRule()),
    ("points-validity", PointsValidity()),
    ("refunds", RefundPolicy()),
    ("notice", NoticePeriod()),
)
"""The standard clauses with their defaults: added to terms that leave them out, so that nothing stays unsaid."""


def effect_from_data(data: Mapping[str, Any]) -> Effect:
    """The stored effect. Raises KeyError for an unknown kind."""
    return EFFECTS[data["kind"]].from_data(data)
