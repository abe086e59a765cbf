"""The tier of a customer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CurrentTier:
    """The tier of a customer (None: none), since when, and when it is lost without further points."""

    tier: str | None = None
    since: datetime | None = None
    grace_ends_at: datetime | None = None
