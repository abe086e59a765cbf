"""A full disk: the log is moved into the file to make room; then reads go on, the operator learns why, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.database.sqlite import RECOVERY_INTERVAL
from tests.faults.process import (
    ROOT,
    ServerProcess,
    Tills,
    assert_nothing_was_lost,
    enrolled,
    ledger_of,
    purchase,
    wait_until,
)
from tests.faults.storage import (
    Disk,
    LimitedFiles,
    SmallDisk,
    is_recorded,
    may_mount,
    may_mount_in_a_namespace,
    readiness,
)
from tests.shop import create_program
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

ATTEMPTS = 10
"""The promise is 10 seconds: the server looks every second whether it can write again."""

MEGABYTES = 16
LITTLE_ROOM = 400_000
MANY = 5_000
"""Purchases for which no disk of the tests has room."""


@pytest.fixture(params=["small disk", "limited files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk with little room, of either kind."""
    if request.param == "limited files":
        yield LimitedFiles(tmp_path / "disk")
        return
    if not may_mount():
        if may_mount_in_a_namespace():
            _repeat_in_a_namespace(request.node.nodeid)
            pytest.skip("tried as root of a namespace of its own")
        pytest.skip("NO DISK MAY BE MOUNTED HERE: A FULL ONE WAS NOT TRIED, ONLY FILES THAT MAY NOT GROW")
    small = SmallDisk(tmp_path / "disk", megabytes=MEGABYTES)
    yield small
    small.unmount()


def _repeat_in_a_namespace(test: str) -> None:
    """Run a test where this user may mount disks."""
    namespace = ("unshare", "--user", "--map-root-user", "--mount")
    pytest_command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test)
    done = subprocess.run([*namespace, *pytest_command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_full_disk_stops_writes_alone_until_there_is_room(disk: Disk, sqlite_template: Path, tmp_path: Path) -> None:
    file, log = disk.folder / "shop.db", tmp_path / "log"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    program = create_program(url)
    with log.open("wb") as output:
        server = ServerProcess(url, output=output, prepare=disk.prepare)
        server.start()
        try:
            assert server.process is not None
            (card,) = enrolled(server.address, program, 1)
            disk.fill(server.process.pid, leave=LITTLE_ROOM)
            recorded, before = 0, file.stat().st_size
            while is_recorded(server.address, program, purchase(card, f"receipt-{recorded}")):
                recorded += 1
                assert recorded < MANY
            grown = file.stat().st_size - before
            assert grown > 0, "the log was moved into the file"

            status, body = readiness(server.address)
            assert (status, body["reason"]) == (503, "STORAGE_FULL")
            assert len(ledger_of(server.address, program, card)) == recorded
            assert not is_recorded(server.address, program, purchase(card, "meanwhile"))

            disk.free(server.process.pid)
            waited = wait_until(
                lambda: is_recorded(server.address, program, purchase(card, "afterwards")), within=HANGS
            )
            assert readiness(server.address)[0] == 200
            assert len(ledger_of(server.address, program, card)) == recorded + 1
        finally:
            server.stop()
    assert "STORAGE_FULL" in log.read_text(encoding="utf-8")
    assert waited < ATTEMPTS * RECOVERY_INTERVAL
    assert discrepancies_in(url) == []
    print(
        f"{recorded} purchases on the last {LITTLE_ROOM} bytes; {grown} of them in the file; again after {waited:.2f} s"
    )


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_server_starts_on_a_full_disk_and_serves_reads(
    disk: Disk, killed: bool, sqlite_template: Path, tmp_path: Path
) -> None:
    file = disk.folder / "shop.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    program = create_program(url)
    server = ServerProcess(url, prepare=disk.prepare)
    server.start()
    try:
        (card,) = enrolled(server.address, program, 1)
        assert is_recorded(server.address, program, purchase(card, "before"))
        server.kill() if killed else server.stop()
        disk.fill(None, leave=0)
        server.start(until="/healthz")
        assert server.process is not None
        recorded = 1
        # A log that a kill left is moved into the file, which makes room for a while.
        while is_recorded(server.address, program, purchase(card, f"receipt-{recorded}")):
            disk.fill(server.process.pid, leave=0)
            recorded += 1
        assert killed or recorded == 1
        status, body = readiness(server.address)
        assert (status, body["reason"]) == (503, "STORAGE_FULL")
        assert len(ledger_of(server.address, program, card)) == recorded
        assert not is_recorded(server.address, program, purchase(card, "meanwhile"))
        disk.free(server.process.pid)
        waited = wait_until(lambda: is_recorded(server.address, program, purchase(card, "afterwards")), within=HANGS)
        assert len(ledger_of(server.address, program, card)) == recorded + 1
    finally:
        server.stop()
    assert waited < ATTEMPTS * RECOVERY_INTERVAL
    assert discrepancies_in(url) == []


def test_full_disk_under_load_loses_nothing_that_was_acknowledged(
    disk: Disk, sqlite_template: Path, tmp_path: Path
) -> None:
    file = disk.folder / "shop.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    program = create_program(url)
    server = ServerProcess(url, prepare=disk.prepare)
    server.start()
    tills = Tills(server.address, program, [])
    try:
        assert server.process is not None
        tills.cards.extend(enrolled(server.address, program, 4))
        tills.start()
        for _ in range(2):
            tills.write_more_than(len(tills.acknowledged) + 8)
            disk.fill(server.process.pid, leave=LITTLE_ROOM)
            wait_until(lambda: readiness(server.address)[1].get("reason") == "STORAGE_FULL", within=HANGS)
            disk.free(server.process.pid)
            wait_until(lambda: readiness(server.address)[0] == 200, within=HANGS)
        tills.write_more_than(len(tills.acknowledged) + 8)
        tills.stop()
        interrupted = len(tills.unanswered)
        tills.send_again()
        assert_nothing_was_lost(tills)
    finally:
        tills.stop()
        server.stop()
    assert discrepancies_in(url) == []
    print(f"{len(tills.acknowledged)} acknowledged, {interrupted} of them only when sent again")
