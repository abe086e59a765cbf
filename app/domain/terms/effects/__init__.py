"""Effects, one file each. A stored effect is found again by its kind."""

from __future__ import annotations

from app.domain.terms.effects.bonus_points import BonusPoints
from app.domain.terms.effects.combination import Combination
from app.domain.terms.effects.counted_amounts import CountedAmounts
from app.domain.terms.effects.effect import Effect
from app.domain.terms.effects.notice_period import NoticePeriod
from app.domain.terms.effects.old_price_protection import OldPriceProtection
from app.domain.terms.effects.pending_period import PendingPeriod
from app.domain.terms.effects.points_cap import PointsCap
from app.domain.terms.effects.points_multiplier import PointsMultiplier
from app.domain.terms.effects.points_per_amount import PointsPerAmount
from app.domain.terms.effects.points_per_full_amount import PointsPerFullAmount
from app.domain.terms.effects.points_per_item import PointsPerItem
from app.domain.terms.effects.points_per_visit import PointsPerVisit
from app.domain.terms.effects.points_validity import PointsValidity
from app.domain.terms.effects.quote_validity import QuoteValidity
from app.domain.terms.effects.refund_policy import RefundPolicy
from app.domain.terms.effects.reversal_window import ReversalWindow
from app.domain.terms.effects.reward_cost import RewardCost
from app.domain.terms.effects.rounding_rule import RoundingRule
from app.domain.terms.effects.stamps import Stamps
from app.domain.terms.effects.tier import Tier
from app.domain.terms.effects.tier_period import TierPeriod

EFFECTS: tuple[type[Effect], ...] = (
    PointsPerAmount,
    PointsPerFullAmount,
    PointsPerVisit,
    PointsPerItem,
    BonusPoints,
    PointsMultiplier,
    Stamps,
    PointsCap,
    Tier,
    RewardCost,
    Combination,
    CountedAmounts,
    RoundingRule,
    PendingPeriod,
    PointsValidity,
    TierPeriod,
    RefundPolicy,
    ReversalWindow,
    QuoteValidity,
    OldPriceProtection,
    NoticePeriod,
)
"""Every kind of effect, in the order in which they are offered."""

STANDARD_CLAUSES: tuple[tuple[str, Effect], ...] = (
    ("combination", Combination()),
    ("counted-amounts", CountedAmounts()),
    ("rounding", RoundingRule()),
    ("points-validity", PointsValidity()),
    ("refunds", RefundPolicy()),
    ("grandfathering", OldPriceProtection()),
    ("notice", NoticePeriod()),
)
"""The keys and default effects of the standard clauses. They are added to terms that lack them, so that no rule stays unstated."""

STANDARD_TIER_CLAUSES: tuple[tuple[str, Effect], ...] = (("tier-period", TierPeriod()),)
"""The standard clauses that are added only to terms with tiers."""
