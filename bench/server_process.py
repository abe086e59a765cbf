"""Servers in processes of their own, on the loopback address."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

START_TIMEOUT = 60.0
"""Seconds in which a server must accept connections."""

TROTH_SERVE = ("-c", "from app.cli import main; main()", "serve")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@contextmanager
def serving(
    arguments: Sequence[str], *, port: int, database_url: str, settings: Mapping[str, str] | None = None
) -> Iterator[int]:
    """Run Python with these arguments as a server; yields its process id once it accepts connections.

    Raises RuntimeError when it ends or stays silent for `START_TIMEOUT` seconds.
    """
    environment = {
        **os.environ,
        "TROTH_DATABASE_URL": database_url,
        "PORT": str(port),
        # One key sends what comes from many tills in a shop; its costs are counted all the same.
        "TROTH_COST_LIMIT": "1000000000",
        "TROTH_COST_RESTORED": "1000000000",
        "TROTH_LOOKUPS_PER_MINUTE": "1000000000",
        **(settings or {}),
    }
    process = subprocess.Popen([sys.executable, *arguments], env=environment)
    try:
        _wait_for(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")
