"""The troth command, run as a process of its own.

The processes are forked from one that has imported all commands already: importing them takes longer than most commands.
`tests/web` and `tests/faults` start the command as it is installed.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from app.cli import COMMANDS
from tests.time_limits import HANGS

ROOT = Path(__file__).parents[2]

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([*(command.source.partition(":")[0] for command in COMMANDS), "app.api.terms_files"])


def troth(*arguments: str, url: str, code: int = 0) -> str:
    """The output of the command."""
    with tempfile.TemporaryDirectory() as folder:
        process = _PROCESSES.Process(target=_run, args=(arguments, {**os.environ, "TROTH_DATABASE_URL": url}, folder))
        process.start()
        process.join(HANGS)
        if process.exitcode is None:
            process.kill()
            raise AssertionError(f"troth {' '.join(arguments)} does not end")
        output, errors = ((Path(folder) / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    assert process.exitcode == code, errors + output
    return output if code == 0 else errors + output


def _run(arguments: tuple[str, ...], environment: dict[str, str], folder: str) -> None:
    """Run the command in this process, with its output in two files."""
    for stream, name in ((sys.stdout, "stdout"), (sys.stderr, "stderr")):
        file = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT)
        os.dup2(file, stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["troth", *arguments]
    from app.cli import main

    main()
