"""Runs scheduled work when it is due: activation of pending points, end of holds, expiry notices, expiry, tier changes.

The changes of each account are made in one short transaction under its own lock, which checks again whether anything
is due. So the work may run twice, stop anywhere, and run on several machines at once, and a till waits at most for the
account it uses.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog

from app.domain.calendar import earliest, latest
from app.domain.programs.program import Program, ProgramKind
from app.jobs.schedule_tier_reviews import schedule_tier_reviews
from app.store.database.codecs import NIL_UUID
from app.store.database.session import Busy, Session, Unavailable, UnscopedSession
from app.store.ledger import accounts, expiry_notices
from app.store.programs import programs
from app.store.terms import tier_reviews
from app.usecases.application import Application
from app.usecases.command import WriteContext
from app.usecases.ledger.deliver_expiry_notices import deliver_notice
from app.usecases.ledger.run_due_changes import NOTHING_DUE, DueChangesSummary, run_due_changes

POLL_INTERVAL = 2.0
"""Seconds between two runs."""

PROGRAM_TIME_LIMIT = 5.0
"""Seconds that a run may spend on one program before it goes on with the next one."""

BATCH_SIZE = 100
"""Accounts read at once."""

CONCURRENCY = 2
"""Accounts processed concurrently: few, so that connections are left for tills."""

SKIP_SECONDS = 300.0
"""Seconds for which an account is skipped after an error."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunResult:
    """The changes of a run for a program; `complete`: everything that was due has been done."""

    changes: DueChangesSummary
    complete: bool


@dataclass(frozen=True, slots=True)
class NoticeReaders:
    """Simulated customers, used where `advanceClock` moves the clock of a sandbox with `deliverNotices`.

    They open each expiry notice given after `since` and not after `until` as soon as it is given.
    """

    since: datetime
    until: datetime


class Scheduler:
    """Runs the due work of every program of a database, each by its own clock."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._database = application.database
        self._skipped_until: dict[str, float] = {}

    @property
    def skipped_accounts(self) -> tuple[str, ...]:
        """Accounts (ids) that are skipped for a while after an error; the log has the error of each."""
        return tuple(self._skipped_until)

    async def run_for_ever(self) -> None:
        """Run until cancelled; the transactions under way then complete or are rolled back."""
        while True:
            pause = POLL_INTERVAL
            try:
                for program_id, result in (await self.run_all_programs(time_limit=PROGRAM_TIME_LIMIT)).items():
                    if result.changes != NOTHING_DUE:
                        _log.info("scheduled work done", program=program_id, **result.changes.to_data())
                    pause = pause if result.complete else 0.0
            except (Busy, Unavailable) as error:
                _log.warning("scheduled work postponed", why=str(error))
                pause *= 5
            await asyncio.sleep(pause)

    async def run_all_programs(
        self, *, only: str | None = None, time_limit: float | None = None
    ) -> dict[str, RunResult]:
        """Run what is due now in every program, or in the one with the id `only`; returns the results of programs with due work.

        `time_limit` is for each program, in seconds (None: no limit). Raises Busy and Unavailable.
        """
        due_times = await self._database.read_across_programs(_next_due_times)
        results = {}
        for program in await self._database.read_across_programs(programs.all_programs) if due_times else ():
            due_at = due_times.get(program.id)
            if due_at is not None and only in (None, program.id) and due_at <= self._application.now(program):
                results[program.id] = await self.run_program(program, time_limit=time_limit)
        return results

    async def run_program(
        self, program: Program, *, readers: NoticeReaders | None = None, time_limit: float | None = None
    ) -> RunResult:
        """Run what is due in one program by now, for at most `time_limit` seconds.

        In a sandbox, whose clock may have jumped, every due instant is processed as of that instant, so that notices
        are given when they fell due and not all at the end. Raises Busy and Unavailable.
        """
        deadline = None if time_limit is None else time.monotonic() + time_limit
        result = await self._run_program_once(program, readers=readers, deadline=deadline)
        if readers is not None and result.complete:
            # Another server may have processed the expiry of a notice's points before the notice was opened
            # here: run once more.
            second_run = await self._run_program_once(program, readers=None, deadline=deadline)
            result = RunResult(result.changes.plus(second_run.changes), second_run.complete)
        return result

    async def _run_program_once(
        self, program: Program, *, readers: NoticeReaders | None, deadline: float | None
    ) -> RunResult:
        step_through_due_times = program.kind is ProgramKind.SANDBOX
        now = self._application.now(program)
        changes, at = NOTHING_DUE, None
        while (at := await self._next_due(program, after=at)) is not None and at <= now:
            complete = await schedule_tier_reviews(
                self._database, program_id=program.id, until=at if step_through_due_times else now, deadline=deadline
            )
            if complete:
                account_changes, complete = await self._run_accounts(
                    program, at=at if step_through_due_times else None, deadline=deadline
                )
                changes = changes.plus(account_changes)
            if not complete:
                return RunResult(changes, complete=False)
            if readers is not None:
                readers = await self._record_notices_opened(program, readers=readers, until=at)
            if not step_through_due_times:
                break
        if readers is not None:
            await self._record_notices_opened(program, readers=readers, until=now)
        return RunResult(changes, complete=True)

    async def _next_due(self, program: Program, *, after: datetime | None) -> datetime | None:
        return await self._database.read(partial(_next_due_time, after=after), program_id=program.id)

    async def _run_accounts(
        self, program: Program, *, at: datetime | None, deadline: float | None
    ) -> tuple[DueChangesSummary, bool]:
        """Make the changes due at an instant (None: now) in every account; returns them, and False if the time limit was reached."""
        changes, processed = NOTHING_DUE, set[str]()
        while True:
            write_context = self._write_context(program, at=at)
            due = [
                account_id
                for account_id in await self._due_accounts(write_context, extra=len(processed))
                if account_id not in processed and not self._is_skipped(account_id)
            ]
            if not due:
                return changes, True
            for start in range(0, len(due), CONCURRENCY):
                if deadline is not None and time.monotonic() > deadline:
                    return changes, False
                batch = due[start : start + CONCURRENCY]
                changes = changes.plus(await self._run_batch(batch, write_context=self._write_context(program, at=at)))
            # Remember only those processed accounts in which something is still due, so that they are not processed
            # again and again.
            processed = {
                account_id
                for account_id in await self._due_accounts(write_context, extra=len(processed))
                if account_id in {*due, *processed}
            }

    async def _due_accounts(self, write_context: WriteContext, *, extra: int) -> list[str]:
        """The accounts (ids) with notices or changes due, notices first; `extra` are read beyond the size of a batch."""
        limit = BATCH_SIZE + extra + len(self._skipped_until)

        async def read(session: Session) -> list[str]:
            with_notices = await accounts.with_due_notices(session, at=write_context.now, limit=limit)
            with_changes = await accounts.with_due_changes(session, at=write_context.now, limit=limit)
            return list(dict.fromkeys((*with_notices, *with_changes)))

        return await self._database.read(read, program_id=write_context.program_id)

    async def _run_batch(self, account_ids: Sequence[str], *, write_context: WriteContext) -> DueChangesSummary:
        """Make the due changes of a few accounts concurrently; one that raises is skipped and does not stop the others."""
        settlements = (
            self._database.write(
                partial(run_due_changes, write_context=write_context, account_id=account_id),
                program_id=write_context.program_id,
                lock_key=account_id,
            )
            for account_id in account_ids
        )
        changes = NOTHING_DUE
        for account_id, outcome in zip(
            account_ids, await asyncio.gather(*settlements, return_exceptions=True), strict=True
        ):
            if isinstance(outcome, DueChangesSummary):
                changes = changes.plus(outcome)
            elif isinstance(outcome, Busy | Unavailable) or not isinstance(outcome, Exception):
                raise outcome
            else:
                self._skipped_until[account_id] = time.monotonic() + SKIP_SECONDS
                frames = [
                    f"{frame.filename}:{frame.lineno} {frame.name}"
                    for frame in traceback.extract_tb(outcome.__traceback__)
                ]
                _log.error(
                    "account skipped after error",
                    account=account_id,
                    error=type(outcome).__qualname__,
                    frames=frames[-8:],
                )
        return changes

    async def _record_notices_opened(
        self, program: Program, *, readers: NoticeReaders, until: datetime
    ) -> NoticeReaders:
        """Record that the notices given up to an instant were opened, each when it was given; returns `readers` for later notices."""
        until = min(until, readers.until)
        if until <= readers.since:
            return readers
        after = NIL_UUID
        while True:
            page = partial(expiry_notices.undelivered, since=readers.since, until=until, after=after, limit=BATCH_SIZE)
            notices = await self._database.read(page, program_id=program.id)
            for notice in notices:
                write_context = self._write_context(program, at=notice.given_at)
                work = partial(
                    deliver_notice, write_context=write_context, account_id=notice.account_id, notice_id=notice.id
                )
                await self._database.write(work, program_id=program.id, lock_key=notice.account_id)
            if len(notices) < BATCH_SIZE:
                return replace(readers, since=until)
            after = notices[-1].id

    def _is_skipped(self, account_id: str) -> bool:
        """Whether the account is still skipped after an error; if the time is over, it is no longer."""
        until = self._skipped_until.get(account_id)
        if until is not None and until <= time.monotonic():
            del self._skipped_until[account_id]
            return False
        return until is not None

    def _write_context(self, program: Program, *, at: datetime | None) -> WriteContext:
        return WriteContext(
            program_id=program.id, now=at or self._application.now(program), new_id=self._application.new_id
        )


async def _next_due_time(session: Session, *, after: datetime | None) -> datetime | None:
    """The earliest instant, `after` another one, at which something is due in a program.

    Terms without scheduled tier reviews count even if they started before `after`.
    """
    change_at = await accounts.next_due_time(session, after=after)
    terms_start = await tier_reviews.next_start(session)
    return earliest(change_at, latest(terms_start, after) if terms_start is not None else None)


async def _next_due_times(session: UnscopedSession) -> dict[str, datetime]:
    """The next due instant of every program (by id) that has one."""
    due_times = await accounts.next_due_times(session)
    for program_id, terms_start in (await tier_reviews.next_starts_by_program(session)).items():
        due_times[program_id] = min(terms_start, due_times.get(program_id, terms_start))
    return due_times
