"""A SQLite file that may not be written: its server serves reads, says why it is not ready, and recovers by itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.store.database.sqlite import RECOVERY_INTERVAL
from app.usecases.programs.create_program import NewProgram
from tests.faults.process import ServerProcess, enrolled, ledger_of, purchase, send, wait_until
from tests.faults.storage import is_recorded, obey_permissions, readiness
from tests.shop import BUY, open_shop
from tests.time_limits import HANGS
from tests.verification import discrepancies_in

ATTEMPTS = 10
"""The promise is 10 seconds: the server looks every second whether it can write again."""


@contextmanager
def unchangeable(file: Path) -> Iterator[None]:
    """The file and its log cannot be written within the block, not even by a process that has opened them."""
    files = [str(found) for found in file.parent.glob(f"{file.name}*")]
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", *files], check=False).returncode != 0:
        pytest.skip("NO FILE MAY BE MADE UNCHANGEABLE HERE (chattr +i): A FILE THAT BECOMES READ-ONLY WAS NOT TRIED")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *files], check=True)


@contextmanager
def read_only(file: Path, *, folder: bool) -> Iterator[None]:
    """The file and its log, and perhaps its folder, may not be written within the block."""
    for found in file.parent.glob(f"{file.name}*"):
        found.chmod(0o444)
    file.parent.chmod(0o555 if folder else 0o755)
    try:
        yield
    finally:
        file.parent.chmod(0o755)
        file.chmod(0o644)


def used_shop(file: Path, *, killed: bool) -> tuple[NewProgram, str]:
    """A program and the card of a customer with one purchase; the file is as a server leaves it that stops, or is killed."""
    with open_shop(f"sqlite:///{file}") as shop:
        (card,) = enrolled(shop.address, shop.program, 1)
        send(shop.address, shop.program, BUY, purchase(card, "before"))
        if killed:
            shutil.copytree(file.parent, file.parent / "killed")
    if killed:
        for left in (file.parent / "killed").iterdir():
            left.rename(file.parent / left.name)
        (file.parent / "killed").rmdir()
    return shop.program, card


@pytest.mark.parametrize("folder", [False, True], ids=["file", "folder"])
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_server_serves_reads_of_a_read_only_file_and_writes_as_soon_as_it_can(
    sqlite_url: str, tmp_path: Path, folder: bool, killed: bool
) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    program, card = used_shop(file, killed=killed)
    log = tmp_path.parent / f"{tmp_path.name}.log"
    with log.open("wb") as output:
        server = ServerProcess(sqlite_url, prepare=obey_permissions, output=output)
        try:
            with read_only(file, folder=folder):
                server.start(until="/healthz")
                status, body = readiness(server.address)
                assert (status, body.get("reason")) == (503, "STORAGE_READ_ONLY"), body
                assert "read-only" in body["detail"]
                for number in range(3):
                    assert len(ledger_of(server.address, program, card)) == 1
                    assert not is_recorded(server.address, program, purchase(card, f"meanwhile-{number}"))
            waited = wait_until(
                lambda: is_recorded(server.address, program, purchase(card, "afterwards")), within=HANGS
            )
            assert httpx.get(f"{server.address}/readyz", timeout=HANGS).status_code == 200
            assert len(ledger_of(server.address, program, card)) == 2
        finally:
            server.stop()
    assert "STORAGE_READ_ONLY" in log.read_text(encoding="utf-8")
    assert waited < ATTEMPTS * RECOVERY_INTERVAL
    assert discrepancies_in(sqlite_url) == []
    print(f"written again after {waited:.2f} s")


def test_file_that_becomes_read_only_under_a_server_costs_writes_alone(sqlite_url: str) -> None:
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    program, card = used_shop(file, killed=False)
    server = ServerProcess(sqlite_url)
    server.start()
    try:
        assert is_recorded(server.address, program, purchase(card, "earlier"))
        with unchangeable(file):
            assert not is_recorded(server.address, program, purchase(card, "meanwhile"))
            status, body = readiness(server.address)
            assert (status, body["reason"]) == (503, "STORAGE_READ_ONLY")
            assert len(ledger_of(server.address, program, card)) == 2
        waited = wait_until(lambda: is_recorded(server.address, program, purchase(card, "afterwards")), within=HANGS)
        assert httpx.get(f"{server.address}/readyz", timeout=HANGS).status_code == 200
        assert len(ledger_of(server.address, program, card)) == 3
    finally:
        server.stop()
    assert waited < ATTEMPTS * RECOVERY_INTERVAL
    assert discrepancies_in(sqlite_url) == []
