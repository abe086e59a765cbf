"""The guarantees of transactions that every use case relies on, on both databases."""

from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from app.store.database.session import Busy, Database, Session, StorageProblem, Unavailable
from tests.store.rows import PROGRAM, a_program, a_wallet, an_answer, an_id, count
from tests.time_limits import HANGS


async def _add_one(session: Session) -> int:
    """Read, think, write: a lost update shows."""
    row = await session.across_programs.row(
        "SELECT available FROM accounts WHERE program_id = $1 AND id = $2" + session.locking, PROGRAM, an_id(1)
    )
    assert row is not None
    available: int = row["available"] + 1
    await session.across_programs.enqueue(
        "UPDATE accounts SET available = $3 WHERE program_id = $1 AND id = $2", PROGRAM, an_id(1), available
    )
    return available


async def _shop(session: Session) -> None:
    await a_program(session)
    await a_wallet(session, 1)


async def _available(session: Session) -> int:
    row = await session.row("SELECT available FROM accounts WHERE program_id = $1 AND id = $2", PROGRAM, an_id(1))
    assert row is not None
    available: int = row["available"]
    return available


async def test_failed_transaction_writes_nothing_and_blocks_nobody(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    async def unlucky(session: Session) -> None:
        await _add_one(session)
        await an_answer(session, "unlucky")
        raise LookupError("of the work's own")

    works = [_add_one, unlucky, _add_one, unlucky, _add_one]
    ended = await asyncio.gather(
        *[database.write(work, program_id=PROGRAM, lock_key=str(number)) for number, work in enumerate(works)],
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in ended] == [int, LookupError, int, LookupError, int]
    assert await database.read_across_programs(_available) == 3
    assert await database.read_across_programs(partial(count, table="idempotency_keys")) == 0


async def test_failed_transaction_is_not_retried(database: Database) -> None:
    calls = 0

    async def wrong(session: Session) -> None:
        nonlocal calls
        calls += 1
        raise TypeError("a mistake in the program")

    with pytest.raises(TypeError, match="a mistake in the program"):
        await database.write(wrong, program_id=PROGRAM, lock_key="wrong")
    assert calls == 1


async def test_forty_writers_of_one_account_lose_no_update(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    seen = await asyncio.gather(
        *[database.write(_add_one, program_id=PROGRAM, lock_key=str(number)) for number in range(40)]
    )

    assert sorted(seen) == list(range(1, 41))
    assert await database.read_across_programs(_available) == 40


async def test_equal_lock_keys_run_one_after_the_other(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    async def once(session: Session) -> bool:
        found = await session.across_programs.row(
            "SELECT 1 FROM idempotency_keys WHERE program_id = $1 AND key = $2", PROGRAM, "same"
        )
        if found is not None:
            return False
        await an_answer(session, "same")
        return True

    first = await asyncio.gather(*[database.write(once, program_id=PROGRAM, lock_key="same") for _ in range(30)])

    assert sorted(first) == [False] * 29 + [True]
    assert await database.read_across_programs(partial(count, table="idempotency_keys")) == 1


async def test_enqueued_write_is_visible_to_the_next_read_and_the_commit(database: Database) -> None:
    async def work(session: Session) -> list[int]:
        await a_program(session)
        insert = "INSERT INTO wallets (program_id, id, created_at) SELECT id, $1, created_at FROM programs"
        await session.across_programs.enqueue(insert, an_id(1))
        await session.across_programs.enqueue(insert, an_id(2))
        seen = [await count(session, "wallets")]
        await session.across_programs.enqueue(insert, an_id(3))
        return seen

    assert await database.write(work, program_id=PROGRAM, lock_key="later") == [2]
    assert await database.read_across_programs(partial(count, table="wallets")) == 3


async def test_enqueued_row_can_be_changed_by_a_later_statement(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    async def work(session: Session) -> None:
        copy = (
            "INSERT INTO accounts (program_id, id, wallet_id, unit, available, pending, held, owed, lifetime, qualifying,"
            " entry_count, last_hash) SELECT program_id, $1, wallet_id, 'stars', 7, 0, 0, 0, 0, 0, 0, last_hash FROM accounts"
        )
        await session.across_programs.enqueue(copy, an_id(2))
        await session.across_programs.enqueue("UPDATE accounts SET available = available + 1 WHERE id = $1", an_id(2))

    await database.write(work, program_id=PROGRAM, lock_key="later")
    rows = await database.read_across_programs(
        lambda session: session.rows("SELECT available FROM accounts ORDER BY id")
    )
    assert [row["available"] for row in rows] == [0, 8]


async def test_error_in_an_enqueued_write_rolls_back_the_transaction(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    async def overdrawn(session: Session) -> None:
        await an_answer(session, "overdrawn")
        await session.across_programs.enqueue("UPDATE accounts SET available = $2 WHERE program_id = $1", PROGRAM, -1)

    with pytest.raises(Exception, match=r"(?i)check constraint"):
        await database.write(overdrawn, program_id=PROGRAM, lock_key="overdrawn")
    assert await database.read_across_programs(_available) == 0
    assert await database.read_across_programs(partial(count, table="idempotency_keys")) == 0


async def test_read_session_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read-?\s?only|readonly"):
        await database.read_across_programs(a_program)
    assert await database.problem() is None
    assert await database.read_across_programs(partial(count, table="programs")) == 0


async def test_reads_see_one_snapshot_and_do_not_wait_for_writes(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")
    reading, written = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    async def look_twice(session: Session) -> tuple[int, int]:
        first = await _available(session)
        loop.call_soon_threadsafe(reading.set)
        while not written.is_set():
            await asyncio.sleep(0.001)
        return first, await _available(session)

    looking = asyncio.create_task(database.read_across_programs(look_twice))
    await reading.wait()
    await database.write(_add_one, program_id=PROGRAM, lock_key="during")
    assert await database.read_across_programs(_available) == 1
    written.set()

    assert await looking == (0, 0)


async def _settled(database: Database) -> int:
    """The number once no write is under way: a write goes on when its caller gives up."""
    seen: list[int] = []
    while len(seen) < 10 or len(set(seen[-10:])) > 1:
        seen.append(await database.read_across_programs(_available))
        await asyncio.sleep(0.05)
    return seen[-1]


async def test_database_survives_thousands_of_random_cancellations(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")
    chance = random.Random(20260301)
    done = 0

    async def caller(number: int) -> None:
        nonlocal done
        await asyncio.sleep(chance.random() * 0.05)
        if number % 3:
            await database.write(_add_one, program_id=PROGRAM, lock_key=str(number))
            done += 1
        else:
            await database.read_across_programs(_available)

    for _ in range(10):
        callers = [asyncio.create_task(caller(number)) for number in range(300)]
        for task in callers:
            asyncio.get_running_loop().call_later(chance.random() * 0.08, task.cancel)
        await asyncio.gather(*callers, return_exceptions=True)

    async with asyncio.timeout(HANGS):
        before = await _settled(database)
        last = await database.write(_add_one, program_id=PROGRAM, lock_key="last")
        await asyncio.gather(*[database.read_across_programs(_available) for _ in range(40)])
        await asyncio.gather(
            *[database.write(_add_one, program_id=PROGRAM, lock_key=f"after-{number}") for number in range(40)]
        )
    assert done <= before < last
    assert await database.read_across_programs(_available) == last + 40


async def test_excess_callers_get_busy_and_the_rest_are_served(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")

    ended = await asyncio.gather(
        *[database.write(_add_one, program_id=PROGRAM, lock_key=str(number)) for number in range(1500)],
        return_exceptions=True,
    )

    rejected = [outcome for outcome in ended if isinstance(outcome, Busy)]
    served = [outcome for outcome in ended if isinstance(outcome, int)]
    assert len(rejected) + len(served) == 1500
    assert rejected
    assert all(0 < outcome.retry_after <= 10 for outcome in rejected)
    assert await database.read_across_programs(_available) == len(served)


async def test_stopped_database_finishes_running_work_and_rejects_new_work(database: Database) -> None:
    await database.write(_shop, program_id=PROGRAM, lock_key="shop")
    begun = [
        asyncio.create_task(database.write(_add_one, program_id=PROGRAM, lock_key=str(number))) for number in range(8)
    ]
    await asyncio.sleep(0)

    await database.stop()

    assert sorted(await asyncio.gather(*begun)) == list(range(1, 9))
    assert await database.problem() is StorageProblem.DATABASE_UNREACHABLE
    with pytest.raises(Unavailable):
        await database.write(_add_one, program_id=PROGRAM, lock_key="late")

    await database.start()
    assert await database.read_across_programs(_available) == 8
