"""Why there are entries that no clause decided: the reason that staff gave, and who; or an event that was recorded late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.access import Role
from app.domain.ledger.entries import CauseKind


@dataclass(frozen=True, slots=True)
class Actor:
    """An access key that was used: its id, role, and the owner's label."""

    key_id: str
    role: Role
    label: str


@dataclass(frozen=True, slots=True)
class StatedReason:
    """The reason given with a movement of points; `actor` is None for the `troth` command."""

    reason: str | None
    actor: Actor | None


@dataclass(frozen=True, slots=True)
class Cause:
    """An event that made a correction necessary: its kind and its business time."""

    id: str
    kind: CauseKind
    occurred_at: datetime
