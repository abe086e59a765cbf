"""Computes one impact preview in a process of its own: `python -m app.jobs.preview_process PROGRAM PREVIEW`.

It uses the processor for seconds, which must not delay tills. The process ends when the preview is computed or was
cancelled, or when the server that started the process is gone.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from app.config import Settings
from app.domain.simulation.impact import Impact
from app.jobs.preview_simulation import simulate_program
from app.store.database.connect import open_database
from app.store.database.session import Database, Work
from app.store.previews import previews
from app.store.terms import versions

PROGRESS_INTERVAL = 0.5
"""Seconds between two reports of progress."""


async def compute(
    database: Database, *, program_id: str, preview_id: str, parent: int, clock: Callable[[], datetime]
) -> bool:
    """Replay, report progress, and store the result; False if it was not stored: the preview is unknown or cancelled, or the server is gone."""

    async def write(work: Work[bool]) -> bool:
        return await database.write(work, program_id=program_id, lock_key=preview_id)

    preview = await database.read(partial(previews.by_id, preview_id=preview_id), program_id=program_id)
    if preview is None:
        return False

    current = await database.read(partial(versions.version, number=preview.terms_version), program_id=program_id)
    assert current is not None, "a version is never deleted"
    reported_at = 0.0

    async def on_progress(done: int, total: int) -> bool:
        nonlocal reported_at
        if time.monotonic() - reported_at < PROGRESS_INTERVAL:
            return True
        reported_at = time.monotonic()
        if os.getppid() != parent:
            return False
        return await write(partial(previews.report_progress, preview_id=preview_id, at=clock(), done=done, total=total))

    result: Impact | None = await simulate_program(
        database,
        program_id=program_id,
        current=current,
        draft=preview.draft,
        since=preview.since,
        on_progress=on_progress,
    )
    if result is None:
        return False
    store_result = partial(previews.finish, preview_id=preview_id, at=clock(), result=result)
    return await write(store_result)


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(program_id: str, preview_id: str, *, parent: int) -> None:
    database = open_database(Settings().database_url)
    await database.start()
    try:
        await compute(database, program_id=program_id, preview_id=preview_id, parent=parent, clock=_now)
    finally:
        await database.stop()


if __name__ == "__main__":
    # The server of the tills has priority.
    os.nice(10)
    asyncio.run(_run(sys.argv[1], sys.argv[2], parent=os.getppid()))
