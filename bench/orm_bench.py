"""What the ORM costs: the same row read and stored through a model and by SQL, in processor time: `python -m bench.orm_bench`."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import uuid_utils

from app.domain.programs.location import Location
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.models.programs import LocationRow
from app.store.database.session import Session
from app.store.programs import locations
from tests.store.rows import PROGRAM, a_program

TIMES, ROUNDS = 1_000, 5
AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "pier"

Step = Callable[[Session], Awaitable[object]]


def _location(key: str) -> Location:
    return Location(str(uuid_utils.uuid7()), time.monotonic_ns(), key, key, "Europe/London", None, AT)


def _new_location() -> Location:
    return _location(uuid_utils.uuid4().hex)


async def _read_by_sql(session: Session) -> object:
    return await locations.by_keys(session, keys=[KEY])


async def _read_by_model(session: Session) -> object:
    row = await session.orm(LocationRow).filter(key=KEY).first()
    assert row is not None
    return Location(row.id, row.number, row.key, row.name, row.zone, row.address, row.created_at)


async def _store_by_sql(session: Session) -> object:
    location = _new_location()
    return await session.execute(
        "INSERT INTO locations (program_id, id, number, key, name, zone, address, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(
            location.id,
            location.number,
            location.key,
            location.name,
            location.zone,
            location.address,
            location.created_at,
        ),
    )


async def _store_by_model(session: Session) -> None:
    await locations.create(session, location=_new_location())


def _repeated(step: Step, times: int) -> Callable[[Session], Awaitable[float]]:
    async def work(session: Session) -> float:
        began = time.thread_time()
        for _ in range(times):
            await step(session)
        return (time.thread_time() - began) / times * 1e6

    return work


async def _measure(url: str, *, times: int, rounds: int) -> None:
    await migrate(url)
    database = open_database(url)
    await database.start()

    async def micros(step: Step) -> float:
        return await database.write(_repeated(step, times), program_id=PROGRAM, lock_key="bench")

    async def create_shop(session: Session) -> None:
        await a_program(session)
        await locations.create(session, location=_location(KEY))

    await database.write(create_shop, program_id=PROGRAM, lock_key="shop")
    for name, by_sql, by_model in (
        ("read one row", _read_by_sql, _read_by_model),
        ("store one row", _store_by_sql, _store_by_model),
    ):
        pairs = [(await micros(by_sql), await micros(by_model)) for _ in range(rounds)]
        sql, model = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name}: by SQL {sql:.0f} µs, through the model {model:.0f} µs: {model / sql:.1f} times")
    await database.stop()


def main() -> None:
    """Measure in a new SQLite file, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trial", action="store_true", help="the smallest form, to see that it works")
    times, rounds = (10, 1) if parser.parse_args().trial else (TIMES, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="troth-orm-") as folder:
        asyncio.run(_measure(f"sqlite:///{folder}/orm.db", times=times, rounds=rounds))


if __name__ == "__main__":
    main()
