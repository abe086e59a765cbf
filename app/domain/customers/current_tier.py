"""The tier of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CurrentTier:
    """The tier of a customer as of an instant.

    `key` is the key of the tier, None for a customer without one. `since` is when the customer came into this tier, from
    above or from below. `grace_ends_at` is when the tier is lost unless the customer collects enough points before; None
    if the customer has enough of them.
    """

    key: str | None = None
    since: datetime | None = None
    grace_ends_at: datetime | None = None
