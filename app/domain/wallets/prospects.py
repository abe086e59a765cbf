"""What becomes of a level if nothing more is bought: the wallet itself is let go on through time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.domain.calendar import earliest
from app.domain.deciding.tiers import period_ends
from app.domain.terms import Terms
from app.domain.wallets.course import Course


@dataclass(frozen=True, slots=True)
class Prospect:
    """The level (None: none) that will be held at a moment, by the terms that are to be in force then."""

    tier: str | None
    at: datetime
    terms: Terms


def prospect(course: Course, *, customer_id: str) -> Prospect | None:
    """The level once the year that counts, and any days of grace, are over and nothing more was bought.

    Where points count for no calendar year it is the next level that is held, when another one is; None where none ever
    is. The course goes on through time for it and cannot be used for anything else afterwards.
    """
    holder = course.holders[customer_id]
    assert course.at is not None, "it was told up to a moment"
    held = holder.standing.tier
    ends = period_ends(terms=course.in_force(course.at), at=course.at)
    while (at := _next_look(course, turns_at=holder.turns_at)) is not None:
        course.pass_to(at)
        over = ends is not None and at >= ends and holder.standing.falls_at is None
        if over or holder.standing.tier != held:
            return Prospect(holder.standing.tier, at, course.in_force(at))
    return None


def _next_look(course: Course, *, turns_at: datetime | None) -> datetime | None:
    """When the level is looked at next: at a turn of its own, or when other terms start."""
    now = course.at
    starts = (one.effective_from for one in course.versions if now is None or one.effective_from > now)
    return earliest(turns_at, min(starts, default=None))
