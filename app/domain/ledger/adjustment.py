"""Adjustments: points that staff gave or took, each with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Points given (positive) or taken (negative); `actor` is the id of the access key, None for the command line."""

    id: str
    account_id: str
    customer_id: str
    points: int
    occurred_at: datetime
    recorded_at: datetime
    terms_version: int
    reason: str
    actor: str | None
