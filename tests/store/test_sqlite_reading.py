"""Reads of SQLite: beside the writer, on snapshots, and the checkpoint of the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database.session import Busy, Session, Unavailable
from app.store.database.sqlite import QUEUE_LIMIT, SqliteDatabase
from app.store.database.sqlite_checkpoints import CHECKPOINT_AFTER
from app.store.database.sqlite_readers import MAX_CONCURRENT_READS
from tests.store.rows import PROGRAM, a_program, an_answer, count
from tests.time_limits import HANGS


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[SqliteDatabase]:
    """A started database with a program."""
    database = SqliteDatabase(sqlite_url)
    await database.start()
    await database.write(a_program, program_id=PROGRAM, lock_key="shop")
    yield database
    await database.stop()


async def _answers(session: Session) -> int:
    return await count(session, "idempotency_keys")


async def test_long_read_sees_one_snapshot(shop: SqliteDatabase) -> None:
    written = asyncio.Event()

    async def twice(session: Session) -> tuple[int, int]:
        before = await _answers(session)
        await written.wait()
        return before, await _answers(session)

    reading = asyncio.ensure_future(shop.read_across_programs(twice))
    await asyncio.sleep(0)
    await shop.write(lambda session: an_answer(session, "1"), program_id=PROGRAM, lock_key="1")
    written.set()

    assert await reading == (0, 0)
    assert await shop.read_across_programs(_answers) == 1


async def test_reads_beyond_the_limit_get_busy(shop: SqliteDatabase) -> None:
    go_on = asyncio.Event()

    async def wait(session: Session) -> int:
        await go_on.wait()
        return await _answers(session)

    reads = [asyncio.ensure_future(shop.read_across_programs(wait)) for _ in range(MAX_CONCURRENT_READS)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await shop.read_across_programs(_answers)
    go_on.set()

    assert await asyncio.gather(*reads) == [0] * MAX_CONCURRENT_READS
    assert await shop.read_across_programs(_answers) == 0


async def test_cancelled_read_leaves_its_connection_usable(shop: SqliteDatabase) -> None:
    async def wait(session: Session) -> None:
        await _answers(session)
        await asyncio.Event().wait()

    reading = asyncio.ensure_future(shop.read_across_programs(wait))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await shop.write(lambda session: an_answer(session, "1"), program_id=PROGRAM, lock_key="1")

    assert await shop.read_across_programs(_answers) == 1


async def test_stop_waits_for_running_reads_and_rejects_new_ones(sqlite_url: str) -> None:
    database = SqliteDatabase(sqlite_url)
    await database.start()
    go_on = asyncio.Event()

    async def wait(session: Session) -> int:
        await go_on.wait()
        return await _answers(session)

    reading = asyncio.ensure_future(database.read_across_programs(wait))
    await asyncio.sleep(0)
    stopping = asyncio.ensure_future(database.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    go_on.set()
    await stopping

    assert await reading == 0
    with pytest.raises(Unavailable):
        await database.read_across_programs(_answers)


async def test_checkpoint_runs_beside_the_tills(shop: SqliteDatabase, sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    before = file.stat().st_size

    keys = [str(number) for number in range(4 * CHECKPOINT_AFTER)]
    writes = [
        shop.write(lambda session, key=key: an_answer(session, key), program_id=PROGRAM, lock_key=key)
        for key in keys[: QUEUE_LIMIT - 1]
    ]
    await asyncio.gather(*writes)

    deadline = time.monotonic() + HANGS
    while file.stat().st_size == before and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert file.stat().st_size > before
