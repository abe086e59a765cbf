"""Runs scheduled work when it is due: activation of pending points, end of holds, expiry notices, expiry, tier changes.

Each account is settled in one short transaction under its own lock, which checks again whether anything is due. So
the work may run twice, stop anywhere, and run on several machines at once, and a till waits at most for the account
it uses.
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
from app.jobs.terms_activation import schedule_tier_reviews
from app.store.database.session import Busy, Session, Unavailable, UnscopedSession
from app.store.ledger import accounts, expiry_notices
from app.store.programs import programs
from app.store.terms import activation
from app.usecases.application import Application
from app.usecases.command import WriteContext
from app.usecases.ledger.deliver_expiry_notices import deliver_one
from app.usecases.ledger.settle_account import NOTHING_DUE, SettlementSummary, settle_account

POLL_INTERVAL = 2.0
"""Seconds between two runs."""

PROGRAM_TIME_LIMIT = 5.0
"""Time limit of a program in seconds, after which the next program follows."""

BATCH = 100
"""Accounts read at once."""

CONCURRENCY = 2
"""Accounts settled concurrently: few, so that connections are left for tills."""

SKIP_SECONDS = 300.0
"""Seconds for which an account that could not be settled is skipped."""

_FIRST = "00000000-0000-0000-0000-000000000000"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunResult:
    """The result of a run for a program; `complete`: nothing that was due is left."""

    settled: SettlementSummary
    complete: bool


@dataclass(frozen=True, slots=True)
class NoticeReaders:
    """Simulated customers who open each notice given after `since` and not after `until` as soon as it is given."""

    since: datetime
    until: datetime


class Scheduler:
    """Runs the due work of every program of a database, each by its own clock."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._database = application.database
        self._skipped_until: dict[str, float] = {}

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Accounts (ids) that could not be settled and are skipped for a while; the log says why."""
        return tuple(self._skipped_until)

    async def work(self) -> None:
        """Run until cancelled; the transactions under way then complete or are rolled back."""
        while True:
            pause = POLL_INTERVAL
            try:
                for program_id, done in (await self.run_due(time_limit=PROGRAM_TIME_LIMIT)).items():
                    if done.settled != NOTHING_DUE:
                        _log.info("scheduled work done", program=program_id, **done.settled.to_data())
                    pause = pause if done.complete else 0.0
            except (Busy, Unavailable) as error:
                _log.warning("scheduled work postponed", why=str(error))
                pause *= 5
            await asyncio.sleep(pause)

    async def run_due(self, *, only: str | None = None, time_limit: float | None = None) -> dict[str, RunResult]:
        """Run what is due now in every program, or in the one with the id `only`; returns the results of programs with due work.

        `time_limit` is for each program, in seconds (None: no limit). Raises Busy and Unavailable.
        """
        moments = await self._database.read_across_programs(_next_moments)
        done = {}
        for program in await self._database.read_across_programs(programs.all_programs) if moments else ():
            moment = moments.get(program.id)
            if moment is not None and only in (None, program.id) and moment <= self._application.now(program):
                done[program.id] = await self.run_program(program, time_limit=time_limit)
        return done

    async def run_program(
        self, program: Program, *, readers: NoticeReaders | None = None, time_limit: float | None = None
    ) -> RunResult:
        """Run what is due in one program by now, for at most `time_limit` seconds.

        In a sandbox, whose clock may have jumped, every due instant is processed as of that instant, so that notices
        are given when they fell due and not all at the end. Raises Busy and Unavailable.
        """
        ends = None if time_limit is None else time.monotonic() + time_limit
        done = await self._run(program, readers=readers, deadline=ends)
        if readers is not None and done.complete:
            # A notice read last may let points expire that another server has skipped.
            more = await self._run(program, readers=None, deadline=ends)
            done = RunResult(done.settled.plus(more.settled), more.complete)
        return done

    async def _run(self, program: Program, *, readers: NoticeReaders | None, deadline: float | None) -> RunResult:
        by_moments = program.kind is ProgramKind.SANDBOX
        now = self._application.now(program)
        settled, at = NOTHING_DUE, None
        while (at := await self._next_due(program, after=at)) is not None and at <= now:
            whole = await schedule_tier_reviews(
                self._database, program_id=program.id, by=at if by_moments else now, deadline=deadline
            )
            if whole:
                part, whole = await self._settle_due(program, at=at if by_moments else None, deadline=deadline)
                settled = settled.plus(part)
            if not whole:
                return RunResult(settled, complete=False)
            if readers is not None:
                readers = await self._open_notices(program, readers=readers, until=at)
            if not by_moments:
                break
        if readers is not None:
            await self._open_notices(program, readers=readers, until=now)
        return RunResult(settled, complete=True)

    async def _next_due(self, program: Program, *, after: datetime | None) -> datetime | None:
        return await self._database.read(partial(_next_moment, after=after), program_id=program.id)

    async def _settle_due(
        self, program: Program, *, at: datetime | None, deadline: float | None
    ) -> tuple[SettlementSummary, bool]:
        """Settle every account with changes due at an instant (None: now); False when the time limit was reached."""
        settled, seen = NOTHING_DUE, set[str]()
        while True:
            write_context = self._write_context(program, at=at)
            fresh = [
                account_id
                for account_id in await self._due_accounts(write_context, extra=len(seen))
                if account_id not in seen and self._may_settle(account_id)
            ]
            if not fresh:
                return settled, True
            for place in range(0, len(fresh), CONCURRENCY):
                if deadline is not None and time.monotonic() > deadline:
                    return settled, False
                few = fresh[place : place + CONCURRENCY]
                settled = settled.plus(await self._settle(few, write_context=self._write_context(program, at=at)))
                # An account that is still due after it was settled is not retried for ever.
            seen = {
                account_id
                for account_id in await self._due_accounts(write_context, extra=len(seen))
                if account_id in {*fresh, *seen}
            }

    async def _due_accounts(self, write_context: WriteContext, *, extra: int) -> list[str]:
        """Accounts with changes or notices due, longest due first."""
        limit = BATCH + extra + len(self._skipped_until)

        async def both(session: Session) -> list[str]:
            warned = await accounts.with_open_notices(session, at=write_context.now, limit=limit)
            due = await accounts.due(session, at=write_context.now, limit=limit)
            return list(dict.fromkeys((*warned, *due)))

        return await self._database.read(both, program_id=write_context.program_id)

    async def _settle(self, account_ids: Sequence[str], *, write_context: WriteContext) -> SettlementSummary:
        """Settle a few accounts concurrently; one that cannot be settled is skipped and does not stop the others."""
        works = (
            self._database.write(
                partial(settle_account, write_context=write_context, account_id=account_id),
                program_id=write_context.program_id,
                turn=account_id,
            )
            for account_id in account_ids
        )
        settled = NOTHING_DUE
        for account_id, outcome in zip(account_ids, await asyncio.gather(*works, return_exceptions=True), strict=True):
            if isinstance(outcome, SettlementSummary):
                settled = settled.plus(outcome)
            elif isinstance(outcome, Busy | Unavailable) or not isinstance(outcome, Exception):
                raise outcome
            else:
                self._skipped_until[account_id] = time.monotonic() + SKIP_SECONDS
                frames = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(outcome.__traceback__)]
                _log.error(
                    "an account could not be settled",
                    account=account_id,
                    error=type(outcome).__qualname__,
                    frames=frames[-8:],
                )
        return settled

    async def _open_notices(self, program: Program, *, readers: NoticeReaders, until: datetime) -> NoticeReaders:
        """Record that the notices given up to an instant were opened, each when it was given; returns the readers of later ones."""
        until = min(until, readers.until)
        if until <= readers.since:
            return readers
        after = _FIRST
        while True:
            page = partial(expiry_notices.unread, since=readers.since, until=until, after=after, limit=BATCH)
            notices = await self._database.read(page, program_id=program.id)
            for notice in notices:
                write_context = self._write_context(program, at=notice.given_at)
                work = partial(
                    deliver_one, write_context=write_context, account_id=notice.account_id, notice_id=notice.id
                )
                await self._database.write(work, program_id=program.id, turn=notice.account_id)
            if len(notices) < BATCH:
                return replace(readers, since=until)
            after = notices[-1].id

    def _may_settle(self, account_id: str) -> bool:
        """May the account be tried?"""
        until = self._skipped_until.get(account_id)
        if until is not None and until <= time.monotonic():
            del self._skipped_until[account_id]
            return True
        return until is None

    def _write_context(self, program: Program, *, at: datetime | None) -> WriteContext:
        return WriteContext(
            program_id=program.id, now=at or self._application.now(program), new_id=self._application.new_id
        )


async def _next_moment(session: Session, *, after: datetime | None) -> datetime | None:
    """The earliest instant, `after` another one, at which something is due in a program.

    Terms whose tier reviews are not scheduled yet are never skipped.
    """
    due = await accounts.next_moment(session, after=after)
    start = await activation.next_start(session)
    return earliest(due, latest(start, after) if start is not None else None)


async def _next_moments(session: UnscopedSession) -> dict[str, datetime]:
    """The next due instant of every program (by id) that has one."""
    moments = await accounts.next_moments(session)
    for id, start in (await activation.next_starts(session)).items():
        moments[id] = min(start, moments.get(id, start))
    return moments
