"""The queue of impact previews: each server computes one at a time, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from app.store.database.session import Busy, Database, Unavailable, UnscopedSession
from app.store.previews import previews

POLL_INTERVAL = 0.5
"""Seconds between two polls of the queue."""

HEARTBEAT_TIMEOUT = timedelta(seconds=60)
"""Time without a sign of life after which the process of a running preview counts as lost."""

TIME_LIMIT = 900.0
"""Seconds after which the process of a preview is killed."""

_log = structlog.get_logger()


class PreviewWorker:
    """Computes the queued previews of a database that a second process can open at the same URL; `clock` is the server's."""

    def __init__(self, database: Database, *, url: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._url = url
        self._clock = clock

    async def run_for_ever(self) -> None:
        """Compute queued previews until cancelled, which also ends the process of the preview that is being computed."""
        checked_for_lost_at = self._clock() - HEARTBEAT_TIMEOUT
        while True:
            try:
                if self._clock() - checked_for_lost_at >= HEARTBEAT_TIMEOUT / 4:
                    checked_for_lost_at = self._clock()
                    await self._fail_lost_previews()
                preview = await self._database.read_across_programs(previews.next_queued)
                if preview is None or not await self._start(*preview):
                    await asyncio.sleep(POLL_INTERVAL)
                    continue
                await self._compute(*preview)
            except (Busy, Unavailable) as error:
                _log.warning("impact previews postponed", why=str(error))
                await asyncio.sleep(10 * POLL_INTERVAL)

    async def _start(self, program_id: str, preview_id: str) -> bool:
        work = partial(previews.start, preview_id=preview_id, at=self._clock())
        return await self._database.write(work, program_id=program_id, lock_key=preview_id)

    async def _compute(self, program_id: str, preview_id: str) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app.jobs.preview_process",
            program_id,
            preview_id,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, "TROTH_DATABASE_URL": self._url},
        )
        try:
            await asyncio.wait_for(process.wait(), TIME_LIMIT)
        except TimeoutError:
            _log.warning("an impact preview timed out", preview=preview_id)
            await _end(process)
        except asyncio.CancelledError:
            # This server stops: another one, or this one after its next start, computes the preview anew.
            await _end(process)
            work = partial(previews.requeue, preview_id=preview_id)
            await self._database.write(work, program_id=program_id, lock_key=preview_id)
            raise
        # No effect on a preview with a result, or on a cancelled one.
        await self._fail(program_id, preview_id)

    async def _fail_lost_previews(self) -> None:
        async def lost(session: UnscopedSession) -> tuple[tuple[str, str], ...]:
            return await previews.without_heartbeat_since(session, since=self._clock() - HEARTBEAT_TIMEOUT)

        for program_id, preview_id in await self._database.read_across_programs(lost):
            await self._fail(program_id, preview_id)

    async def _fail(self, program_id: str, preview_id: str) -> None:
        work = partial(previews.fail, preview_id=preview_id, at=self._clock())
        if await self._database.write(work, program_id=program_id, lock_key=preview_id):
            _log.warning("an impact preview failed", preview=preview_id)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()
