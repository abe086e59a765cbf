"""The recent past replayed under a draft of the terms, customer by customer and page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from app.domain.simulation.impact import Impact, ImpactSimulation
from app.domain.terms.version import Terms
from app.store.database.codecs import NIL_UUID
from app.store.database.session import Database
from app.store.previews import customer_histories

OnProgress = Callable[[int, int], Awaitable[bool]]
"""Called with the number of customers replayed and their total; returns whether to continue."""


async def simulate_program(
    database: Database, *, program_id: str, current: Terms, draft: Terms, since: datetime, on_progress: OnProgress
) -> Impact | None:
    """The impact that a draft would have had since an instant; None if `on_progress` stopped the replay.

    Each page is read on its own state of the database, so that a long replay blocks nothing.
    """
    total = await database.read_long(customer_histories.customer_count, program_id=program_id)
    budget_usage = await database.read_long(
        partial(customer_histories.budget_usage_before, since=since), program_id=program_id
    )
    simulation = ImpactSimulation(current=current, draft=draft, budget_usage=budget_usage)
    aspects = current.required_facts.aspects | draft.required_facts.aspects
    after: str | None = NIL_UUID
    done = 0
    while after is not None:
        page = partial(customer_histories.page, after=after, since=since, aspects=aspects)
        histories_page = await database.read_long(page, program_id=program_id)
        for history in histories_page.histories:
            simulation.add(history)
            done += 1
            if done % 50 == 0 and not await on_progress(done, max(done, total)):
                return None
        after = histories_page.last_id
    return simulation.impact()
