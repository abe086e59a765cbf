"""Properties of SQLite: one writer, grouped commits, files and a full disk."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.database.session import Busy, Session, Unavailable, Work
from app.store.database.sqlite import SqliteDatabase
from app.store.database.sqlite_files import file_and_pragmas
from app.store.database.sqlite_session import for_sqlite
from tests.store.rows import PROGRAM, a_program, an_answer, an_id, count


async def _answers(session: Session) -> int:
    return await count(session, "idempotency_keys")


def _keep(key: str) -> Work[None]:
    async def work(session: Session) -> None:
        await an_answer(session, key)

    return work


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[SqliteDatabase]:
    """A started database with a program."""
    database = SqliteDatabase(sqlite_url)
    await database.start()
    await database.write(a_program, program_id=PROGRAM, lock_key="shop")
    yield database
    await database.stop()


async def _pragmas(session: Session) -> dict[str, object]:
    names = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "query_only", "fullfsync")
    found = {}
    for name in names:
        row = await session.across_programs.row(f"PRAGMA {name}")
        assert row is not None
        found[name] = row[0]
    return found


async def test_writer_has_durable_commits_and_enforced_references(shop: SqliteDatabase) -> None:
    full = 2
    assert await shop.write(_pragmas, program_id=PROGRAM, lock_key="pragmas") == {
        "journal_mode": "wal",
        "synchronous": full,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "query_only": 0,
        "fullfsync": 1,
    }
    assert (await shop.read_across_programs(_pragmas))["query_only"] == 1


async def test_waiting_transactions_are_committed_together(shop: SqliteDatabase) -> None:
    commits: list[str] = []

    async def first(session: Session) -> None:
        session.across_programs._connection.set_trace_callback(
            lambda sql: commits.append(sql) if sql == "COMMIT" else None
        )
        time.sleep(0.05)  # the others queue meanwhile

    await asyncio.gather(
        shop.write(first, program_id=PROGRAM, lock_key="0"),
        *[shop.write(_keep(str(number)), program_id=PROGRAM, lock_key=str(number)) for number in range(60)],
    )

    assert await shop.read_across_programs(_answers) == 60
    assert len(commits) <= 2


async def test_full_disk_fails_only_transactions_that_do_not_fit(shop: SqliteDatabase) -> None:
    async def limit(session: Session) -> None:
        row = await session.across_programs.row("PRAGMA page_count")
        assert row is not None
        await session.across_programs.row(f"PRAGMA max_page_count = {row[0] + 20}")

    async def large(session: Session) -> None:
        await an_answer(session, "large")
        await session.across_programs.execute(
            "INSERT INTO rewards (program_id, id, key, name, description, created_at) VALUES ($1, $2, 'k', 'n', $3,"
            " '2026-01-01 00:00:00.000000+00:00')",
            PROGRAM,
            an_id(1),
            "x" * 10_000_000,
        )

    await shop.write(limit, program_id=PROGRAM, lock_key="limit")
    await shop.write(_keep("before"), program_id=PROGRAM, lock_key="before")

    ended = await asyncio.gather(
        *[shop.write(large, program_id=PROGRAM, lock_key=str(number)) for number in range(3)], return_exceptions=True
    )

    assert [type(outcome) for outcome in ended] == [Unavailable] * 3
    assert "full" in str(ended[0])
    assert await shop.read_across_programs(_answers) == 1
    await shop.write(_keep("after"), program_id=PROGRAM, lock_key="after")
    assert await shop.read_across_programs(_answers) == 2


async def test_lost_transaction_fails_only_its_group(shop: SqliteDatabase) -> None:
    async def all_is_lost(session: Session) -> None:
        session.across_programs._connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    ended = await asyncio.gather(
        shop.write(_keep("a"), program_id=PROGRAM, lock_key="a"),
        shop.write(all_is_lost, program_id=PROGRAM, lock_key="b"),
        shop.write(_keep("c"), program_id=PROGRAM, lock_key="c"),
        return_exceptions=True,
    )

    acknowledged = sum(outcome is None for outcome in ended)
    assert isinstance(ended[1], Unavailable)
    assert await shop.read_across_programs(_answers) == acknowledged
    await shop.write(_keep("after"), program_id=PROGRAM, lock_key="after")
    assert await shop.read_across_programs(_answers) == acknowledged + 1


async def test_transaction_that_swallows_its_loss_is_not_acknowledged(shop: SqliteDatabase) -> None:
    async def careless(session: Session) -> str:
        session.across_programs._connection.execute("ROLLBACK")
        return "all is well"

    with pytest.raises(Unavailable):
        await shop.write(careless, program_id=PROGRAM, lock_key="a")
    await shop.write(_keep("after"), program_id=PROGRAM, lock_key="after")


async def test_value_of_a_wrong_type_fails_its_transaction_alone(shop: SqliteDatabase) -> None:
    async def wrong(session: Session) -> None:
        await session.row("SELECT $1, $2", object())

    with pytest.raises(sqlite3.ProgrammingError):
        await shop.write(wrong, program_id=PROGRAM, lock_key="wrong")

    async def right(session: Session) -> int:
        row = await session.row("SELECT 7, $1")
        assert row is not None
        return int(row[0])

    assert await shop.write(right, program_id=PROGRAM, lock_key="right") == 7


async def test_transaction_waiting_for_something_else_does_not_block_the_writer(
    shop: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.sqlite_writer.WORK_LIMIT", 0.2)
    monkeypatch.setattr("app.store.database.sqlite_readers.WORK_LIMIT", 0.2)

    async def forgetful(session: Session) -> None:
        await an_answer(session, "forgetful")
        await asyncio.sleep(3600)

    with pytest.raises(Unavailable, match="too long"):
        await shop.write(forgetful, program_id=PROGRAM, lock_key="a")
    with pytest.raises(Unavailable, match="too long"):
        await shop.read_across_programs(lambda _: asyncio.sleep(3600))
    await shop.write(_keep("after"), program_id=PROGRAM, lock_key="after")
    assert await shop.read_across_programs(_answers) == 1


async def test_second_writer_process_waits_and_then_gets_busy(sqlite_url: str) -> None:
    database = SqliteDatabase(sqlite_url + "?busy_timeout=300")
    await database.start()
    other = sqlite3.connect(file_and_pragmas(sqlite_url)[0], isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asyncio.get_running_loop().call_later(0.1, other.execute, "COMMIT")
    await database.write(a_program, program_id=PROGRAM, lock_key="patient")

    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Busy):
        await database.write(_keep("x"), program_id=PROGRAM, lock_key="x")
    assert await database.read_across_programs(_answers) == 0
    other.execute("COMMIT")
    await database.write(_keep("x"), program_id=PROGRAM, lock_key="x")
    assert await database.read_across_programs(_answers) == 1
    other.close()
    await database.stop()


async def test_unopenable_file_is_reported_at_startup(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="unable to open"):
        await SqliteDatabase(f"sqlite:///{tmp_path}/no/such/folder/shop.db").start()


@pytest.mark.parametrize(
    "url", ["sqlite://shop.db", "sqlite:///", "sqlite:///shop.db?synchronous=FULL;drop", "sqlite:///a?x-y=1"]
)
def test_invalid_url_is_rejected(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite URL"):
        file_and_pragmas(url)


def test_relative_absolute_and_escaped_paths_are_understood() -> None:
    assert file_and_pragmas("sqlite:///shop.db")[0] == "shop.db"
    assert file_and_pragmas("sqlite:////var/lib/shop.db")[0] == "/var/lib/shop.db"
    assert file_and_pragmas("sqlite:////var/my%20shop.db?synchronous=OFF")[0] == "/var/my shop.db"
    assert file_and_pragmas("sqlite:///shop.db?synchronous=OFF")[1]["synchronous"] == "OFF"


def test_placeholders_and_lists_are_rewritten() -> None:
    assert (
        for_sqlite("SELECT $1, $12 WHERE id = ANY($2) OR $1")
        == "SELECT ?1, ?12 WHERE id IN (SELECT value FROM json_each(?2)) OR ?1"
    )
