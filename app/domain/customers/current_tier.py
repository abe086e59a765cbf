"""The tier of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CurrentTier:
    """The tier of a customer as of the last review.

    `tier` is its key, None for a customer without a tier; `since` is when it was reached. `grace_ends_at` is when the
    tier is lost unless the customer collects enough points before; None if the customer has enough of them.
    """

    key: str | None = None
    since: datetime | None = None
    grace_ends_at: datetime | None = None
