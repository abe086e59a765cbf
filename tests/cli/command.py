"""The troth command, run as a process of its own.

The processes are forked from one that has imported all commands already: importing them takes longer than most commands.
`tests/web` and `tests/faults` start the command as it is installed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.forked_process import start_command
from tests.live_server import free_port
from tests.time_limits import HANGS

ROOT = Path(__file__).parents[2]


def troth(*arguments: str, url: str, code: int = 0) -> str:
    """The output of the command, on a port of its own where it is a server."""
    environment = {"PORT": str(free_port()), **os.environ, "TROTH_DATABASE_URL": url}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("stdout", "stderr")]
        process = start_command(
            arguments, environment=environment, folder=str(Path.cwd()), output=str(files[0]), errors=str(files[1])
        )
        try:
            ended_with = process.wait(HANGS)
        finally:
            process.kill()
        output, errors = (file.read_text(encoding="utf-8") for file in files)
    assert ended_with == code, errors + output
    return output if code == 0 else errors + output
