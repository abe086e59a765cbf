"""Long reads: verification, liability and the input of impact previews, on connections that no till uses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from app.store.database.session import Busy, Unavailable, UnscopedWork

T = TypeVar("T")

MAX_CONCURRENT = 2
"""The most long reads that run at the same time, each on a connection of its own."""

MAX_WAITING = 16
"""The most long reads that wait until another one has ended; further ones get Busy."""

TIME_LIMIT = 60.0
"""Seconds that a long read may take. While it runs, the database must keep the rows of its state: SQLite cannot start its
log over, and PostgreSQL cannot vacuum."""


class LongReads:
    """Runs a few long reads at a time, within a time limit; closing the database cancels them.

    `run_work` opens a connection, runs a unit of work on one state of the database and closes the connection again, also
    when it is cancelled.
    """

    def __init__(self, run_work: Callable[[UnscopedWork[Any]], Awaitable[Any]]) -> None:
        self._run_work = run_work
        self._slots: asyncio.Semaphore
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_open = False

    def start(self) -> None:
        """Accept long reads from now on."""
        self._slots = asyncio.Semaphore(MAX_CONCURRENT)
        self._is_open = True

    async def run(self, work: UnscopedWork[T], *, until: Callable[[], Awaitable[None]] | None = None) -> T:
        """Run a long read; it is cancelled with its caller, and when `until` returns.

        Raises Busy, Unavailable, and whatever the work raises.
        """
        if not self._is_open:
            raise Unavailable("The database is not open.")
        if len(self._tasks) >= MAX_CONCURRENT + MAX_WAITING:
            raise Busy
        task: asyncio.Task[T] = asyncio.ensure_future(self._run_in_slot(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        until_task = asyncio.ensure_future(until()) if until is not None else None
        if until_task is not None:
            until_task.add_done_callback(lambda _: task.cancel())
        try:
            return await task
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise Unavailable("Nobody waits for the result, or the database is closing.") from None
        finally:
            if until_task is not None:
                until_task.cancel()

    async def stop(self) -> None:
        """Cancel the long reads under way and those that wait; returns once their connections are closed."""
        self._is_open = False
        self.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """Cancel the long reads under way and those that wait; their callers get Unavailable."""
        for task in self._tasks:
            task.cancel()

    async def _run_in_slot(self, work: UnscopedWork[T]) -> T:
        try:
            async with asyncio.timeout(TIME_LIMIT) as limit, self._slots:
                result: T = await self._run_work(work)
                return result
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Unavailable(f"A read took longer than {TIME_LIMIT:g} s.") from error
