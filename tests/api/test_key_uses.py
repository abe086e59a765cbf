"""The last use of a key is noted to the minute, and written beside the transactions of requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from app.domain.access import Role
from app.jobs import key_uses
from app.jobs.key_uses import KeyUses
from app.queries.programs.access_keys import access_keys_by_id
from app.store.database.connect import open_database
from app.store.database.session import Busy, Database
from app.usecases.application import Application
from tests.shop import Shop, create_program, new_id, open_shop
from tests.time_limits import eventually

NOON = datetime(2026, 3, 2, 12, 0, 31, tzinfo=UTC)
USED = "{ accessKeys { nodes { role lastUsedAt } } }"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """An open database."""
    database = open_database(url)
    await database.start()
    try:
        yield database
    finally:
        await database.stop()


class Clock:
    """A clock that a test sets."""

    now = NOON

    def __call__(self) -> datetime:
        """The time."""
        return self.now


async def test_uses_are_written_to_the_minute_and_never_set_back(database_url: str) -> None:
    program, clock = create_program_in_thread(database_url), Clock()
    (till,) = [new.key.id for new in program.keys if new.key.role is Role.TILL]
    async with opened(database_url) as database:
        application = Application(database=database, clock=clock, new_id=new_id)
        here, elsewhere = KeyUses(application), KeyUses(application)

        async def last_use() -> datetime | None:
            (key,) = await application.query(access_keys_by_id, program_id=program.program.id, ids=[till])
            assert key is not None
            return key.last_used_at

        note = {"program_id": program.program.id, "access_key_id": till}
        assert await last_use() is None
        elsewhere.note(**note)
        clock.now = NOON + timedelta(minutes=5)
        here.note(**note)
        await here.write()
        assert await last_use() == NOON.replace(second=0) + timedelta(minutes=5)
        await elsewhere.write()
        assert await last_use() == NOON.replace(second=0) + timedelta(minutes=5), "the later use stays"


async def test_uses_that_cannot_be_written_are_written_later(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = create_program_in_thread(sqlite_url)
    (till,) = [new.key.id for new in program.keys if new.key.role is Role.TILL]
    async with opened(sqlite_url) as database:
        application = Application(database=database, clock=Clock(), new_id=new_id)
        uses = KeyUses(application)
        uses.note(program_id=program.program.id, access_key_id=till)

        async def busy(*_: Any, **__: Any) -> None:
            raise Busy

        with monkeypatch.context() as patched:
            patched.setattr(database, "write", busy)
            with pytest.raises(Busy):
                await uses.write()
        await uses.write()
        find = partial(access_keys_by_id, ids=[till])
        (key,) = await database.read(find, program_id=program.program.id)
        assert key is not None
        assert key.last_used_at == NOON.replace(second=0)


def create_program_in_thread(url: str) -> Any:
    """A program, made from within an event loop."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(create_program, url).result()


def test_server_writes_uses_in_the_background(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_uses, "WRITE_INTERVAL", 0.05)
    with open_shop(database_url) as shop:
        shop.execute("{ viewer { role } }", role=Role.STAFF)

        def used() -> list[str]:
            keys = shop.execute(USED, role=Role.OWNER)["accessKeys"]["nodes"]
            return [key["role"] for key in keys if key["lastUsedAt"] is not None]

        eventually(lambda: used() == ["OWNER", "STAFF"] or None)


def test_server_that_stops_writes_what_it_has_noted(sqlite_url: str) -> None:
    program = create_program(sqlite_url)
    with open_shop(sqlite_url, program=program) as shop:
        shop.execute("{ viewer { role } }", role=Role.TILL)
    with open_shop(sqlite_url, program=program) as shop:
        assert used_roles(shop) == ["TILL"]


def used_roles(shop: Shop) -> list[str]:
    """The roles whose keys were used, as the owner sees them."""
    keys = shop.execute(USED, role=Role.OWNER)["accessKeys"]["nodes"]
    return [key["role"] for key in keys if key["lastUsedAt"] is not None]
