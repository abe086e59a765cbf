"""A thread that owns one SQLite connection and runs the units of work that event loops hand to it."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from app.store.database.session import Busy, Unavailable, UnscopedWork


@dataclass(slots=True, eq=False)
class Job:
    """A unit of work with the future of its caller, and its result or error."""

    work: UnscopedWork[Any]
    waiter: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Runner(Protocol):
    """Runs the jobs of a thread; called in the thread, on its event loop."""

    async def run(self, jobs: list[Job]) -> None:
        """Set the result or error of every job; must not raise."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


class JobQueue:
    """The queue of one or more worker threads, with at most `limit` unfinished jobs."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unanswered = 0
        self._threads: list[threading.Thread] = []
        self.serving = False
        """Does the queue accept jobs? Not before it has started, nor once it was stopped or a thread has ended."""

    def start(self, *runners: Callable[[], Runner], name: str, max_jobs: int) -> None:
        """Start a thread for each runner, which is made inside it; each takes up to `max_jobs` jobs at once."""
        self.serving = True
        for number, make in enumerate(runners, start=1):
            thread = threading.Thread(target=self._serve, args=(make, max_jobs), name=f"{name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    async def do(self, work: UnscopedWork[Any]) -> Any:
        """Queue a unit of work and wait for its result. Raises Busy, Unavailable, and whatever the work raises."""
        if not self.serving:
            raise Unavailable("The database is not open.")
        with self._lock:
            if self._unanswered >= self._limit:
                raise Busy
            self._unanswered += 1
        loop = asyncio.get_running_loop()
        job = Job(work=work, waiter=loop.create_future(), loop=loop)
        self._jobs.put(job)
        return await job.waiter

    async def stop(self) -> None:
        """Finish all accepted jobs, then end the threads."""
        self.serving = False
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._threads.clear()

    def _serve(self, make: Callable[[], Runner], max_jobs: int) -> None:
        under_way: list[Job] = []
        runner: Runner | None = None

        async def serve() -> None:
            # `_take` blocks the event loop, which is harmless: nothing else runs on it. A new `asyncio.run` for each
            # group would cost more than a small read.
            assert runner is not None, "it was made before"
            while jobs := self._take(max_jobs):
                under_way[:] = jobs
                await runner.run(jobs)
                under_way.clear()
                self._answer(jobs)

        try:
            runner = make()
            asyncio.run(serve())
        finally:
            self.serving = False
            if runner is not None:
                runner.close()
            self._give_up(under_way)

    def _give_up(self, jobs: list[Job]) -> None:
        """Fail all jobs after the thread ended by an error; does nothing after an orderly end."""
        if not jobs:
            return
        for job in jobs:
            job.error = Unavailable("The database thread ended.")
        self._answer(jobs)
        while not self._jobs.empty():
            self._give_up(self._take(1))

    def _take(self, max_jobs: int) -> list[Job]:
        """The next jobs, waiting for at least one; none when the queue is closed."""
        jobs: list[Job] = []
        job = self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == max_jobs:
                return jobs
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return jobs
        if jobs:
            self._jobs.put(None)
        return jobs

    def _answer(self, jobs: list[Job]) -> None:
        """Deliver results to all callers, with one wake-up for each of their loops."""
        with self._lock:
            self._unanswered -= len(jobs)
        by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in jobs:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, answered in by_loop.items():
            with suppress(RuntimeError):  # The loop of a waiter that is gone may be closed.
                loop.call_soon_threadsafe(_answer_all, answered)


def _answer_all(jobs: list[Job]) -> None:
    """Set the results of their callers' futures; runs in the callers' own loop."""
    for job in jobs:
        if job.waiter.done():
            continue
        if job.error is None:
            job.waiter.set_result(job.result)
        else:
            job.waiter.set_exception(job.error)


def database_failure(error: sqlite3.Error) -> Busy | Unavailable:
    """The error that callers get when the database failed, not the work."""
    raised: Busy | Unavailable
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        raised = Busy()
    else:
        raised = Unavailable(str(error))
    raised.__cause__ = error
    return raised


def error_for_caller(error: BaseException) -> BaseException:
    """The error that the caller of a unit of work gets: Busy or Unavailable for a failure of the database, any other error unchanged."""
    match error:
        # An error that sqlite3 raises itself, such as for a value of a wrong type, has no name.
        case sqlite3.OperationalError() if getattr(error, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
            return database_failure(error)
        case sqlite3.DatabaseError() if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            return database_failure(error)
        case TimeoutError() | asyncio.CancelledError():
            return Unavailable("The transaction took too long.")
        case _:
            return error
