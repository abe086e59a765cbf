"""Long reads: on connections of their own, with nobody waiting for them, and cancelled with whoever asked for them."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable

import pytest

from app.store.database.long_reads import MAX_CONCURRENT, MAX_WAITING
from app.store.database.session import Busy, Database, Session, Unavailable, UnscopedStatementError
from tests.store.rows import PROGRAM, a_program, an_answer, count
from tests.time_limits import HANGS

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n WHERE $1 <> ''",
    "postgres": "SELECT pg_sleep(3600) WHERE $1::text <> ''",
}


async def _answers(session: Session) -> int:
    return await count(session, "idempotency_keys")


async def _endless(session: Session) -> None:
    await session.rows(ENDLESS[session.dialect])


async def _a_shop(database: Database) -> None:
    await database.write(a_program, program_id=PROGRAM, lock_key="shop")


async def _write(database: Database, key: str) -> None:
    await database.write(lambda session: an_answer(session, key), program_id=PROGRAM, lock_key=key)


def _reading(database: Database, work: Callable[[Session], Awaitable[object]] = _endless) -> asyncio.Task[object]:
    return asyncio.ensure_future(database.read_long(work, program_id=PROGRAM))


async def _under_way(database: Database) -> int:
    """Statements that run in PostgreSQL for more than this question, or threads of aiosqlite."""

    async def statements(session: Session) -> int:
        if session.dialect == "sqlite":
            return sum("_connection_worker_thread" in thread.name for thread in threading.enumerate())
        row = await session.across_programs.row(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        )
        assert row is not None
        return int(row[0])

    return await database.read(statements, program_id=PROGRAM)


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(HANGS):
        while not await holds():
            await asyncio.sleep(0.01)


async def _begun(database: Database, number: int) -> None:
    await _until(lambda: _equals(database, number))


async def _equals(database: Database, number: int) -> bool:
    return await _under_way(database) == number


async def test_long_read_sees_one_snapshot_while_tills_write(database: Database) -> None:
    await _a_shop(database)
    looked, written = asyncio.Event(), asyncio.Event()

    async def twice(session: Session) -> tuple[int, int]:
        before = await _answers(session)
        looked.set()
        await written.wait()
        return before, await _answers(session)

    reading = _reading(database, twice)
    await looked.wait()
    await _write(database, "1")
    written.set()
    assert await reading == (0, 0)
    assert await database.read_long(_answers, program_id=PROGRAM) == 1


async def test_tills_write_and_read_while_a_statement_of_a_long_read_runs(database: Database) -> None:
    await _a_shop(database)
    readings = [_reading(database) for _ in range(MAX_CONCURRENT)]
    await _begun(database, MAX_CONCURRENT)
    for number in range(20):
        await _write(database, str(number))
        assert await database.read(_answers, program_id=PROGRAM) == number + 1
    assert not any(reading.done() for reading in readings)
    for reading in readings:
        reading.cancel()
    await asyncio.gather(*readings, return_exceptions=True)


async def test_cancelled_long_read_stops_its_statement_and_closes_its_connection(database: Database) -> None:
    await _a_shop(database)
    reading = _reading(database)
    await _begun(database, 1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await _begun(database, 0)


async def test_long_read_ends_when_nobody_waits_for_it_any_more(database: Database) -> None:
    await _a_shop(database)
    gone = asyncio.Event()

    async def until() -> None:
        await gone.wait()

    reading = asyncio.ensure_future(database.read_long(_endless, program_id=PROGRAM, until=until))
    await _begun(database, 1)
    gone.set()
    with pytest.raises(Unavailable, match="Nobody waits"):
        await reading
    await _begun(database, 0)
    assert await database.read_long(_answers, program_id=PROGRAM, until=asyncio.Event().wait) == 0


async def test_stopping_the_database_cancels_long_reads(database: Database) -> None:
    await _a_shop(database)
    readings = [_reading(database) for _ in range(MAX_CONCURRENT + 3)]
    await _begun(database, MAX_CONCURRENT)
    async with asyncio.timeout(HANGS):
        await database.stop()
    ended = await asyncio.gather(*readings, return_exceptions=True)
    assert {type(outcome) for outcome in ended} == {Unavailable}
    with pytest.raises(Unavailable):
        await database.read_long(_answers, program_id=PROGRAM)
    await database.start()
    await _begun(database, 0)


async def test_long_read_above_the_time_limit_is_stopped(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await _a_shop(database)
    monkeypatch.setattr("app.store.database.long_reads.TIME_LIMIT", 0.5)
    with pytest.raises(Unavailable, match=r"longer than 0\.5 s"):
        await database.read_long(_endless, program_id=PROGRAM)
    await _begun(database, 0)


async def test_long_reads_beyond_those_that_may_wait_get_busy(database: Database) -> None:
    await _a_shop(database)
    readings = [_reading(database) for _ in range(MAX_CONCURRENT + MAX_WAITING)]
    await _begun(database, MAX_CONCURRENT)
    with pytest.raises(Busy):
        await database.read_long(_answers, program_id=PROGRAM)
    assert await _under_way(database) == MAX_CONCURRENT
    for reading in readings:
        reading.cancel()
    await asyncio.gather(*readings, return_exceptions=True)
    assert await database.read_long(_answers, program_id=PROGRAM) == 0


async def test_long_read_cannot_write_or_omit_the_program(database: Database) -> None:
    await _a_shop(database)
    with pytest.raises(Exception, match=r"(?i)read-?\s?only|readonly"):
        await database.read_long(lambda session: an_answer(session, "1"), program_id=PROGRAM)
    with pytest.raises(UnscopedStatementError):
        await database.read_long(lambda session: session.rows("SELECT id FROM programs"), program_id=PROGRAM)
    assert await database.read_long(_answers, program_id=PROGRAM) == 0


async def test_random_cancellations_of_long_reads_leave_no_connection_behind(database: Database) -> None:
    await _a_shop(database)
    chance = random.Random(20261130)
    loop = asyncio.get_running_loop()
    for _ in range(20):
        readings = [_reading(database, chance.choice([_endless, _answers])) for _ in range(6)]
        for reading in readings:
            loop.call_later(chance.random() * 0.05, reading.cancel)
        await asyncio.gather(*readings, return_exceptions=True)
    await _begun(database, 0)
    assert await database.read_long(_answers, program_id=PROGRAM) == 0
    await _write(database, "after")
