"""The recent past replayed under a draft, member by member, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from app.domain.changing.impact import Impact, Replay
from app.domain.terms import Terms
from app.store import histories
from app.store.unit import Database

Progress = Callable[[int, int], Awaitable[bool]]
"""Told how many members of how many are replayed; answers whether to go on."""


async def replayed(
    database: Database, *, program_id: str, current: Terms, draft: Terms, since: datetime, told: Progress
) -> Impact | None:
    """What the draft would have meant since an instant; None when it was told to stop.

    Each page is read on a snapshot of its own, so that a long replay holds nothing up.
    """
    total = await database.read(partial(histories.members, program_id=program_id))
    spent = await database.read(partial(histories.spent_before, program_id=program_id, since=since))
    replay = Replay(current=current, draft=draft, spent=spent)
    aspects = current.asked.aspects | draft.asked.aspects
    after: str | None = histories.FIRST
    done = 0
    while after is not None:
        page = partial(histories.page, program_id=program_id, after=after, since=since, aspects=aspects)
        found = await database.read(page)
        for history in found.histories:
            replay.add(history)
            done += 1
            if done % 50 == 0 and not await told(done, max(done, total)):
                return None
        after = found.last
    return replay.impact()
