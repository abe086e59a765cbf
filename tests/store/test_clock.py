"""The clock of a program in the tables: stored, locked while it is moved, and the server's own for a live program."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from app.domain.programs.program import Program, ProgramKind
from app.store.database.connect import open_database
from app.store.database.session import Database, Session
from app.store.programs import programs
from tests.store.rows import NOW, OTHER_PROGRAM, PROGRAM, a_wallet
from tests.time_limits import HANGS

SANDBOX = Program(PROGRAM, ProgramKind.SANDBOX, "Café", "EUR", "Europe/Berlin", "DE", "points", NOW, "cafe")
LIVE = replace(SANDBOX, id=OTHER_PROGRAM, kind=ProgramKind.LIVE, slug="cafe-2")
AHEAD = timedelta(days=40_000, seconds=3)


@pytest.fixture
async def two(database: Database) -> Database:
    """A sandbox and a live program."""

    for program in (SANDBOX, LIVE):
        await database.write(partial(programs.create, program=program), program_id=program.id, lock_key="two")
    return database


async def set_clock(database: Database, program_id: str, ahead: timedelta) -> None:
    """Set a clock in a transaction of its own."""
    work = partial(programs.set_clock, ahead=ahead)
    await database.write(work, program_id=program_id, lock_key="clock")


def test_program_time_is_server_time_plus_its_offset() -> None:
    assert SANDBOX.now(NOW) == NOW
    assert replace(SANDBOX, clock_ahead=AHEAD).now(NOW) == NOW + AHEAD


async def test_clock_of_a_program_is_stored_and_read_everywhere(two: Database) -> None:
    await set_clock(two, PROGRAM, AHEAD)
    moved = replace(SANDBOX, clock_ahead=AHEAD)
    assert await two.read(partial(programs.get), program_id=PROGRAM) == moved
    assert await two.write(partial(programs.lock), program_id=PROGRAM, lock_key="h") == moved
    assert sorted(await two.read_across_programs(programs.all_programs), key=lambda program: program.id) == [
        moved,
        LIVE,
    ]


@pytest.mark.parametrize(("program_id", "seconds"), [(OTHER_PROGRAM, 1), (OTHER_PROGRAM, -1), (PROGRAM, -1)])
async def test_database_rejects_a_live_offset_and_a_negative_one(two: Database, program_id: str, seconds: int) -> None:
    with pytest.raises(Exception, match="programs_clock_offset"):
        await set_clock(two, program_id, timedelta(seconds=seconds))
    assert all(not program.clock_ahead for program in await two.read_across_programs(programs.all_programs))


async def test_locked_clock_blocks_other_moves_but_no_till(postgres_url: str) -> None:
    database = open_database(postgres_url)
    await database.start()
    await database.write(partial(programs.create, program=SANDBOX), program_id=PROGRAM, lock_key="one")
    held, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold(session: Session) -> None:
        await programs.lock(session)
        await programs.set_clock(session, ahead=AHEAD)
        held.set()
        await may_go_on.wait()

    holding = asyncio.create_task(database.write(hold, program_id=PROGRAM, lock_key="hold"))
    await held.wait()
    wallet = database.write(lambda session: a_wallet(session, 1), program_id=PROGRAM, lock_key="till")
    await asyncio.wait_for(wallet, timeout=HANGS)
    read = database.write(partial(programs.lock), program_id=PROGRAM, lock_key="next")
    waiting = asyncio.create_task(read)
    await asyncio.sleep(0.2)
    assert not waiting.done()
    may_go_on.set()
    await holding
    assert (await waiting).clock_ahead == AHEAD
    await database.stop()


async def test_unknown_program_has_no_clock(database: Database) -> None:
    with pytest.raises(LookupError, match=PROGRAM):
        await database.write(partial(programs.lock), program_id=PROGRAM, lock_key="t")
