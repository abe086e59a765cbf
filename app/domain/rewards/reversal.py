"""Reversals of redemptions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reversal:
    """The reversal of a redemption.

    `usable_until` is set if the shop was at fault: returned points whose lots have expired can be used until then.
    `actor` is the access key (id) used.
    """

    id: str
    redemption_id: str
    occurred_at: datetime
    recorded_at: datetime
    usable_until: datetime | None
    reason: str | None
    actor: str | None
