"""What the user of a command can put right ends it with one sentence and status 1, and never with a traceback."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.store.database.connect import open_database
from app.store.database.migrations import migrate
from app.store.database.session import UnscopedSession
from tests.cli.command import ROOT, troth
from tests.shop import create_program

SAMPLE = ROOT / "app" / "cli" / "sample" / "online-retail-10k.csv"
BEFORE_THE_SAMPLE = datetime(2010, 12, 1, tzinfo=UTC)
READING = (("verify",), ("terms", "show"), ("terms", "export"), ("import", "purchases", str(SAMPLE), "--dry-run"))
"""Commands that read the database only."""


def failure(*arguments: str, url: str) -> str:
    """The sentence with which a command fails; it prints nothing else."""
    lines = troth(*arguments, url=url, code=1).splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("troth: ")
    return lines[0].removeprefix("troth: ")


def migrated_by_a_newer_version(url: str) -> None:
    """Record a migration that this version does not have."""

    async def run() -> None:
        await migrate(url)
        database = open_database(url)
        await database.start()
        try:
            await database.write(
                lambda session: newer(session.across_programs),
                program_id="00000000-0000-7000-8000-000000000000",
                lock_key="newer",
            )
        finally:
            await database.stop()

    async def newer(session: UnscopedSession) -> None:
        await session.execute("INSERT INTO migrations VALUES (9999, 'later', 'now')")

    asyncio.run(run())


@pytest.mark.parametrize("command", ["init", "serve", "migrate", "verify", "keys create --role till"])
def test_newer_database_is_left_alone(command: str, empty_database_url: str) -> None:
    migrated_by_a_newer_version(empty_database_url)
    assert (
        failure(*command.split(), url=empty_database_url)
        == "The database was made by a newer version of Troth: run that version."
    )


@pytest.mark.parametrize("command", ["init", "serve", "migrate", "verify"])
def test_unreachable_database_is_named_without_its_password(command: str) -> None:
    sentence = failure(command, url="postgresql://clerk:geheim@127.0.0.1:1/books?password=geheim")
    assert sentence.startswith("The database postgresql://clerk@127.0.0.1:1/books cannot be used: PostgreSQL cannot be")
    assert "geheim" not in sentence


@pytest.mark.parametrize("command", ["init", "serve", "migrate"])
def test_file_in_a_missing_folder_cannot_be_opened(command: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/missing/troth.db"
    assert failure(command, url=url) == f"The database {url} cannot be used: unable to open database file"


@pytest.mark.parametrize("command", ["init", "serve", "migrate", "verify"])
def test_file_that_is_no_database_stays_as_it_is(command: str, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk. " * 100, encoding="utf-8")
    url = f"sqlite:///{file}"
    assert failure(command, url=url) == f"The database {url} cannot be used: file is not a database"
    assert file.read_text(encoding="utf-8") == "Buy milk. " * 100


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "mysql://clerk:geheim@host/books",
            "TROTH_DATABASE_URL: A database URL starts with sqlite:// or postgresql://.",
        ),
        ("troth.db", "TROTH_DATABASE_URL: A database URL starts with sqlite:// or postgresql://."),
        (
            "sqlite://troth.db",
            "TROTH_DATABASE_URL: A SQLite URL is sqlite:///file.db, or sqlite:////folder/file.db for an absolute path.",
        ),
        (
            "sqlite:///troth.db?synchronous",
            "TROTH_DATABASE_URL: A parameter of a SQLite URL is a pragma and its value, like synchronous=FULL.",
        ),
        (
            "postgresql://host/books?pool_size=many",
            "TROTH_DATABASE_URL: pool_size and statement_cache_size of a PostgreSQL URL are whole numbers.",
        ),
    ],
)
@pytest.mark.parametrize("command", ["init", "serve", "migrate", "verify"])
def test_wrong_database_url_says_what_is_expected(command: str, url: str, sentence: str) -> None:
    assert failure(command, url=url) == sentence


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "http", "PORT should be a valid integer"),
        ("PORT", "70000", "PORT should be less than or equal to 65535"),
        ("TROTH_JOBS", "perhaps", "TROTH_JOBS should be a valid boolean"),
        ("TROTH_LOG_LEVEL", "loud", "TROTH_LOG_LEVEL should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "demo", "init", "verify"])
def test_wrong_setting_is_named(
    command: str, variable: str, value: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert failure(command, url=f"sqlite:///{tmp_path}/troth.db") == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port on which something else listens, in the settings."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        yield port


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_taken_port_is_said_before_anything_is_made(command: str, taken_port: int, tmp_path: Path) -> None:
    assert failure(command, url=f"sqlite:///{tmp_path}/troth.db") == (
        f"Port {taken_port} of 127.0.0.1 is in use: stop what uses it, or set PORT to another one."
    )
    assert list(tmp_path.iterdir()) == []


def test_address_of_another_machine_cannot_be_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROTH_HOST", "192.0.2.1")
    url = f"sqlite:///{tmp_path}/troth.db"
    assert failure("serve", url=url) == "192.0.2.1 is no address of this machine: set TROTH_HOST."


def test_errors_of_an_import_are_opened_before_anything_is_recorded(database_url: str, tmp_path: Path) -> None:
    create_program(database_url)
    missing = tmp_path / "missing" / "rejected.csv"
    sentence = failure("import", "purchases", str(SAMPLE), "--errors", str(missing), url=database_url)
    assert sentence == f"{missing} cannot be written: No such file or directory"
    assert "0 accounts" in troth("verify", url=database_url)


@pytest.mark.parametrize("command", ["init", "keys create --role till", f"import purchases {SAMPLE}"])
def test_database_that_is_busy_for_too_long(command: str, sqlite_url: str) -> None:
    create_program(sqlite_url, effective_from=BEFORE_THE_SAMPLE)
    url = f"{sqlite_url}?busy_timeout=100"
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert failure(*command.split(), url=url) == (
            "The database is busy: another process wrote to it for too long. Run the command again; what it has"
            " recorded is not recorded twice."
        )
    finally:
        other.close()


@pytest.mark.parametrize("command", [*READING, ("keys", "create", "--role", "till"), ("jobs", "run")], ids=" ".join)
def test_only_init_and_servers_create_a_database(command: tuple[str, ...], tmp_path: Path) -> None:
    sentence = failure(*command, url=f"sqlite:///{tmp_path}/troth.db")
    assert sentence == "there is no database yet: troth init creates it, at TROTH_DATABASE_URL"
    assert list(tmp_path.iterdir()) == []


def test_database_of_an_older_version_is_not_migrated_by_reading(empty_database_url: str) -> None:
    asyncio.run(migrate(empty_database_url))
    asyncio.run(migrate(empty_database_url, to=0))
    for command in READING:
        sentence = failure(*command, url=empty_database_url)
        assert sentence == "the database was made by an older version of Troth: run troth migrate first"
    troth("migrate", url=empty_database_url)
    assert "no discrepancies" in troth("verify", url=empty_database_url)


def test_reading_leaves_no_file_behind(sqlite_url: str, tmp_path: Path) -> None:
    create_program(sqlite_url, effective_from=BEFORE_THE_SAMPLE)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for command in READING:
        troth(*command, url=sqlite_url)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
