"""What only PostgreSQL has: connections that die, locks that are held, and a commit whose outcome nobody knows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from app.store.database.postgres import PostgresDatabase, dsn_and_options
from app.store.database.postgres_session import combine_statements, lock_number
from app.store.database.session import Busy, Session, Unavailable, Work
from tests.store.rows import NOW, PROGRAM, a_program, a_wallet, an_answer, an_id, count

_TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
async def shop(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    """A started database with a program and one account."""
    database = PostgresDatabase(postgres_url)
    await database.start()
    await database.write(a_program, program_id=PROGRAM, lock_key="shop")
    await database.write(lambda session: a_wallet(session, 1), program_id=PROGRAM, lock_key="wallet")
    yield database
    await database.stop()


@pytest.fixture
async def other(postgres_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Somebody else's connection to the same database."""
    connection = await asyncpg.connect(postgres_url)
    yield connection
    await connection.close()


_TERMINATE_MESSAGE = b"X\x00\x00\x00\x04"


class Relay:
    """Carries bytes between clients and PostgreSQL; connections that fall silent stay open and get no answer."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: set[asyncio.StreamWriter] = set()
        self._silent: set[asyncio.StreamWriter] = set()
        self._asked: set[asyncio.StreamWriter] = set()
        self._ended: list[asyncio.Event] = []

    @property
    def asked_in_vain(self) -> int:
        """Silent connections on which something was sent, beside that the client closes them."""
        return len(self._asked)

    def silence(self) -> None:
        """Answer no more on the connections that are open now."""
        self._silent |= self._open

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A new connection, until either side closes it."""
        self._open.add(writer)
        self._ended.append(ended := asyncio.Event())
        parts = urlsplit(self._url)
        folder = parse_qs(parts.query).get("host")
        there, to = (
            await asyncio.open_unix_connection(f"{folder[0]}/.s.PGSQL.5432")
            if folder
            else await asyncio.open_connection(parts.hostname, parts.port or 5432)
        )
        await asyncio.gather(self._carry(reader, to, of=writer), self._carry(there, writer, of=writer))
        ended.set()

    async def close(self) -> None:
        """Close every connection."""
        for writer in self._open:
            writer.close()
        for ended in self._ended:
            await ended.wait()

    async def _carry(self, source: asyncio.StreamReader, to: asyncio.StreamWriter, *, of: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while sent := await source.read(65536):
                if of not in self._silent:
                    to.write(sent)
                elif sent != _TERMINATE_MESSAGE:
                    self._asked.add(of)
        to.close()


@asynccontextmanager
async def relayed(url: str) -> AsyncIterator[tuple[str, Relay]]:
    """The URL of a relay to a PostgreSQL server."""
    relay = Relay(url)
    server = await asyncio.start_server(relay.accept, "127.0.0.1", 0)
    parts = urlsplit(url)
    user = f"{parts.username or 'postgres'}:{parts.password or ''}"
    port = server.sockets[0].getsockname()[1]
    yield f"postgres://{user}@127.0.0.1:{port}{parts.path}?sslmode=disable", relay
    server.close()
    await relay.close()


def with_parameter(url: str, parameter: str) -> str:
    """The URL with one parameter more; the server may be at a socket, which is a parameter itself, or at a port."""
    return f"{url}{'&' if '?' in url else '?'}{parameter}"


async def _answers(session: Session) -> int:
    return await count(session, "idempotency_keys")


def _once(key: str) -> Work[bool]:
    """A work as the use cases are written: the replay is looked up first."""

    async def work(session: Session) -> bool:
        found = await session.across_programs.row(
            "SELECT 1 FROM idempotency_keys WHERE program_id = $1 AND key = $2 FOR UPDATE", PROGRAM, key
        )
        if found is None:
            await session.across_programs.row("SELECT 1 FROM accounts WHERE program_id = $1 FOR UPDATE", PROGRAM)
            await session.across_programs.enqueue(
                "UPDATE accounts SET available = available + 1 WHERE program_id = $1", PROGRAM
            )
            await session.across_programs.enqueue(
                "INSERT INTO idempotency_keys (program_id, key, mutation, fingerprint, answer, recorded_at)"
                " VALUES ($1, $2, 'earn', 'f', '{}', $3)",
                PROGRAM,
                key,
                NOW,
            )
        return found is None

    return work


async def _books(session: Session) -> tuple[int, int]:
    row = await session.row("SELECT available FROM accounts WHERE program_id = $1", PROGRAM)
    assert row is not None
    return row["available"], await _answers(session)


async def test_killed_connections_under_load_lose_and_double_nothing(
    shop: PostgresDatabase, other: asyncpg.Connection[asyncpg.Record]
) -> None:
    chance = random.Random(20260302)
    stop = asyncio.Event()

    async def killer() -> None:
        while not stop.is_set():
            await other.execute(_TERMINATE)
            await asyncio.sleep(0.05 + chance.random() * 0.2)

    async def till(number: int) -> list[object]:
        return [
            await shop.write(_once(f"{number}-{turn}"), program_id=PROGRAM, lock_key=f"{number}-{turn}")
            for turn in range(25)
        ]

    killing = asyncio.create_task(killer())
    answered = await asyncio.gather(*[till(number) for number in range(12)])
    stop.set()
    await killing

    assert sum(len(of_till) for of_till in answered) == 300
    assert await shop.read_across_programs(_books) == (300, 300)


async def test_dead_idle_connections_are_replaced_without_an_error(
    shop: PostgresDatabase, other: asyncpg.Connection[asyncpg.Record]
) -> None:
    for turn in range(5):
        await asyncio.gather(*[shop.read_across_programs(_answers) for _ in range(20)])
        await other.execute(_TERMINATE)
        assert await shop.write(_once(str(turn)), program_id=PROGRAM, lock_key=str(turn)) is True

    assert await shop.read_across_programs(_books) == (5, 5)


async def test_idle_connections_that_fell_silent_are_closed_with_the_first_that_fails(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.postgres.ANSWER_LIMIT", 0.5)
    async with relayed(postgres_url) as (url, relay):
        database = PostgresDatabase(url)
        await database.start()
        together = asyncio.Barrier(5)
        await asyncio.gather(*[database.read_across_programs(lambda _: together.wait()) for _ in range(5)])
        relay.silence()
        for _ in range(10):
            assert await database.read_across_programs(lambda session: count(session, "programs")) == 0
        assert relay.asked_in_vain == 1
        await database.stop()


async def test_commit_with_a_lost_response_is_found_by_the_retry(
    shop: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = 0
    execute = asyncpg.Connection.execute

    async def committed_but_cut(connection: asyncpg.Connection[asyncpg.Record], sql: str, *values: object) -> str:
        nonlocal lost
        said: str = await execute(connection, sql, *values)
        if sql == "COMMIT" and not lost:
            lost += 1
            connection.terminate()
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return said

    monkeypatch.setattr(asyncpg.Connection, "execute", committed_but_cut)

    assert await shop.write(_once("k"), program_id=PROGRAM, lock_key="k") is False
    assert lost == 1
    assert await shop.read_across_programs(_books) == (1, 1)


async def test_deadlocked_transaction_is_retried(shop: PostgresDatabase) -> None:
    await shop.write(lambda session: a_wallet(session, 2), program_id=PROGRAM, lock_key="second")
    both = asyncio.Barrier(2)
    calls = 0

    async def crossing(session: Session, first: str, second: str) -> None:
        nonlocal calls
        calls += 1
        add = "UPDATE accounts SET available = available + 1 WHERE program_id = $1 AND id = $2"
        await session.across_programs.execute(add, PROGRAM, first)
        if calls <= 2:
            await both.wait()
        await session.across_programs.execute(add, PROGRAM, second)

    await asyncio.gather(
        shop.write(lambda session: crossing(session, an_id(1), an_id(2)), program_id=PROGRAM, lock_key="a"),
        shop.write(lambda session: crossing(session, an_id(2), an_id(1)), program_id=PROGRAM, lock_key="b"),
    )

    rows = await shop.read_across_programs(lambda session: session.rows("SELECT available FROM accounts"))
    assert [row["available"] for row in rows] == [2, 2]
    assert calls >= 3, "at least one of the two was tried again"


async def test_lost_race_for_a_unique_value_is_retried(
    shop: PostgresDatabase, other: asyncpg.Connection[asyncpg.Record]
) -> None:
    calls = 0

    async def late(session: Session) -> str:
        nonlocal calls
        calls += 1
        if (
            await session.across_programs.row(
                "SELECT 1 FROM idempotency_keys WHERE program_id = $1 AND key = 'k'", PROGRAM
            )
            is not None
        ):
            return "found the winner's"
        await other.execute("INSERT INTO idempotency_keys VALUES ($1, 'k', 'earn', 'f', '{}', NULL, $2)", PROGRAM, NOW)
        await an_answer(session, "k")
        return "wrote"

    assert await shop.write(late, program_id=PROGRAM, lock_key="x") == "found the winner's"
    assert calls == 2


async def test_permanent_unique_conflict_is_an_error_that_names_no_value(shop: PostgresDatabase) -> None:
    await shop.write(lambda session: an_answer(session, "+49 170 1234567"), program_id=PROGRAM, lock_key="x")

    with pytest.raises(asyncpg.UniqueViolationError) as raised:
        await shop.write(lambda session: an_answer(session, "+49 170 1234567"), program_id=PROGRAM, lock_key="y")
    assert "1234567" not in str(raised.value)


async def test_caller_of_a_locked_row_gets_busy(
    shop: PostgresDatabase, other: asyncpg.Connection[asyncpg.Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.database.postgres.RETRY_LIMIT", 1.0)
    async with other.transaction():
        await other.execute("SELECT 1 FROM accounts FOR UPDATE")
        with pytest.raises(Busy):
            await shop.write(_once("k"), program_id=PROGRAM, lock_key="k")

    assert await shop.write(_once("k"), program_id=PROGRAM, lock_key="k") is True
    assert await shop.read_across_programs(_books) == (1, 1)


async def test_callers_beyond_the_pool_get_busy(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.database.postgres.PATIENCE", 0.2)
    small = PostgresDatabase(with_parameter(postgres_url, "pool_size=2"))
    await small.start()
    go_on = asyncio.Event()

    async def hold(session: Session) -> None:
        await go_on.wait()

    holding = [asyncio.create_task(small.read_across_programs(hold)) for _ in range(2)]
    await asyncio.sleep(0.1)
    with pytest.raises(Busy):
        await small.read_across_programs(_answers)
    go_on.set()
    await asyncio.gather(*holding)
    assert await small.read_across_programs(_answers) == 0
    await small.stop()


async def test_transaction_that_swallows_a_database_error_is_not_acknowledged(shop: PostgresDatabase) -> None:
    async def careless(session: Session) -> str:
        with suppress(asyncpg.DivisionByZeroError):
            await session.across_programs.execute("SELECT 1 / 0")
        return "all is well"

    with pytest.raises(Unavailable):
        await shop.write(careless, program_id=PROGRAM, lock_key="a")


async def test_waits_are_bounded_in_the_right_order(shop: PostgresDatabase) -> None:
    async def settings(session: Session) -> list[str]:
        names = ("lock_timeout", "statement_timeout", "synchronous_commit", "TimeZone")
        rows = [await session.across_programs.row(f"SHOW {name}") for name in names]
        return [row[0] for row in rows if row is not None]

    assert await shop.write(settings, program_id=PROGRAM, lock_key="x") == ["2s", "5s", "on", "UTC"]


async def test_postgres_works_without_prepared_statements(postgres_url: str) -> None:
    database = PostgresDatabase(with_parameter(postgres_url, "statement_cache_size=0"))
    await database.start()
    await database.write(a_program, program_id=PROGRAM, lock_key="shop")
    assert await database.read_across_programs(lambda session: count(session, "programs")) == 1
    await database.stop()


async def test_missing_server_is_reported_at_startup() -> None:
    with pytest.raises(Unavailable):
        await PostgresDatabase("postgres://postgres@127.0.0.1:1/nowhere").start()


def test_url_parameters_of_troth_are_not_sent_to_the_server() -> None:
    assert dsn_and_options("postgres://u@/db?host=/tmp/x&pool_size=3&statement_cache_size=0") == (
        "postgres://u@/db?host=/tmp/x",
        {"pool_size": 3, "statement_cache_size": 0},
    )


def test_batched_statements_are_sent_as_one_with_their_values() -> None:
    assert combine_statements((("INSERT INTO a VALUES ($1, $2)", 2), ("UPDATE b SET c = $2 WHERE d = $1", 2))) == (
        "WITH part_1 AS (INSERT INTO a VALUES ($1, $2)), part_2 AS (UPDATE b SET c = $4 WHERE d = $3) SELECT 1"
    )
    assert combine_statements((("DELETE FROM a", 0),)) == "DELETE FROM a"


def test_lock_number_is_a_signed_64_bit_number_of_its_program() -> None:
    numbers = {lock_number(PROGRAM, "k"), lock_number(PROGRAM, "l"), lock_number(an_id(9), "k")}

    assert len(numbers) == 3
    assert all(-(2**63) <= number < 2**63 for number in numbers)
