"""Impact previews: a draft, the progress of its replay, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.simulation.impact import Impact
from app.domain.terms.version import Terms


class PreviewState(StrEnum):
    """How far a preview has come."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of the impact of a draft. `since` is where the replay begins; `done` of `total` customers are replayed."""

    id: str
    terms_version: int
    draft: Terms
    days: int
    since: datetime
    requested_at: datetime
    state: PreviewState = PreviewState.QUEUED
    done: int = 0
    total: int = 0
    result: Impact | None = None
