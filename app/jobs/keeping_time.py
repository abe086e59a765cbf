"""What time alone brings, done when it is due: points that wait, reservations, notices of expiry, expiry, levels.

Each account is one short transaction under its own lock, which looks again whether anything is due: so it may run twice,
stop anywhere, and run on several machines at once. No till waits for more than the account it works on.
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
from app.jobs.starting_terms import tell_of_starts
from app.store import accounts, expiry_notices, programs, starts
from app.store.programs import Program, ProgramKind
from app.store.unit import Busy, Session, Unavailable
from app.usecases.call import Stamp
from app.usecases.deliver_notices import deliver_one
from app.usecases.desk import Desk
from app.usecases.settle import NOTHING, Settled, settle

LOOK_EVERY = 2.0
"""Seconds between two looks at what is due."""

TURN = 5.0
"""Seconds after which the next program has its turn."""

BATCH = 100
"""Accounts asked for at once."""

AT_ONCE = 2
"""Accounts worked on at once: few, so that tills find a connection."""

ASIDE = 300.0
"""Seconds for which an account that cannot be settled is left alone."""

_FIRST = "00000000-0000-0000-0000-000000000000"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """What was done for a program; `whole` says whether nothing is left that was due."""

    settled: Settled
    whole: bool


@dataclass(frozen=True, slots=True)
class Readers:
    """Customers who open each notice given after `since` and not after `until` at the moment when it is given."""

    since: datetime
    until: datetime


class TimeKeeper:
    """Keeps the time of every program of a database, each by its own clock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._database = desk.database
        self._aside: dict[str, float] = {}

    @property
    def aside(self) -> tuple[str, ...]:
        """Accounts (ids) that could not be settled and are left alone for a while; the log says why."""
        return tuple(self._aside)

    async def work(self) -> None:
        """Go on until cancelled; what is under way then is done or not, as a whole."""
        while True:
            pause = LOOK_EVERY
            try:
                for program_id, done in (await self.look(patience=TURN)).items():
                    if done.settled != NOTHING:
                        _log.info("time was kept", program=program_id, **done.settled.to_data())
                    pause = pause if done.whole else 0.0
            except (Busy, Unavailable) as error:
                _log.warning("time waits", why=str(error))
                pause *= 5
            await asyncio.sleep(pause)

    async def look(self, *, only: str | None = None, patience: float | None = None) -> dict[str, CaughtUp]:
        """Do what is due now in every program, or in the one with the id `only`; by program where there was anything.

        Each has so many seconds of `patience` (None: as long as it takes). Raises Busy and Unavailable.
        """
        moments = await self._database.read(_next_moments)
        done = {}
        for program in await self._database.read(programs.all_programs) if moments else ():
            moment = moments.get(program.id)
            if moment is not None and only in (None, program.id) and moment <= self._desk.now(program):
                done[program.id] = await self.catch_up(program, patience=patience)
        return done

    async def catch_up(
        self, program: Program, *, readers: Readers | None = None, patience: float | None = None
    ) -> CaughtUp:
        """Do what is due in one program by now; stop between two steps after so many seconds of `patience`.

        A sandbox, whose clock may have jumped, is taken from moment to moment, each dealt with as of that moment: notices
        are given when they fell due, not all at the end. Raises Busy and Unavailable.
        """
        ends = None if patience is None else time.monotonic() + patience
        done = await self._walk(program, readers=readers, ends=ends)
        if readers is not None and done.whole:
            # What was read last may let points expire that another server has passed by.
            more = await self._walk(program, readers=None, ends=ends)
            done = CaughtUp(done.settled.plus(more.settled), more.whole)
        return done

    async def _walk(self, program: Program, *, readers: Readers | None, ends: float | None) -> CaughtUp:
        by_moments = program.kind is ProgramKind.SANDBOX
        now = self._desk.now(program)
        settled, at = NOTHING, None
        while (at := await self._next(program, after=at)) is not None and at <= now:
            whole = await tell_of_starts(self._database, program_id=program.id, by=at if by_moments else now, ends=ends)
            if whole:
                part, whole = await self._all_due(program, at=at if by_moments else None, ends=ends)
                settled = settled.plus(part)
            if not whole:
                return CaughtUp(settled, whole=False)
            if readers is not None:
                readers = await self._read(program, readers=readers, until=at)
            if not by_moments:
                break
        if readers is not None:
            await self._read(program, readers=readers, until=now)
        return CaughtUp(settled, whole=True)

    async def _next(self, program: Program, *, after: datetime | None) -> datetime | None:
        return await self._database.read(partial(_next_moment, program_id=program.id, after=after))

    async def _all_due(self, program: Program, *, at: datetime | None, ends: float | None) -> tuple[Settled, bool]:
        """Settle every account in which something is due at a moment (None: now), and whether there was time for all."""
        settled, seen = NOTHING, set[str]()
        while True:
            stamp = self._stamp(program, at=at)
            fresh = [one for one in await self._due(stamp, beside=len(seen)) if one not in seen and self._open(one)]
            if not fresh:
                return settled, True
            for place in range(0, len(fresh), AT_ONCE):
                if ends is not None and time.monotonic() > ends:
                    return settled, False
                few = fresh[place : place + AT_ONCE]
                settled = settled.plus(await self._settle(few, stamp=self._stamp(program, at=at)))
            # Who is due still, though it was settled, is not tried for ever.
            seen = {one for one in await self._due(stamp, beside=len(seen)) if one in {*fresh, *seen}}

    async def _due(self, stamp: Stamp, *, beside: int) -> list[str]:
        """Accounts in which something is due, longest due first."""
        limit = BATCH + beside + len(self._aside)

        async def both(session: Session) -> list[str]:
            program = stamp.program_id
            warned = await accounts.to_be_warned(session, program_id=program, at=stamp.now, limit=limit)
            due = await accounts.due(session, program_id=program, at=stamp.now, limit=limit)
            return list(dict.fromkeys((*warned, *due)))

        return await self._database.read(both)

    async def _settle(self, few: Sequence[str], *, stamp: Stamp) -> Settled:
        """Settle a few accounts at once; one whose facts make no sense is left alone, and stops no other."""
        works = (
            self._database.write(partial(settle, stamp=stamp, account_id=one), program_id=stamp.program_id, turn=one)
            for one in few
        )
        settled = NOTHING
        for one, outcome in zip(few, await asyncio.gather(*works, return_exceptions=True), strict=True):
            if isinstance(outcome, Settled):
                settled = settled.plus(outcome)
            elif isinstance(outcome, Busy | Unavailable) or not isinstance(outcome, Exception):
                raise outcome
            else:
                self._aside[one] = time.monotonic() + ASIDE
                frames = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(outcome.__traceback__)]
                _log.error(
                    "an account is left alone", account=one, error=type(outcome).__qualname__, frames=frames[-8:]
                )
        return settled

    async def _read(self, program: Program, *, readers: Readers, until: datetime) -> Readers:
        """Let the notices that were given by a moment be opened, each when it was given; who goes on reading after that."""
        until = min(until, readers.until)
        if until <= readers.since:
            return readers
        after = _FIRST
        while True:
            page = partial(
                expiry_notices.unread,
                program_id=program.id,
                since=readers.since,
                until=until,
                after=after,
                limit=BATCH,
            )
            notices = await self._database.read(page)
            for one in notices:
                stamp = self._stamp(program, at=one.given_at)
                work = partial(deliver_one, stamp=stamp, account_id=one.account_id, notice_id=one.id)
                await self._database.write(work, program_id=program.id, turn=one.account_id)
            if len(notices) < BATCH:
                return replace(readers, since=until)
            after = notices[-1].id

    def _open(self, account_id: str) -> bool:
        """Whether an account is to be tried."""
        until = self._aside.get(account_id)
        if until is not None and until <= time.monotonic():
            del self._aside[account_id]
            return True
        return until is None

    def _stamp(self, program: Program, *, at: datetime | None) -> Stamp:
        return Stamp(program_id=program.id, now=at or self._desk.now(program), new_id=self._desk.new_id)


async def _next_moment(session: Session, *, program_id: str, after: datetime | None) -> datetime | None:
    """The earliest moment, `after` another one, at which something has to be done in a program.

    Terms whose start accounts were not told of yet are never passed by.
    """
    due = await accounts.next_moment(session, program_id=program_id, after=after)
    start = await starts.next_start(session, program_id=program_id)
    return earliest(due, latest(start, after) if start is not None else None)


async def _next_moments(session: Session) -> dict[str, datetime]:
    """The same for every program (by id) that has such a moment."""
    found = await accounts.next_moments(session)
    for id, start in (await starts.next_starts(session)).items():
        found[id] = min(start, found.get(id, start))
    return found
