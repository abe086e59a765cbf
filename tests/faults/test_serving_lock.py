"""One server for one SQLite file: the second one refuses to start, commands work beside it."""

from __future__ import annotations

import signal
import subprocess
import sys

from app.store.database.serving_lock import ServingLock
from tests.faults.process import ROOT, ServerProcess, enrolled
from tests.live_server import free_port
from tests.shop import create_program
from tests.time_limits import HANGS


def _serve_again(server: ServerProcess) -> subprocess.CompletedProcess[str]:
    """The end of a second server on the file of the first one."""
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "serve"],
        cwd=ROOT,
        env={**server.environment(), "PORT": str(free_port())},
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )


def test_second_server_on_a_sqlite_file_ends_with_one_sentence(sqlite_url: str) -> None:
    program = create_program(sqlite_url)
    server = ServerProcess(sqlite_url)
    server.start()
    try:
        assert server.process is not None
        second = _serve_again(server)
        assert second.returncode == 1
        (sentence,) = second.stderr.splitlines()
        assert "is served already" in sentence
        assert f"process {server.process.pid} " in sentence
        assert second.stdout == ""
        assert len(enrolled(server.address, program, 1)) == 1, "the first one goes on"
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(HANGS)
        server.start()
        assert len(enrolled(server.address, program, 1)) == 1, "nothing is left of a lock whose server was killed"
    finally:
        server.stop()


def test_lock_is_seen_by_others_and_free_again_when_released(sqlite_url: str) -> None:
    file = sqlite_url.removeprefix("sqlite:///")
    server, command = ServingLock(file), ServingLock(file)
    assert not command.is_held_by_another()
    server.take()
    assert command.is_held_by_another()
    assert not server.is_held_by_another()
    server.release()
    assert not command.is_held_by_another()
    command.take()
    assert server.is_held_by_another()
