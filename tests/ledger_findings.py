"""A finding of each kind that ledger entries have, and how its values are worded."""

from __future__ import annotations

from datetime import date

from app.domain.decisions import Finding, ReasonCode, Remedy, RemedyCode
from tests.builders import NOON

DAY = date(2026, 2, 28)

OF_THE_LEDGER: tuple[tuple[Finding, str, str | None], ...] = (
    (
        Finding(False, ReasonCode.NEGATIVE_BALANCE, 20, 1120, (Remedy(RemedyCode.COLLECT_POINTS, points=1120),)),
        "points",
        "points",
    ),
    (Finding(False, ReasonCode.STILL_PENDING, 1200, NOON), "points", "from"),
    (Finding(True, ReasonCode.BELOW_ZERO, 30, 1040), "points", "points"),
    (Finding(True, ReasonCode.POINTS_RETURNED, 1200), "points", None),
    (Finding(True, ReasonCode.REDEMPTION_UNDONE, 1200), "points", None),
    (Finding(True, ReasonCode.GRACE_AFTER_REVERSAL, 1200, NOON), "points", "instant"),
    (Finding(True, ReasonCode.EXPIRED_ON_RELEASE, 1200, DAY), "points", "day"),
    (Finding(True, ReasonCode.POINTS_EXPIRED, 1200, DAY), "points", "day"),
    (Finding(True, ReasonCode.POINTS_AVAILABLE, 1200), "points", None),
    (Finding(True, ReasonCode.TIER_LOST, 480, 1500), "number", "number"),
    (Finding(True, ReasonCode.TIER_KEPT, 480, NOON), "number", "instant"),
    (Finding(True, ReasonCode.TIER_REACHED, 1510, 1500), "number", "number"),
)
"""Each with the kind of what was seen and of what is asked for: points, number, day, instant, from (when on), or None.
"""
