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
    """A unit of work, the future for which its caller waits, and its result or error."""

    work: UnscopedWork[Any]
    waiter: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Runner(Protocol):
    """Runs the jobs of a thread; called in the thread, on its event loop."""

    async def run(self, jobs: list[Job]) -> None:
        """Run the jobs and set the result or error of each; must not raise."""
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
        self._unanswered_count = 0
        self._threads: list[threading.Thread] = []
        self.accepts_jobs = False
        """Does the queue accept jobs? Not before it has started, nor once it was stopped or a thread has ended."""

    def start(self, *runner_makers: Callable[[], Runner], name: str, max_jobs: int) -> None:
        """Start a thread for each of `runner_makers`, which is called in it; each thread takes up to `max_jobs` jobs at once."""
        self.accepts_jobs = True
        for number, make_runner in enumerate(runner_makers, start=1):
            thread = threading.Thread(
                target=self._serve, args=(make_runner, max_jobs), name=f"{name}-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    async def do(self, work: UnscopedWork[Any]) -> Any:
        """Queue a unit of work and wait for its result. Raises Busy, Unavailable, and whatever the work raises."""
        if not self.accepts_jobs:
            raise Unavailable("The database is not open.")
        with self._lock:
            if self._unanswered_count >= self._limit:
                raise Busy
            self._unanswered_count += 1
        loop = asyncio.get_running_loop()
        job = Job(work=work, waiter=loop.create_future(), loop=loop)
        self._jobs.put(job)
        return await job.waiter

    async def stop(self) -> None:
        """Finish all accepted jobs, then end the threads."""
        self.accepts_jobs = False
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._threads.clear()

    def _serve(self, make_runner: Callable[[], Runner], max_jobs: int) -> None:
        jobs_under_way: list[Job] = []
        runner: Runner | None = None

        async def serve() -> None:
            # `_take` blocks the event loop, which is harmless: nothing else runs on it. A new `asyncio.run` for each
            # group would cost more than a small read.
            assert runner is not None, "the thread makes its runner first"
            while jobs := self._take(max_jobs):
                jobs_under_way[:] = jobs
                await runner.run(jobs)
                jobs_under_way.clear()
                self._answer(jobs)

        try:
            runner = make_runner()
            asyncio.run(serve())
        finally:
            self.accepts_jobs = False
            if runner is not None:
                runner.close()
            self._give_up(jobs_under_way)

    def _give_up(self, jobs: list[Job]) -> None:
        """Fail these and all queued jobs after the thread ended by an error; does nothing after an orderly end (no jobs)."""
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
        """Deliver the results to the callers, with one call into each of their event loops."""
        with self._lock:
            self._unanswered_count -= len(jobs)
        by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
        for job in jobs:
            by_loop.setdefault(job.loop, []).append(job)
        for loop, answered_jobs in by_loop.items():
            with suppress(RuntimeError):  # The loop of a caller that waits no more may be closed.
                loop.call_soon_threadsafe(_answer_all, answered_jobs)


def _answer_all(jobs: list[Job]) -> None:
    """Set the results or errors of the futures for which the callers wait; runs in the callers' event loop."""
    for job in jobs:
        if job.waiter.done():
            continue
        if job.error is None:
            job.waiter.set_result(job.result)
        else:
            job.waiter.set_exception(job.error)


def database_failure(error: sqlite3.Error) -> Busy | Unavailable:
    """The error that callers get if the database failed, and not their unit of work."""
    caller_error: Busy | Unavailable
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        caller_error = Busy()
    else:
        caller_error = Unavailable(str(error))
    caller_error.__cause__ = error
    return caller_error


def error_for_caller(error: BaseException) -> BaseException:
    """The error that the caller of a unit of work gets: Busy or Unavailable for a failure of the database or a timeout; any other error unchanged."""
    match error:
        # An error that Python's sqlite3 raises itself, such as for a value of a wrong type, has no `sqlite_errorname`.
        case sqlite3.OperationalError() if getattr(error, "sqlite_errorname", "SQLITE_ERROR") != "SQLITE_ERROR":
            return database_failure(error)
        case sqlite3.DatabaseError() if getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB":
            return database_failure(error)
        case TimeoutError() | asyncio.CancelledError():
            return Unavailable("The transaction took too long.")
        case _:
            return error
